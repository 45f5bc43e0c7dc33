"""SMILES and SELFIES cut into tokens, and tokens numbered."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from molgen.chem.vocabularies import SELFIES_TOKENS, SMILES_TOKENS

__all__ = ["UnknownTokenError", "Vocabulary", "selfies_vocabulary", "smiles_vocabulary", "split_selfies", "split_smiles"]

#: Source: P. Schwaller et al., Molecular Transformer, ACS Cent. Sci. 5 (2019) 1572-1583; with the arrows of dative bonds.
_SMILES = re.compile(r"(\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\(|\)|\.|=|#|->|<-|-|\+|\\|\/|:|~|@|\?|>|\*|\$|\%[0-9]{2}|[0-9])")
_SELFIES = re.compile(r"\[[^\]]*\]|\.")


class UnknownTokenError(ValueError):
    """A text has something that no token stands for."""


def split_smiles(smiles: str) -> list[str]:
    """Cut SMILES into tokens: an atom, a bond, a bracket or a ring closure each.

    Raises
    ------
    UnknownTokenError
        If something is left over.
    """
    return _split(_SMILES, smiles)


def split_selfies(selfies: str) -> list[str]:
    """Cut SELFIES into symbols.

    Raises
    ------
    UnknownTokenError
        If something is left over.
    """
    return _split(_SELFIES, selfies)


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    tokens = pattern.findall(text)
    if sum(map(len, tokens)) != len(text):
        left = pattern.sub(" ", text).split()
        raise UnknownTokenError(f"no token for {left[0][:20]!r}")
    return tokens


class Vocabulary:
    """Tokens by number. A token that is not among them is spelt with several that are: ``[Fe+2]`` is ``[``, ``Fe``, ``+`` ...

    So no text is unknown as long as its characters are not, and the tokens of a row, joined, are its text again.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tuple(tokens)
        self._numbers: dict[str, tuple[int, ...]] = {token: (number,) for number, token in enumerate(self.tokens)}
        pieces = sorted((token for token in tokens if len(token) < 3 or token.isalpha()), key=len, reverse=True)
        pieces += sorted(token for token in tokens if token.startswith("@") and len(token) == 3)
        self._pieces = re.compile("|".join(map(re.escape, sorted(pieces, key=len, reverse=True))))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the numbers of tokens.

        Raises
        ------
        UnknownTokenError
            If a token cannot even be spelt.
        """
        numbers: list[int] = []
        for token in tokens:
            numbers += self._numbers.get(token) or self._spell(token)
        return numbers

    def decode(self, numbers: Iterable[int], skip: int = 5) -> str:
        """Return the text of numbers; those below ``skip`` are special tokens, and left out."""
        return "".join(self.tokens[number] for number in numbers if number >= skip)

    def _spell(self, token: str) -> tuple[int, ...]:
        try:
            return tuple(self._numbers[piece][0] for piece in _split(self._pieces, token))
        except UnknownTokenError:
            raise UnknownTokenError(f"no token for {token[:20]!r}") from None


@functools.cache
def smiles_vocabulary() -> Vocabulary:
    """Return the vocabulary of SMILES."""
    return Vocabulary(SMILES_TOKENS)


@functools.cache
def selfies_vocabulary() -> Vocabulary:
    """Return the vocabulary of SELFIES."""
    return Vocabulary(SELFIES_TOKENS)
