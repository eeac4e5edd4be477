"""Excerpts show the place that matches, and nothing that a browser would run."""

from __future__ import annotations

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.search.excerpts import EXCERPT_LENGTH_MAX, Marked, Marker
from timeloom_observability.search.queries import parsed


def _marked(query: str, *texts: str) -> Marked:
    return Marker(parsed(query).wanted).marked(texts)


def test_words_are_marked_where_most_of_them_are() -> None:
    far = "tea " + "x " * 300 + "then hot tea with milk & sugar " + "y " * 300

    marked = _marked("hot milk tea", "tea time", far)

    assert marked.words == ["hot", "milk", "tea"]
    assert marked.excerpt.startswith("…x x")
    assert "then <mark>hot</mark> <mark>tea</mark> with <mark>milk</mark> &amp; sugar" in marked.excerpt
    assert marked.excerpt.endswith("…")


def test_what_is_written_otherwise_is_marked_as_it_is_written() -> None:
    assert _marked("rate limit ", "a RateLimitError").excerpt == "a <mark>RateLimitError</mark>"
    assert _marked("ratelimiterror ", "a RateLimitError").words == ["ratelimiterror"]
    assert _marked("cafe ", "das Café").excerpt == "das <mark>Café</mark>"
    assert _marked("get_weather ", "call get_weather()").words == ["get_weather"]
    assert _marked("天気", "東京の天気は").excerpt == "東京の<mark>天気</mark>は"
    assert _marked("kett", "the kettle").excerpt == "the <mark>kettle</mark>"
    assert _marked("kett ", "the kettle") == Marked(words=[], excerpt="the kettle")


def test_without_words_a_text_is_shown_from_its_beginning() -> None:
    assert _marked("?!", "", "<script>") == Marked(words=[], excerpt="&lt;script&gt;")
    assert _marked("tea") == Marked(words=[], excerpt="")


@given(st.text(), st.text(alphabet="ab <>&\"'A_é東京"))
def test_an_excerpt_is_a_part_of_the_text(query: str, text: str) -> None:
    excerpt = _marked(query + " ab", text).excerpt

    bare = excerpt.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert unescape(bare).strip("…") in text
    assert len(unescape(bare)) <= EXCERPT_LENGTH_MAX + 2
    assert excerpt.count("<mark>") == excerpt.count("</mark>")
