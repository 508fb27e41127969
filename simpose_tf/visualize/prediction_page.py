"""The page that shows all predictions of a run: one row of drawings per picture."""

import html
from dataclasses import dataclass
from urllib.parse import quote

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


def page(title: str, notes: list[str], pictures: list[PagePicture]) -> str:
    """Return the HTML of the page; it needs nothing but the files that it names."""
    body = [_HEAD.format(title=html.escape(title)), f"<h1>{html.escape(title)}</h1>"]
    body += [f"<p>{html.escape(note)}</p>" for note in notes]
    body += [_row(picture) for picture in pictures]
    return "\n".join([*body, "</body></html>", ""])


def _row(picture: PagePicture) -> str:
    figures = "".join(
        f'<figure><a href="{quote(target)}"><img loading="lazy" src="{quote(shown)}" '
        f'alt="{html.escape(f"{picture.title}: {caption}")}"></a>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, shown, target in picture.drawings
    )
    links = ", ".join(f'<a href="{quote(path)}">{html.escape(name)}</a>' for name, path in picture.files)
    return (
        f"<section><h2>{html.escape(picture.title)}</h2><p>{html.escape(picture.note)} &middot; {links}</p>"
        f'<div class="row">{figures}</div></section>'
    )
