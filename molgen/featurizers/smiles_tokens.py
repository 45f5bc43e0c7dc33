"""Tokens of SMILES as a featurizer."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from rdkit import Chem

from molgen.chem.parse import Mol
from molgen.chem.tokens import Vocabulary, smiles_vocabulary, split_smiles
from molgen.featurizers.base import register
from molgen.featurizers.parameters import parameters
from molgen.featurizers.token_ids import TokenFeaturizer

__all__ = ["SmilesTokens"]


@register
@parameters
class SmilesTokens(TokenFeaturizer):
    """Numbers of the tokens of the canonical SMILES, for language models.

    An atom (one in brackets as a whole), a bond, a parenthesis or a ring closure is a token. The vocabulary is fixed:
    :data:`~molgen.chem.vocabularies.SMILES_TOKENS`, with ``<pad>`` 0, ``<unk>`` 1, ``<bos>`` 2, ``<eos>`` 3 and ``<mask>`` 4; a
    rare atom in brackets is spelt with several tokens, so that ``SmilesTokens.vocabulary().decode(row)`` is the SMILES again.

    Parameters
    ----------
    chirality
        Write the configuration of atoms and double bonds, and isotopes.
    max_length, ends, truncate, output, errors, n_jobs
        See :class:`~molgen.featurizers.token_ids.TokenFeaturizer`.

    References
    ----------
    P. Schwaller et al., Molecular Transformer: A Model for Uncertainty-Calibrated Chemical Reaction Prediction, ACS Cent. Sci. 5
    (2019) 1572-1583.
    """

    _kind: ClassVar[str] = "SMILES tokens"

    chirality: bool = field(default=True, kw_only=True)

    @staticmethod
    def vocabulary() -> Vocabulary:
        """Return the tokens by number."""
        return smiles_vocabulary()

    def _split(self, mol: Mol) -> list[str]:
        return split_smiles(Chem.MolToSmiles(mol, isomericSmiles=bool(self.chirality)))
