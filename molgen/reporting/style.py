"""How reports look: one style sheet for light and dark screens, wide and narrow ones, and paper."""

from __future__ import annotations

__all__ = ["STYLE"]

_LIGHT = """--paper: #f7f7f5; --card: #fff; --ink: #1c2126; --soft: #5b646d; --line: #dfe2e4; --blue: #2a6f97; --band: #f3d9a4;
  --grey: #a9b1b8; --warn: #96500a; --orange: #c2681a; --faint: #e9ebec"""
_DARK = """--paper: #131619; --card: #1b1f23; --ink: #e5e8ea; --soft: #9ea8b1; --line: #2c3238; --blue: #6cb2d9; --band: #463a22;
  --grey: #626c75; --warn: #e5a850; --orange: #e8934a; --faint: #262c31"""

STYLE = (
    f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
:root:has(#light:checked) {{ color-scheme: light; {_LIGHT} }}
:root:has(#dark:checked) {{ color-scheme: dark; {_DARK} }}
@media print {{ :root, :root:has(#auto), :root:has(#dark:checked) {{ color-scheme: light; {_LIGHT}; --paper: #fff }} }}
"""
    + """
* { box-sizing: border-box; margin: 0 }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
main { max-width: 1160px; margin: auto; padding: 40px 24px 72px }
h1 { font-size: 28px; line-height: 1.2; letter-spacing: -.015em } h2 { font-size: 19px; margin-bottom: 14px }
h3 { font-size: 15px; line-height: 1.35 } h4 { font-size: 15px; margin: 22px 0 4px }
h3, code, dd, th, b { unicode-bidi: isolate }
a { color: var(--blue); text-underline-offset: 2px }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px }
.colours { float: right; border: 0; padding: 0; margin: 0 0 12px 16px; display: flex; font-size: 13px; color: var(--soft) }
.colours legend { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
.colours label { padding: 2px 10px; border: 1px solid var(--line); cursor: pointer; position: relative; background: var(--card) }
.colours label + label { border-left: 0 } .colours label:first-of-type { border-radius: 6px 0 0 6px }
.colours label:last-of-type { border-radius: 0 6px 6px 0 } .colours input { position: absolute; opacity: 0 }
.colours label:has(:checked) { color: var(--ink); background: var(--line) }
.colours label:has(:focus-visible) { outline: 2px solid var(--blue) }
.lead { color: var(--soft); max-width: 76ch; margin: 4px 0 18px } .lead b { color: var(--ink) }
h2 + .lead { margin-top: -10px } .soft { color: var(--soft); font-size: 13px }
section { margin-top: 44px; padding-top: 22px; border-top: 1px solid var(--line) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px }
.tiles p, article, figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px }
.tiles p { color: var(--soft); font-size: 13px } .tiles b { display: block; color: var(--ink); font-size: 26px; line-height: 1.3 }
.bars { margin-bottom: 24px }
.bars p { display: grid; grid-template-columns: minmax(0, 320px) 1fr 76px 60px; gap: 12px; align-items: center; padding: 3px 0 }
.bars b, .bars em { text-align: right; font-style: normal } .bars em { color: var(--soft); font-size: 13px }
.bars u { height: 14px } .bars i { display: block; height: 100%; min-width: 2px; border-radius: 2px; background: var(--grey) }
.bars .ok i { background: var(--blue) } .bars .lost i { background: var(--warn) }
.bars .kind { color: var(--soft); font-size: 13px; padding: 1px 0 } .bars .kind b { font-weight: 400 }
.bars .kind span { padding-left: 18px } .bars .kind u { height: 6px }
.funnel table { max-width: none }
.funnel th[scope=row] { min-width: 180px } .funnel td:has(u) { width: 36%; min-width: 80px }
.funnel u { display: block } .funnel i { display: block; height: 10px; border-radius: 2px;
  background: var(--blue) }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 16px; margin-bottom: 24px }
figure { break-inside: avoid; display: flex; flex-direction: column; gap: 8px }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px }
figcaption span { color: var(--soft); font-size: 13px } figure > svg { display: block; width: 100%; max-width: 520px; height: auto }
.plot { font-size: 11px; fill: none; stroke-width: 1.6 } .plot text { fill: var(--soft); stroke: none }
.plot .frame { stroke: var(--grey); stroke-width: 1 } .plot .guide { stroke: var(--faint); stroke-width: 1 }
.plot .even { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3 } .plot .band { fill: var(--band) }
.plot .edge { stroke: var(--warn); stroke-width: 1; stroke-dasharray: 5 3 }
.plot .points { stroke-linecap: round; stroke-width: 4.2; stroke-opacity: .7 }
.plot .points.grey { stroke: var(--soft); stroke-opacity: .6 }
.plot .dots { stroke-linecap: round; stroke-width: 6 }
.plot .blue { stroke: var(--blue) } .plot .orange { stroke: var(--orange) } .plot .grey { stroke: var(--grey) }
.plot .bars-blue { fill: var(--blue) } .plot .bars-grey { fill: var(--grey); fill-opacity: .6 }
.plot .bars-orange { fill: var(--orange) }
.plot .mark { stroke: var(--warn); stroke-width: 1.5 } .plot .name { fill: var(--warn); font-weight: 700; paint-order: stroke;
  stroke: var(--card); stroke-width: 2.5px }
.key { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; list-style: none; padding: 0 }
.key i { display: inline-block; width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; border-radius: 2px }
.key .blue, .key .bars-blue { background: var(--blue) } .key .orange, .key .bars-orange { background: var(--orange) }
.key .grey, .key .bars-grey { background: var(--grey) } .key .band { background: var(--band) }
.key .even, .key .edge { height: 0; border-top: 2px dashed var(--soft); vertical-align: 4px; border-radius: 0 }
.key .edge { border-color: var(--warn) }
.hits h3 span { max-height: 4.05em; overflow: hidden }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 212px), 1fr)); gap: 16px; margin-bottom: 24px }
.pairs { grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)) }
.pairs .drawings { display: grid; grid-template-columns: 1fr 1fr; gap: 12px }
.drawings div { display: flex; flex-direction: column; gap: 2px; font-size: 13px; color: var(--soft); min-width: 0 }
.drawings .drawing { height: 180px; display: grid; place-items: center; text-align: center }
.drawings svg { width: 100%; height: 180px }
article { display: flex; flex-direction: column; gap: 3px; break-inside: avoid }
article > .drawing { height: 176px; display: grid; place-items: center; color: var(--soft) }
article svg { max-width: 100%; max-height: 100%; color: var(--ink) } article h3 { display: flex; gap: 8px; align-items: baseline }
article h3 b { flex: none; color: var(--soft); background: var(--line); border-radius: 9px; padding: 1px 8px; font-size: 12px }
article p b { font-size: 21px; margin-right: 6px }
article p span, .near { color: var(--soft); font-size: 13px } article p span { margin-right: 6px; display: inline-block }
.warn { color: var(--warn); font-size: 13px; font-weight: 600 }
code { display: block; margin-top: auto; padding-top: 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  color: var(--soft); font: 12px/1.5 ui-monospace, Consolas, monospace; user-select: all }
.wide { overflow-x: auto; margin-bottom: 24px }
table { border-collapse: collapse; width: 100%; max-width: 800px }
caption { text-align: left; color: var(--soft); font-size: 13px }
th, td { padding: 5px 0 5px 12px; text-align: right; font-weight: 400; border-bottom: 1px solid var(--line) }
td, thead th { white-space: nowrap; overflow-wrap: normal }
th[scope=row] { text-align: left; padding-left: 0; min-width: 130px }
thead th, .rival th { color: var(--soft) } .this th { font-weight: 600 }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 0 32px; align-items: end }
details { margin-bottom: 20px } summary { margin-bottom: 14px; cursor: pointer; font-weight: 600 }
summary span { color: var(--soft); font-weight: 400; margin-left: 8px }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 12px 32px; font-size: 14px }
dt { color: var(--soft); font-size: 13px } dd { margin: 0 }
@media (max-width: 640px) { main { padding: 20px 16px } .bars p { grid-template-columns: 1fr 64px 56px; gap: 2px 12px }
  .bars u { grid-column: 1 / -1; order: 1 } h1 { font-size: 23px; clear: right }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px }
  .tiles p { padding: 10px 12px } .tiles b { font-size: 21px }
  .wide { font-size: 13px } .wide th, .wide td { padding-left: 8px } caption { max-width: calc(100vw - 32px) }
  .wide th[scope=row] { padding-left: 0; min-width: 118px } }
@media print { .colours { display: none } body { font-size: 12px } main { max-width: none; padding: 0 } section { margin-top: 24px }
  details::details-content { content-visibility: visible; block-size: auto } .tiles p, article, figure { border-color: #ccc } }
"""
)
