"""A user's own patterns, as SMARTS: those a molecule must not have, must have, or may have only so often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.chem.smarts_query import read_smarts
from molgen.chem.smarts_set import count_patterns
from molgen.errors import ConfigError, InputError
from molgen.filters.base import Filter, register

__all__ = ["SmartsFilter", "SmartsRule"]

_COUNT = re.compile(r"(>=|<=|=)?(\d+)(?:(?:-|\.\.)(\d+))?").fullmatch


class SmartsRule(NamedTuple):
    """A pattern, and how many different matches of it a molecule may have.

    Attributes
    ----------
    name
        What reasons call it.
    smarts
        The pattern.
    at_least, at_most
        The allowed number; ``None`` for no upper limit.
    """

    name: str
    smarts: str
    at_least: int = 0
    at_most: int | None = 0

    def complain(self, count: int) -> str:
        """Say what is wrong with a number of matches."""
        if self.at_most == 0:
            return self.name
        if count == 0 and self.at_least == 1:
            return f"no {self.name}"
        most = "" if self.at_most is None else f" and at most {self.at_most}" if self.at_least else f"at most {self.at_most}"
        return f"{self.name} {count} times, {f'at least {self.at_least}' if self.at_least else ''}{most} allowed"


@register
@dataclass(frozen=True)
class SmartsFilter(Filter):
    """Rejects molecules that break a rule on SMARTS patterns; as an annotation, it names the rules that are broken.

    Parameters
    ----------
    rules
        The rules; see :meth:`from_file` and :meth:`from_patterns`.

    Raises
    ------
    ConfigError
        If there are none, a pattern is no SMARTS, or a range of counts is empty.
    """

    name = "smarts"
    source = "the user's patterns"

    rules: tuple[SmartsRule, ...]

    def __post_init__(self) -> None:
        try:
            rules = tuple(SmartsRule(*rule) for rule in self.rules)
        except TypeError:
            raise ConfigError("not rules", where="smarts", expected="[name, smarts, at_least, at_most], ...") from None
        if not rules:
            raise ConfigError("no pattern", where="smarts", expected="at least one")
        for rule in rules:
            if not isinstance(rule.name, str) or not isinstance(rule.smarts, str):
                raise ConfigError("not a pattern", where="smarts", expected="a name and a SMARTS", got=repr(rule[:2])[:80])
            _check_rule(rule, f"smarts {rule.name!r}")
        object.__setattr__(self, "rules", rules)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read rules from a text file: a line each of name, SMARTS and, if it is not ``reject``, the rule.

        Fields are separated by tabs, or by spaces where a line has no tab. The rule is ``reject`` (the usual one), ``require``,
        or an allowed number of matches: ``<=2``, ``>=1``, ``=1``, ``1-3``. Empty lines and lines that begin with ``#`` do not
        count.

        Raises
        ------
        InputError
            If the file cannot be read, with the line that is wrong.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the patterns cannot be read", where=str(path), got=type(error).__name__) from None
        rules = []
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                rules.append(_read_line(line, f"{path}, line {number}"))
        if not rules:
            raise InputError("no pattern", where=str(path), expected="a name and SMARTS on each line")
        return cls(tuple(rules))

    @classmethod
    def from_patterns(cls, reject: Sequence[str] = (), require: Sequence[str] = ()) -> Self:
        """Make rules from bare patterns, which are named after themselves."""
        rejected = [SmartsRule(smarts, smarts) for smarts in reject]
        return cls((*rejected, *(SmartsRule(smarts, smarts, 1, None) for smarts in require)))

    @property
    def cost(self) -> float:
        """By the number of patterns."""
        return 60.0 + 2.0 * len(self.rules)

    @property
    def patterns(self) -> int:
        """The rules."""
        return len(self.rules)

    @property
    def title(self) -> str:
        """Its name and its patterns'."""
        names = ", ".join(rule.name for rule in self.rules[:3])
        return f"smarts {names}" + (f" and {len(self.rules) - 3} more" if len(self.rules) > 3 else "")

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Name the rules that a molecule breaks."""
        return [", ".join(each) or None for each in self._broken(mols)]

    def annotate(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Name the rules that a molecule breaks."""
        return [None if mol is None else "; ".join(each) for mol, each in zip(mols, self._broken(mols), strict=True)]

    def _broken(self, mols: Sequence[Mol | None]) -> list[list[str]]:
        counts = self._counts(mols)
        least = np.array([rule.at_least for rule in self.rules])
        most = np.array([np.inf if rule.at_most is None else rule.at_most for rule in self.rules])
        broken: list[list[str]] = [[] for _ in mols]
        for row, at in np.argwhere((counts < least) | (counts > most)).tolist():
            if mols[row] is not None:
                broken[row].append(self.rules[at].complain(int(counts[row, at])))
        return broken

    def _counts(self, mols: Sequence[Mol | None]) -> NDArray[np.int64]:
        """Count matches, ``[len(mols), rules]``; no further than 1 where a rule asks only whether there is one."""
        counted = [(rule.at_least, rule.at_most) not in ((0, 0), (1, None)) for rule in self.rules]
        return count_patterns(mols, [rule.smarts for rule in self.rules], counted)


def _read_line(line: str, where: str) -> SmartsRule:
    fields = [field.strip() for field in line.split("\t") if field.strip()] if "\t" in line else line.split()
    if len(fields) not in (2, 3):
        raise InputError(
            "not a rule",
            where=where,
            expected="name, SMARTS and perhaps a rule, between tabs or spaces",
            got=f"{len(fields)} fields",
        )
    least, most = _read_count(fields[2] if len(fields) == 3 else "reject", where)
    rule = SmartsRule(fields[0], fields[1], least, most)
    _check_rule(rule, where)
    return rule


def _read_count(text: str, where: str) -> tuple[int, int | None]:
    if text in ("reject", "require"):
        return (0, 0) if text == "reject" else (1, None)
    match = _COUNT(text.replace(" ", ""))
    if not match or (match[1] and match[3]) or not (match[1] or match[3]):
        wanted = "reject, require, or a number of matches such as <=2, >=1, =1 or 1-3"
        raise InputError("not a rule", where=where, expected=wanted, got=text)
    number = int(match[2])
    if match[3]:
        return number, int(match[3])
    return {">=": (number, None), "<=": (0, number), "=": (number, number)}[match[1]]


def _check_rule(rule: SmartsRule, where: str) -> None:
    try:
        read_smarts(rule.smarts)
    except ValueError:
        raise ConfigError("not SMARTS", where=where, got=rule.smarts) from None
    if rule.at_least < 0 or (rule.at_most is not None and rule.at_most < rule.at_least):
        raise ConfigError("no number of matches is allowed", where=where, got=f"{rule.at_least} to {rule.at_most}")
    if rule.at_least == 0 and rule.at_most is None:
        raise ConfigError("any number of matches is allowed", where=where, remedy="leave the rule out")
