"""The pages that show all predictions of a run: the clips, then one row of drawings per picture, 50 rows a page."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

# Rows of a page, and how many neighbours a page links to on either side.
ROWS = 50
_NEAR = 3

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: dark }}
body {{ margin: 0 auto; max-width: 1500px; padding: 24px; background: #18191d; color: #e8e8ec;
       font: 15px/1.5 system-ui, sans-serif }}
h1 {{ font-size: 22px; margin: 0 0 4px }} h2 {{ font-size: 16px; margin: 36px 0 8px }}
p {{ margin: 0 0 6px; color: #a0a2ab }} a {{ color: #ffb347 }}
.row {{ display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 10px }}
figure {{ margin: 0 }} figure img {{ width: 100%; display: block; border-radius: 4px; background: #000 }}
video {{ width: 100%; max-height: 80vh; border-radius: 4px; background: #000 }}
nav {{ margin: 12px 0 }} nav a, nav b {{ margin-right: 10px; white-space: nowrap }}
figcaption {{ font-size: 13px; color: #a0a2ab; padding-top: 4px }}
@media (max-width: 800px) {{ .row {{ grid-template-columns: 1fr }} }}
</style></head><body>
"""


@dataclass(frozen=True)
class PagePicture:
    """One row: all paths are relative to the page.

    Attributes:
      title: the picture's file name.
      note: one line about it.
      drawings: (caption, picture to show, file to open on a click) from left to right.
      files: (name, path) of data files.
    """

    title: str
    note: str
    drawings: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PageClip:
    """A clip: its file's name, one line about it, the drawn clip, and (name, path) of data files."""

    title: str
    note: str
    clip: str
    files: tuple[tuple[str, str], ...]


def page(
    title: str, notes: Sequence[str], pictures: Sequence[PagePicture], clips: Sequence[PageClip] = (), links: str = ""
) -> str:
    """Return the HTML of a page; it needs nothing but the files that it names. `links` is of `page_links`."""
    body = [_HEAD.format(title=html.escape(title)), f"<h1>{html.escape(title)}</h1>"]
    body += [f"<p>{html.escape(note)}</p>" for note in notes]
    around = [links] if links else []
    rows = [*map(_clip, clips), *map(_row, pictures)]
    return "\n".join([*body, *around, *rows, *around, "</body></html>", ""])


def page_names(pictures: int) -> list[str]:
    """Return the file names of the pages for so many pictures, `ROWS` on each: index.html, index_2.html, ..."""
    count = max(-(-pictures // ROWS), 1)
    return ["index.html", *(f"index_{number}.html" for number in range(2, count + 1))]


def page_links(names: Sequence[str], number: int) -> str:
    """Return links from page `number`, from 0, to the first, the last and the nearest; nothing if there is one."""
    if len(names) == 1:
        return ""
    near = sorted({0, len(names) - 1, *range(max(number - _NEAR, 0), min(number + _NEAR + 1, len(names)))})
    links = []
    for place in near:
        gap = "&hellip; " if place and place - 1 not in near else ""
        text = f"<b>{place + 1}</b>" if place == number else f'<a href="{names[place]}">{place + 1}</a>'
        links.append(gap + text)
    return f"<nav>Pages of {ROWS} pictures: {' '.join(links)}</nav>"


def _clip(clip: PageClip) -> str:
    return _section(clip, f'<video controls preload="metadata" src="{quote(clip.clip)}"></video>')


def _section(about: PagePicture | PageClip, content: str) -> str:
    links = ", ".join(f'<a href="{quote(path)}">{html.escape(name)}</a>' for name, path in about.files)
    note = f"<p>{html.escape(about.note)} &middot; {links}</p>"
    return f"<section><h2>{html.escape(about.title)}</h2>{note}{content}</section>"


def _row(picture: PagePicture) -> str:
    figures = "".join(
        f'<figure><a href="{quote(target)}"><img loading="lazy" src="{quote(shown)}" '
        f'alt="{html.escape(f"{picture.title}: {caption}")}"></a>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, shown, target in picture.drawings
    )
    return _section(picture, f'<div class="row">{figures}</div>')
