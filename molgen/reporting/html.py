"""Markup that escapes every plain string, and the page around it.

Whatever comes from a file (ids, column names, reasons) is a plain string, so none of it can become markup. A page holds all it
needs and asks for nothing: no script, no font, no file beside it, and a policy that would refuse them.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from molgen.files import replacing, write_failed
from molgen.reporting.style import STYLE

__all__ = ["Html", "anchor", "folded", "section", "tag", "whole_text", "write_page"]

#: Plain strings are cut to this many characters.
_MAX_TEXT = 300

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">"""


class Html(str):
    """Markup; any other text is escaped, and cut if it is too long, before it joins some."""


def tag(name: str, *inside: object, **attributes: object) -> Html:
    """Return an element; ``None`` inside it or as an attribute is left out, and anything but :class:`Html` is escaped."""
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items() if value is not None
    )
    return Html(f"<{name}{written}>{''.join(_text(part) for part in inside if part is not None)}</{name}>")


def _text(value: object) -> str:
    if isinstance(value, Html):
        return value
    text = str(value)
    return escape(text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}\u2026")


def whole_text(text: str) -> Html:
    """Escape a text without cutting it: for what is there to be copied."""
    return Html(escape(text))


def section(title: str, explained: str | None, *inside: Html | None) -> Html:
    """Return a section with its heading and, where there is one, a line that explains it; nothing if nothing is inside."""
    there = [each for each in inside if each is not None]
    if not there:
        return Html("")
    lead = tag("p", explained, class_="lead") if explained else None
    return tag("section", tag("h2", title), lead, *there, id=anchor(title))


def folded(title: object, *inside: Html | None, opened: bool = False, id_: str | None = None) -> Html:
    """Return a part that a click, or the space bar, opens and closes."""
    return tag("details", tag("summary", title), *inside, open="" if opened else None, id=id_)


def anchor(text: str) -> str:
    """Return a name that a link within the page can point at."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text.casefold())[:60]


def write_page(path: Path, title: str, header: Html, sections: list[Html]) -> None:
    """Write a page; it appears whole or not at all.

    Parameters
    ----------
    path
        HTML file to write.
    title
        Its name and first heading.
    header
        What stands above the sections.
    sections
        The rest.

    Raises
    ------
    InputError
        If the disk is full, or refuses for another reason.
    """
    top = tag("header", _colours(), tag("h1", title), header)
    page = f"{_HEAD}{tag('title', title)}<style>{STYLE}</style></head><body>{tag('main', top, *sections)}</body></html>\n"
    with replacing(path) as temporary:
        try:
            # A lone surrogate, which JSON may hold, cannot be written as UTF-8.
            temporary.write_bytes(page.encode("utf-8", errors="replace"))
        except OSError as failure:
            raise write_failed(path, failure) from None


def _colours() -> Html:
    """Let the reader choose between light and dark without a script: style rules ask which button is pressed."""
    choices = (("auto", "Auto", ""), ("light", "Light", None), ("dark", "Dark", None))
    buttons = [
        tag("label", Html(f'<input type="radio" name="colours" id="{name}"{" checked" if checked is not None else ""}>'), word)
        for name, word, checked in choices
    ]
    return tag("fieldset", tag("legend", "Colours"), *buttons, class_="colours")
