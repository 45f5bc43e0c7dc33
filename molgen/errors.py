"""The exceptions a user can meet; each says what was wrong, where, what was expected and what was got."""

from __future__ import annotations

__all__ = ["BundleError", "ConfigError", "InputError", "MissingExtraError", "MolgenError"]


class MolgenError(Exception):
    """Base of every error that molgen raises on purpose; the command line prints it as one line."""


class InputError(MolgenError):
    """Something in the user's input cannot be used.

    Parameters
    ----------
    what
        The problem in a few words, without a full stop.
    where
        File, line, column or argument that it was found in.
    expected, got
        What would have been right, and what was there.
    remedy
        What the user can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f"; got {self.got}"
        if self.remedy:
            text += f"; {self.remedy}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes send errors home by pickle, which calls the class with ``args`` alone by default.
        return _rebuild, (type(self), self.what, self.where, self.expected, self.got, self.remedy)


class ConfigError(InputError):
    """A setting is unknown, of the wrong type or out of range."""


class BundleError(InputError):
    """A bundle file is damaged, of an unknown format or not safe to use."""


class MissingExtraError(MolgenError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package
        The import that failed.
    extra
        The extra of ``molgen-toolkit`` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(package, extra)

    def __str__(self) -> str:
        return f"{self.package} is not installed; run: pip install 'molgen-toolkit[{self.extra}]'"


def _rebuild(
    kind: type[InputError],
    what: str,
    where: str | None,
    expected: str | None,
    got: str | None,
    remedy: str | None,
) -> InputError:
    return kind(what, where=where, expected=expected, got=got, remedy=remedy)
