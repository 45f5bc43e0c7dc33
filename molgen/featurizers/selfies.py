"""Tokens of SELFIES as a featurizer."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

from rdkit import Chem

from molgen.chem.parse import Mol
from molgen.chem.tokens import UnknownTokenError, Vocabulary, selfies_vocabulary, split_selfies
from molgen.extras import import_extra
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import parameters
from molgen.featurizers.token_ids import TokenFeaturizer

__all__ = ["Selfies"]


@register
@parameters
class Selfies(TokenFeaturizer):
    """Numbers of the symbols of the SELFIES of the canonical SMILES; every sequence of them is a molecule.

    Needs the extra ``selfies``. The vocabulary is fixed: :data:`~molgen.chem.vocabularies.SELFIES_TOKENS`, with ``<pad>`` 0,
    ``<unk>`` 1, ``<bos>`` 2, ``<eos>`` 3 and ``<mask>`` 4; a rare symbol is spelt with several tokens, so that
    ``Selfies.vocabulary().decode(row)`` is the SELFIES again. A molecule that SELFIES cannot write (a dummy atom, more bonds than
    its rules allow an atom) fails.

    Parameters
    ----------
    chirality
        Write the configuration of atoms and double bonds, and isotopes.
    max_length, ends, truncate, output, errors, n_jobs
        See :class:`~molgen.featurizers.token_ids.TokenFeaturizer`.

    References
    ----------
    M. Krenn, F. Haese, A. Nigam, P. Friederich, A. Aspuru-Guzik, Self-Referencing Embedded Strings (SELFIES), Mach. Learn.: Sci.
    Technol. 1 (2020) 045024.
    """

    _kind: ClassVar[str] = "SELFIES"

    chirality: bool = field(default=True, kw_only=True)

    @staticmethod
    def vocabulary() -> Vocabulary:
        """Return the tokens by number."""
        return selfies_vocabulary()

    def _featurize(self, items: list[Any]) -> Features:
        import_extra("selfies", "selfies")  # missing for the whole batch, and not molecule by molecule
        return super()._featurize(items)

    def _split(self, mol: Mol) -> list[str]:
        import selfies

        try:
            return split_selfies(selfies.encoder(Chem.MolToSmiles(mol, isomericSmiles=bool(self.chirality))))
        except selfies.EncoderError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise UnknownTokenError("; ".join(lines[:2])[:200] or "cannot be written") from None
