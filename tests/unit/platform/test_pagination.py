"""Page tokens: only ours, only whole, only for their own list."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.errors import InvalidPageTokenError
from timeloom_platform.pagination import Cursors, Page, page_size

CURSORS = Cursors("s" * 32)
LIST = {"list": "executions", "project": "p", "filter": ["RUNNING"]}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
)


@given(st.lists(scalars, max_size=4))
def test_a_token_leads_back_to_its_position(position: list[str | int | float | bool | None]) -> None:
    assert CURSORS.decode(CURSORS.encode(position, of=LIST), of=LIST) == position


@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    token = CURSORS.encode(["0199", 7], of=LIST)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda each: each != token[place]))

    with pytest.raises(InvalidPageTokenError):
        CURSORS.decode(token[:place] + letter + token[place + 1 :], of=LIST)


@given(st.text(min_size=1, max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidPageTokenError):
        CURSORS.decode(text, of=LIST)


@pytest.mark.parametrize(
    "other",
    [
        {**LIST, "project": "q"},
        {**LIST, "filter": ["FAILED"]},
        {**LIST, "list": "snapshots"},
        {"list": "executions", "project": "p"},
        {},
    ],
)
def test_a_token_of_another_list_is_refused(other: dict[str, str | list[str]]) -> None:
    with pytest.raises(InvalidPageTokenError):
        CURSORS.decode(CURSORS.encode([1], of=other), of=LIST)


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(InvalidPageTokenError):
        CURSORS.decode(Cursors("t" * 32).encode([1], of=LIST), of=LIST)


def test_a_token_in_another_spelling_is_refused() -> None:
    token = CURSORS.encode([1], of=LIST)
    padded = token + "=" * (-len(token) % 4)

    for spelling in (padded if padded != token else token + "====", token + "\n"):
        with pytest.raises(InvalidPageTokenError):
            CURSORS.decode(spelling, of=LIST)
    assert base64.urlsafe_b64decode(padded)


def test_the_empty_token_is_the_beginning() -> None:
    assert CURSORS.decode("", of=LIST) is None


def test_the_order_in_which_a_list_is_described_does_not_matter() -> None:
    assert CURSORS.decode(CURSORS.encode([1], of=LIST), of=dict(reversed(LIST.items()))) == [1]


def test_cuts_a_page_and_says_where_the_next_begins() -> None:
    page = CURSORS.page([10, 20, 30], limit=2, of=LIST, position=lambda last: [last])

    assert page.entries == (10, 20)
    assert CURSORS.decode(page.next_page_token, of=LIST) == [20]
    assert CURSORS.page([10, 20], limit=2, of=LIST, position=lambda last: [last]) == Page(entries=(10, 20))


@pytest.mark.parametrize(("requested", "given"), [(0, 50), (1, 1), (1000, 1000), (5000, 1000)])
def test_bounds_the_size_of_a_page(requested: int, given: int) -> None:
    assert page_size(requested) == given
