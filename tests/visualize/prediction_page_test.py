"""The page escapes what users name their files."""

from html.parser import HTMLParser

from simpose_tf.visualize.prediction_page import PagePicture, page


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
    Balance().feed(page("t", ["n"], [row]))
    assert open_tags == []
