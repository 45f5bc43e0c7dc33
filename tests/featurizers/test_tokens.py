"""Numbers of tokens."""

from __future__ import annotations

import hashlib
import re
import sys

import numpy as np
import pytest
from rdkit import Chem, rdBase

from molgen.chem.tokens import UnknownTokenError, Vocabulary, smiles_vocabulary, split_smiles
from molgen.chem.vocabularies import SELFIES_TOKENS, SMILES_TOKENS
from molgen.errors import ConfigError, InputError, MissingExtraError
from molgen.featurizers import Selfies, SmilesTokens
from molgen.packed import TokenBatch

# The expression as it was published.
SCHWALLER = r"(\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\(|\)|\.|=|#|-|\+|\\|\/|:|~|@|\?|>|\*|\$|\%[0-9]{2}|[0-9])"
RARE = ["[235U]F", "[NH3]->[Pt](<-[NH3])([Cl])[Cl]", "C[P@SP1](F)(F)F", "[13CH3:7]O", "[Og]", "*C", "[Fe+2]"]


@pytest.fixture(scope="module")
def canonical(nci_smiles) -> list[str]:
    with rdBase.BlockLogs():
        return [Chem.CanonSmiles(smiles) for smiles in nci_smiles if Chem.MolFromSmiles(smiles) is not None]


def test_tokens_are_those_of_the_published_expression(canonical):
    assert len(canonical) > 4000
    for smiles in canonical:
        # The arrow of a dative bond is one token here: the published expression knows it as two.
        expected = re.findall(SCHWALLER, smiles)
        assert split_smiles(smiles) == expected or "->" in smiles or "<-" in smiles
        assert "".join(split_smiles(smiles)) == smiles


def test_rows_read_back_as_their_smiles(canonical):
    values = SmilesTokens(300).transform(canonical)
    assert values.dtype == np.int32
    vocabulary = SmilesTokens.vocabulary()
    assert [vocabulary.decode(row) for row in values] == canonical
    lengths = [len(split_smiles(smiles)) for smiles in canonical]
    spelt = (values > 0).sum(axis=1) - 2 - lengths
    assert (spelt >= 0).all()
    assert (spelt == 0).mean() > 0.97
    assert (values[:, 0] == 2).all()


def test_rare_atoms_are_spelt():
    for smiles in RARE:
        expected = Chem.CanonSmiles(smiles)
        row = SmilesTokens().transform([smiles])[0]
        assert 1 not in row
        assert SmilesTokens.vocabulary().decode(row) == expected


def test_chirality_can_be_left_out():
    one, other = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"
    assert (SmilesTokens().transform([one]) != SmilesTokens().transform([other])).any()
    np.testing.assert_array_equal(*(SmilesTokens(chirality=False).transform([each]) for each in (one, other)))


def test_a_long_row_fails_or_is_cut():
    features = SmilesTokens(6).featurize(["CCCC", "CCCCC"])
    assert features.errors == {1: "too long: 7 tokens, the limit is 6"}
    assert not features.values[1].any()
    cut = SmilesTokens(6, truncate=True).featurize(["CCCC", "CCCCC"])
    assert not cut.errors
    assert cut.values[1].tolist() == [2, *[SMILES_TOKENS.index("C")] * 5]


def test_packed_rows_are_the_padded_ones_without_padding():
    rows = ["CCO", "bad", "c1ccccc1"]
    packed, padded = SmilesTokens(output="packed").featurize(rows), SmilesTokens(20).featurize(rows)
    assert isinstance(packed.values, TokenBatch)
    np.testing.assert_array_equal(packed.values.padded(20), padded.values)
    assert packed.errors == padded.errors
    assert packed.values[0].tolist() == [number for number in padded.values[0].tolist() if number]
    assert len(packed.values[1]) == 0
    np.testing.assert_array_equal(packed.values.select([2, 0]).padded(20), padded.values[[2, 0]])
    assert len(packed.values.select([])) == 0
    assert len(packed.values.select([True, False, True])) == 2
    with pytest.raises(InputError, match="at most 3"):
        packed.values.padded(3)


def test_the_vocabularies_are_frozen():
    # A model that was trained on these numbers is wrong with any others: append, never insert.
    for tokens, length, digest in (SMILES, SELFIES):
        assert len(set(tokens)) == len(tokens)
        assert hashlib.sha256("\n".join(tokens[:length]).encode()).hexdigest()[:16] == digest
        assert tokens[:5] == ("<pad>", "<unk>", "<bos>", "<eos>", "<mask>")


def test_what_no_token_stands_for_is_refused():
    with pytest.raises(UnknownTokenError, match="no token for '!'"):
        split_smiles("CC!")
    with pytest.raises(UnknownTokenError, match=r"no token for '\[Xx\]'"):
        smiles_vocabulary().encode(["C", "[Xx]"])
    assert len(Vocabulary(["a", "bc"])) == 2


def test_bad_arguments_are_refused_when_used():
    for featurizer, words in (
        (SmilesTokens(1), "an integer from 2 to "),
        (SmilesTokens(output="longest"), "one of padded, packed"),
    ):
        with pytest.raises(ConfigError, match=words):
            featurizer.featurize(["C"])


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "selfies", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'molgen-toolkit\[selfies\]'"):
        Selfies().featurize(["C"])


def test_selfies_are_those_of_the_package(canonical):
    selfies = pytest.importorskip("selfies")
    some = canonical[::4]
    features = Selfies(300).featurize(some)
    vocabulary = Selfies.vocabulary()
    assert len(features.errors) < 0.02 * len(some)
    for row, smiles in enumerate(some):
        if row in features.errors:
            assert features.errors[row].startswith("no SELFIES: ")
            with pytest.raises(selfies.EncoderError):
                selfies.encoder(smiles)
        else:
            assert vocabulary.decode(features.values[row]) == selfies.encoder(smiles)


SMILES = (SMILES_TOKENS, 294, "a702fbfe4e97eaa5")
SELFIES = (SELFIES_TOKENS, 340, "5519f2a91e75249f")
