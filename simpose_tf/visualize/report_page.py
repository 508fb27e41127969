"""The page about a training run: data, curves, numbers, predictions."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

_STYLE = """
:root { color-scheme: dark }
body { margin: 0 auto; max-width: 1280px; padding: 28px; background: #18191d; color: #e8e8ec;
       font: 15px/1.55 system-ui, sans-serif }
h1 { font-size: 26px; margin: 0 0 6px } h2 { font-size: 19px; margin: 44px 0 10px }
p, li { color: #b9bbc4; max-width: 75em } a { color: #ffb347 }
code, pre { font: 13px/1.45 ui-monospace, monospace; color: #d7d9e0 }
pre { background: #101114; padding: 10px 12px; border-radius: 4px; overflow-x: auto }
img { max-width: 100%; display: block; border-radius: 4px; background: #fff }
table { border-collapse: collapse; margin: 10px 0 } th, td { padding: 5px 14px; border-bottom: 1px solid #33353d }
th { text-align: left; color: #a0a2ab; font-weight: 500 } td.n { text-align: right; font-variant-numeric: tabular-nums }
td.best { color: #8fe388; font-weight: 600 } tr.domain td { padding-top: 16px; color: #ffb347 }
.grid { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 10px } figure { margin: 0 }
figcaption { font-size: 13px; color: #a0a2ab; padding-top: 4px } figure img { width: 100% }
@media (max-width: 800px) { .grid { grid-template-columns: 1fr } }
"""

# The same page as dark ink on white.
_LIGHT = """
:root { color-scheme: light } body { background: #fff; color: #23262d } p, li { color: #4b5160 } a { color: #b45309 }
code, pre { color: #23262d } pre { background: #f4f5f7 } th, td { border-color: #e3e5ea } th { color: #6b7280 }
figure { margin: 10px 0 } summary { cursor: pointer; color: #6b7280 }
.tiles { display: flex; flex-wrap: wrap; gap: 10px 34px; margin: 14px 0 18px } table { width: 100% }
.tile b { display: block; font-size: 24px } th { white-space: nowrap; width: 8em; padding-left: 0 }
th.c, th.n { width: auto; padding-left: 14px } th.n { text-align: right } td.n { white-space: nowrap }
.tile span { color: #6b7280; font-size: 13px }
"""


@dataclass(frozen=True)
class Picture:
    """A picture of the page: caption, and its path relative to the page."""

    caption: str
    path: str


def page(title: str, intro: str, sections: Mapping[str, str], light: bool = False) -> str:
    """Return a whole page, dark or light; `sections` maps headings to HTML."""
    style = _STYLE + _LIGHT if light else _STYLE
    body = "".join(f"<section><h2>{html.escape(name)}</h2>{content}</section>" for name, content in sections.items())
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
    )
    return (
        f'<!doctype html><html lang="en"><head>{head}<style>{style}</style></head><body>'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(intro)}</p>{body}</body></html>\n"
    )


def paragraph(text: str) -> str:
    """Return text as a paragraph."""
    return f"<p>{html.escape(text)}</p>"


def code(text: str) -> str:
    """Return text as a block of code."""
    return f"<pre>{html.escape(text)}</pre>"


def link(text: str, path: str) -> str:
    """Return a link to a path relative to the page."""
    return f'<a href="{quote(path)}">{html.escape(text)}</a>'


def picture(item: Picture) -> str:
    """Return one picture over the page's width."""
    return (
        f'<figure><a href="{quote(item.path)}"><img loading="lazy" alt="{html.escape(item.caption)}" '
        f'src="{quote(item.path)}"></a><figcaption>{html.escape(item.caption)}</figcaption></figure>'
    )


def gallery(items: Sequence[Picture]) -> str:
    """Return pictures three in a row."""
    return '<div class="grid">' + "".join(picture(item) for item in items) + "</div>"


def numbers(rows: Sequence[Mapping], columns: Sequence[str]) -> str:
    """Return the table of an evaluation.

    Args:
      rows: of `simpose_tf.evaluate`'s json: `domain`, `people`, `name`, `better` (`lower` or `higher`) and a number or
        None for each column.
      columns: names of the columns; the best number of a row is marked.
    """
    cells = [
        "<table><tr><th>metric</th><th>better</th>" + "".join(f"<th>{html.escape(c)}</th>" for c in columns) + "</tr>"
    ]
    domain = None
    for row in rows:
        if row["domain"] != domain:
            domain = row["domain"]
            about = html.escape(f"{domain}: {row['people']} held-out people")
            cells.append(f'<tr class="domain"><td colspan="{2 + len(columns)}">{about}</td></tr>')
        cells.append(_row(row, columns))
    return "".join([*cells, "</table>"])


def _row(row: Mapping, columns: Sequence[str]) -> str:
    values = {c: row[c] for c in columns if row[c] is not None}
    best = (min if row["better"] == "lower" else max)(values.values())
    cells = []
    for column in columns:
        mark = " best" if values.get(column) == best else ""
        shown = f"{values[column]:.3f}" if column in values else "&ndash;"
        cells.append(f'<td class="n{mark}">{shown}</td>')
    return f"<tr><td>{html.escape(row['name'])}</td><td>{row['better']}</td>{''.join(cells)}</tr>"
