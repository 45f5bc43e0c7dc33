"""Classes from text: words that deny each other, or are several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from molgen.data.numbers import explain, read_number
from molgen.errors import InputError

__all__ = [
    "MAX_CLASSES",
    "MAX_FOUND",
    "Classes",
    "choose_pair",
    "find_pair",
    "is_verdict",
    "name_classes",
    "read_classes",
    "read_pair",
    "read_words",
]

#: More words than these are no classes that anybody would learn; more than 20 have to be asked for.
MAX_CLASSES, MAX_FOUND = 100, 20

#: Negative word -> positive word, in lower case. Pairs such as toxic and non-toxic, or BBB+ and BBB-, need no entry.
_PAIRS = {
    "inactive": "active",
    "no": "yes",
    "n": "y",
    "false": "true",
    "f": "t",
    "neg": "pos",
    "negative": "positive",
    "decoy": "active",
    "fail": "pass",
    "failed": "passed",
    "absent": "present",
    "low": "high",
    "off": "on",
}
_NEGATIONS = ("non-", "non ", "non_", "non", "not ", "not_", "not-", "in", "im", "un", "no ")
#: Words that withhold a verdict.
_NO_VERDICT = frozenset(
    "inconclusive equivocal ambiguous indeterminate undetermined uncertain unknown unspecified untested conflicting other".split()
)

#: The class of each row that has one, why others have none, and the names of the classes in order.
Classes = tuple[dict[int, float], dict[int, str], tuple[str, ...]]


def name_classes(filled: Mapping[int, str], where: str | None) -> tuple[str, ...]:
    """Return the classes of a column in the spelling of the file: numbers in their order, words in the alphabet's.

    Raises
    ------
    InputError
        If there are fewer than three or too many.
    """
    shown: dict[str, str] = {}
    for cell in filled.values():
        shown.setdefault(_key(cell), cell)
    if not 3 <= len(shown) <= MAX_CLASSES:
        got = f"{len(shown)}: {', '.join(list(shown.values())[:5])}"
        remedy = "use --kind binary" if len(shown) < 3 else "name another column, or fewer classes"
        raise InputError("no such number of classes", where=where, expected=f"3 to {MAX_CLASSES}", got=got, remedy=remedy)
    numbers = [read_number(cell) for cell in shown.values()]
    if None not in numbers:
        return tuple(f"{number:.15g}" for number in sorted(number for number in numbers if number is not None))
    return tuple(shown[key] for key in sorted(shown))


def read_words(filled: Mapping[int, str], classes: Sequence[str]) -> Classes:
    """Return the number of each row's class among those that are known."""
    codes = {_key(word): float(code) for code, word in enumerate(classes)}
    used = {row: codes[key] for row, cell in filled.items() if (key := _key(cell)) in codes}
    names = f"{', '.join(repr(word) for word in classes[:-1])} nor {classes[-1]!r}"
    problems = {row: f"{cell[:40]!r} is neither {names}" for row, cell in filled.items() if row not in used}
    return used, problems, tuple(classes)


def _key(cell: str) -> str:
    number = read_number(cell)
    return cell.casefold() if number is None else f"{number:.15g}"


def read_classes(
    filled: Mapping[int, str], numbers: Mapping[int, float], positive: str, where: str | None, *, matching: bool = False
) -> Classes:
    """Return the classes of a column of 0 and 1, or -1 and 1, of which ``positive`` counts as 1.

    Raises
    ------
    InputError
        If no cell is either; or ``positive`` is another (unless ``matching`` a model's, whose classes may have been words).
    """
    found = set(numbers.values())
    negative = -1.0 if -1.0 in found and 0.0 not in found else 0.0
    used = {row: float(number == 1.0) for row, number in numbers.items() if number in (negative, 1.0)}
    if not used:
        some = ", ".join(f"{number:g}" for number in sorted(found)[:5])
        raise InputError(
            "not two classes",
            where=where,
            expected="0 and 1",
            got=some,
            remedy="a regression, or --kind multiclass, learns such labels; or set a threshold first",
        )
    problems = {
        row: f"{cell!r} is no class: {negative:g} or 1 was expected" if row in numbers else explain(cell)
        for row, cell in filled.items()
        if row not in used
    }
    chosen = read_number(positive) if positive else 1.0
    if chosen not in (negative, 1.0) and not matching:
        raise InputError(f"no class {positive!r}", where=where, expected=f"{negative:g} or 1")
    if chosen == negative:
        return {row: 1.0 - value for row, value in used.items()}, problems, ("1", f"{negative:g}")
    return used, problems, (f"{negative:g}", "1")


def read_pair(filled: Mapping[int, str], pair: tuple[str, str]) -> Classes:
    """Return the classes of a column of two words, the negative one first."""
    codes = dict(zip(pair, (0.0, 1.0), strict=True))
    used = {row: codes[word] for row, cell in filled.items() if (word := cell.casefold()) in codes}
    negative, positive = (next((cell for cell in filled.values() if cell.casefold() == word), word) for word in pair)
    problems = {row: f"{cell!r} is neither {positive!r} nor {negative!r}" for row, cell in filled.items() if row not in used}
    return used, problems, (negative, positive)


def is_verdict(word: str) -> bool:
    """Tell whether a word could be a class, rather than say that none is known."""
    return word not in _NO_VERDICT


def choose_pair(words: Counter[str], positive: str, where: str | None) -> tuple[str, str]:
    """Return the negative and the positive word, of which the latter is known.

    Raises
    ------
    InputError
        If it is not among the words, or there is not one that is left for the other.
    """
    if positive.casefold() not in words:
        raise InputError(f"no class {positive!r}", where=where, expected=f"one of {', '.join(list(words)[:10])}")
    positive = positive.casefold()
    others = [word for word in words if word != positive]
    if len(others) != 1:
        pair = find_pair(words, "", where)
        others = [word for word in pair if word != positive] if pair and positive in pair else others
    if len(others) != 1:
        got = ", ".join(f"{word!r} ({n})" for word, n in words.most_common(4))
        raise InputError("not two classes", where=where, got=got, remedy="use --kind multiclass, or leave two")
    return others[0], positive


def find_pair(words: Counter[str], known: str, where: str | None) -> tuple[str, str] | None:
    """Return the negative and the positive word, if two of the words deny each other, or one is or denies a known one.

    Raises
    ------
    InputError
        If there is more than one such pair.
    """
    pairs = [(word, positive) for word in words for positive in _positives(word) if positive in words]
    if len(pairs) > 1:
        raise InputError(
            "more than one pair of classes",
            where=where,
            got=", ".join(f"{positive}/{negative}" for negative, positive in pairs[:4]),
            remedy="use one pair of words, or 1 and 0",
        )
    if not pairs and known:
        pairs = [(word, known) for word in words if known in _positives(word)]
        pairs += [(f"not {known}", known)] if known in words else []
    return pairs[0] if pairs else None


def _positives(word: str) -> set[str]:
    """Return the words that ``word`` could be the denial of."""
    found = {_PAIRS[word]} if word in _PAIRS else set()
    if word.endswith("-"):
        found.add(word[:-1] + "+")
    found.update(word.removeprefix(negation) for negation in _NEGATIONS if word.startswith(negation))
    return found - {word, ""}
