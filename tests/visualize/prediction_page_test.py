"""The page escapes what users name their files."""

import re
from html.parser import HTMLParser

import pytest

from simpose_tf.visualize.prediction_page import ROWS, PageClip, PagePicture, page, page_links, page_names


def test_names_are_escaped_and_links_quoted() -> None:
    picture = PagePicture('<b>"x" & y', "note <i>", (("drawn", "p/a #1.jpg", "a #1.png"),), (("a.json", "a?.json"),))
    text = page("title", ["1 < 2"], [picture])
    assert "&lt;b&gt;&quot;x&quot; &amp; y" in text
    assert "1 &lt; 2" in text
    assert 'src="p/a%20%231.jpg"' in text
    assert 'href="a%3F.json"' in text


def test_every_tag_is_closed() -> None:
    open_tags: list[str] = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            if tag not in ("meta", "img"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    row = PagePicture("a", "b", (("c", "d", "e"),) * 3, (("f", "g"),))
    clip = PageClip("a", "b", "a #1.mp4", (("f", "g"),))
    links = page_links(page_names(10 * ROWS), 4)
    Balance().feed(page("t", ["n"], [row], [clip], links))
    assert open_tags == []


def test_clip_is_shown() -> None:
    assert '<video controls preload="metadata" src="a%20%231.mp4">' in page(
        "t", [], [], [PageClip("", "", "a #1.mp4", ())]
    )


@pytest.mark.parametrize(("pictures", "count"), [(0, 1), (1, 1), (ROWS, 1), (ROWS + 1, 2), (100_000, 100_000 // ROWS)])
def test_pages_hold_so_many_rows(pictures: int, count: int) -> None:
    names = page_names(pictures)
    assert len(set(names)) == len(names) == count
    assert names[0] == "index.html"


def test_every_page_is_reached_from_the_first_one() -> None:
    names = page_names(30 * ROWS)
    seen, left = set(), ["index.html"]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            found = re.findall('href="([^"]+)"', page_links(names, names.index(name)))
            assert {names[0], names[-1]} - {name} <= set(found)
            assert len(found) <= 8
            left += found
    assert seen == set(names)


def test_a_single_page_has_no_links() -> None:
    assert page_links(page_names(3), 0) == ""
