"""Building blocks of an HTML page: markup that escapes every plain string, and the style of the page.

Whatever comes from a file (ids, column names, reasons) is a plain string, so none of it can become markup.
"""

from __future__ import annotations

from html import escape

__all__ = ["HEAD", "STYLE", "Html", "section", "tag", "whole_text"]


#: Plain strings are cut to this many characters.
_MAX_TEXT = 300


class Html(str):
    """Markup; any other text is escaped, and cut if it is too long, before it joins some."""


def tag(name: str, *inside: object, **attributes: object) -> Html:
    """Return an element; ``None`` inside it is left out, and anything but :class:`Html` is escaped."""
    written = "".join(f' {key.strip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return Html(f"<{name}{written}>{''.join(_text(part) for part in inside if part is not None)}</{name}>")


def _text(value: object) -> str:
    if isinstance(value, Html):
        return value
    text = str(value)
    return escape(text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}\u2026")


def whole_text(text: str) -> Html:
    """Escape a text without cutting it: for what is there to be copied."""
    return Html(escape(text))


def section(title: str, explained: str | None, *inside: Html) -> Html:
    """Return a section with its heading and, where there is one, a line that explains it."""
    return tag("section", tag("h2", title), tag("p", explained, class_="lead") if explained else None, *inside)


HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">"""

STYLE = """
:root { --paper: #f7f7f5; --card: #fff; --ink: #1c2126; --soft: #616a73; --line: #dfe2e4; --blue: #2a6f97; --band: #f3d9a4;
  --grey: #a9b1b8; --warn: #96500a }
@media (prefers-color-scheme: dark) { :root { --paper: #131619; --card: #1b1f23; --ink: #e5e8ea; --soft: #98a2ab;
  --line: #2c3238; --blue: #6cb2d9; --band: #5a4620; --grey: #59626b; --warn: #e5a850 } }
* { box-sizing: border-box; margin: 0 }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
main { max-width: 1160px; margin: auto; padding: 40px 24px 72px }
h1 { font-size: 28px; line-height: 1.2; letter-spacing: -.015em } h2 { font-size: 19px; margin-bottom: 14px }
h3 { font-size: 15px; line-height: 1.35 } h3, code, dd, th, b { unicode-bidi: isolate }
.lead { color: var(--soft); max-width: 76ch; margin: 4px 0 18px } .lead b { color: var(--ink) }
h2 + .lead { margin-top: -10px } .soft { color: var(--soft); font-size: 13px }
section { margin-top: 44px; padding-top: 22px; border-top: 1px solid var(--line) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px }
.tiles p, article, figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px }
.tiles p { color: var(--soft); font-size: 13px } .tiles b { display: block; color: var(--ink); font-size: 26px; line-height: 1.3 }
.bars p { display: grid; grid-template-columns: minmax(0, 320px) 1fr 76px 60px; gap: 12px; align-items: center; padding: 3px 0 }
.bars b, .bars em { text-align: right; font-style: normal } .bars em { color: var(--soft); font-size: 13px }
.bars u { height: 14px } .bars i { display: block; height: 100%; min-width: 2px; border-radius: 2px; background: var(--grey) }
.bars .ok i { background: var(--blue) } .bars .lost i { background: var(--warn) }
.bars .kind { color: var(--soft); font-size: 13px; padding: 1px 0 } .bars .kind b { font-weight: 400 }
.bars .kind span { padding-left: 18px } .bars .kind u { height: 6px }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px }
figcaption { display: flex; justify-content: space-between; gap: 16px; margin-bottom: 10px }
figcaption span { color: var(--soft); font-size: 13px } figure > svg { display: block; width: 100%; height: 130px }
figure path { fill: var(--blue) } figure rect { fill: var(--band) }
.axis { position: relative; height: 24px; border-top: 1px solid var(--grey); font-size: 12px; color: var(--soft) }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; padding-top: 3px }
.key { font-size: 13px } .key i { display: inline-block; width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px;
  border-radius: 2px; background: var(--band) }
.hits h3 span { max-height: 4.05em; overflow: hidden }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 212px), 1fr)); gap: 16px }
article { display: flex; flex-direction: column; gap: 3px; break-inside: avoid }
article > div { height: 176px; display: grid; place-items: center; color: var(--soft) }
article svg { max-width: 100%; color: var(--ink) } article h3 { display: flex; gap: 8px; align-items: baseline }
article h3 b { color: var(--soft); background: var(--line); border-radius: 9px; padding: 1px 8px; font-size: 12px }
article p b { font-size: 21px; margin-right: 6px }
article p span, .near { color: var(--soft); font-size: 13px } article span + span { margin-left: 6px }
.warn { color: var(--warn); font-size: 13px; font-weight: 600 }
code { display: block; margin-top: auto; padding-top: 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  color: var(--soft); font: 12px/1.5 ui-monospace, Consolas, monospace; user-select: all }
table { border-collapse: collapse; width: 100%; max-width: 800px; margin-bottom: 28px }
caption { text-align: left; color: var(--soft); font-size: 13px }
th, td { padding: 5px 0 5px 12px; text-align: right; font-weight: 400; border-bottom: 1px solid var(--line) }
td, thead th { white-space: nowrap; overflow-wrap: normal }
th[scope=row] { text-align: left; padding-left: 0 } thead th, .rival th { color: var(--soft) } .this th { font-weight: 600 }
details { margin-bottom: 24px } summary { margin-bottom: 12px }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 12px 32px; font-size: 14px }
dt { color: var(--soft); font-size: 13px }
@media (max-width: 640px) { main { padding: 24px 16px } .bars p { grid-template-columns: 1fr 64px 56px; gap: 2px 12px }
  .bars u { grid-column: 1 / -1; order: 1 } }
"""
