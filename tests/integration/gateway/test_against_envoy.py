"""Our transcoder beside Envoy's, on what both define: the same message, or both refuse.

Where ours is stricter (unknown members, `null`, numbers as strings, one value for a list) or has conventions
of its own (short names of enums, inline documents), `tests/unit/gateway` says what it does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.gateway.oracle import Oracle, envoy_before
from tests.unit.gateway import example_contract
from timeloom_gateway.contracts import message_class
from timeloom_gateway.transcoding.rest import Route, compile_routes
from timeloom_gateway.transcoding.routing import Match, Router
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLE = example_contract.build(response_bodies=False)
SERVICE = "timeloom.example.v1.ExampleService"
ItemRequest = message_class(EXAMPLE.message_type("timeloom.example.v1.ItemRequest"))
ItemResponse = message_class(EXAMPLE.message_type("timeloom.example.v1.ItemResponse"))
ROUTER: Router[Route] = Router()
for _route in compile_routes(EXAMPLE):
    ROUTER.add(_route.binding.http_method, _route.request.template, _route)

SOME = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def envoy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Oracle]:
    async with envoy_before(EXAMPLE, SERVICE, tmp_path_factory.mktemp("envoy")) as oracle:
        yield oracle


def ours(method: str, target: str, body: bytes | None) -> Message | None:
    """What our transcoder makes of a request; None if it refuses."""
    path, _, query = target.partition("?")
    found = ROUTER.match(method, path)
    if not isinstance(found, Match):
        return None
    try:
        return found.target.request.read(values=found.values, query=query, body=body or b"")
    except (InvalidFieldError, MalformedJsonError):
        return None


async def compare(envoy: Oracle, method: str, target: str, body: bytes | None = None) -> Message | None:
    """Fails unless both made the same message, or both refused."""
    received = await envoy.request(method, target, body)
    theirs = ItemRequest.FromString(received) if received is not None else None
    mine = ours(method, target, body)
    assert mine == theirs
    return mine


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
SEGMENTS = TEXTS.filter(lambda text: text not in ("", ".", "..") and "/" not in text and ":" not in text)
UINT32 = st.integers(0, 2**32 - 1)
TIMES = st.sampled_from(
    ["2026-11-02T08:00:00Z", "1970-01-01T00:00:00.000000001Z", "2026-11-02T08:00:00.25+02:00"]
)
COLORS = st.sampled_from(["PAINT_COLOR_UNSPECIFIED", "PAINT_COLOR_RED", "PAINT_COLOR_DARK_BLUE"])

PARAMETERS = st.lists(
    st.one_of(
        st.tuples(st.just("tags"), TEXTS),
        st.tuples(st.just("filter.colors"), COLORS),
        st.tuples(st.just("name"), TEXTS),
        st.tuples(st.just("number"), UINT32.map(str)),
        st.tuples(st.just("filter.minSize"), UINT32.map(str)),
        st.tuples(st.just("exact"), st.sampled_from(["true", "false"])),
        st.tuples(st.just("ratio"), st.sampled_from(["0.5", "1e3", "-2", "NaN", "Infinity"])),
        st.tuples(st.just("since"), TIMES),
        st.tuples(st.just("item.size"), UINT32.map(str)),
    ),
    max_size=6,
    unique_by=lambda pair: pair if pair[0] in ("tags", "filter.colors") else pair[0],
)

ITEMS = st.fixed_dictionaries({}, optional={"name": TEXTS, "size": UINT32, "etag": TEXTS})
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "item": ITEMS,
        "filter": st.fixed_dictionaries(
            {}, optional={"minSize": UINT32, "colors": st.lists(COLORS, max_size=3)}
        ),
        "tags": st.lists(TEXTS, max_size=3),
        "since": TIMES,
        "limit": UINT32,
        "exact": st.booleans(),
        "room": TEXTS,
        "data": st.sampled_from(["", "AAEC", "/+8="]),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "after": UINT32,
    },
)


@given(shelf=SEGMENTS, parameters=PARAMETERS)
@SOME
async def test_queries(envoy: Oracle, shelf: str, parameters: list[tuple[str, str]]) -> None:
    query = urlencode(parameters)
    target = f"/api/shelves/{quote(shelf, safe='')}/items" + (f"?{query}" if query else "")
    assert await compare(envoy, "GET", target) is not None


@given(shelf=SEGMENTS, number=UINT32, body=BODIES)
@SOME
async def test_bodies(envoy: Oracle, shelf: str, number: int, body: dict[str, Any]) -> None:
    target = f"/api/shelves/{quote(shelf, safe='')}/items/{number}"
    assert await compare(envoy, "PATCH", target, json.dumps(body).encode()) is not None


@given(shelf=SEGMENTS, item=ITEMS, parameters=PARAMETERS)
@SOME
async def test_a_body_in_one_field(
    envoy: Oracle, shelf: str, item: dict[str, Any], parameters: list[tuple[str, str]]
) -> None:
    query = urlencode([pair for pair in parameters if not pair[0].startswith("item.")])
    target = f"/api/shelves/{quote(shelf, safe='')}/items" + (f"?{query}" if query else "")
    assert await compare(envoy, "POST", target, json.dumps(item).encode()) is not None


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /api/shelves/a/items/7",
        "GET /api/items/7",
        "GET /api/shelves/%E2%82%AC/items/7",
        "GET /api/shelves/a%20b/items/7",
        "POST /api/shelves/a/items/7:count",
        "POST /api/shelves/a:purge?tags=x+y",
        "GET /api/files/a/b/c",
        "GET /api/files/a/b%20c",
        "GET /api/parts/shelves/1/parts/2/raw",
        "PURGE /api/items/7",
        "PUT /api/named/new",
        "DELETE /api/shelves/a/items/7",
    ],
)
async def test_paths(envoy: Oracle, request_line: str) -> None:
    method, target = request_line.split()
    body = b"{}" if method in ("POST", "PUT") and ":purge" not in target else None
    assert await compare(envoy, method, target, body) is not None


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("GET /api/nothing", None),
        ("PATCH /api/shelves/a/items", None),
        ("GET /api/shelves/a/items/x", None),
        ("GET /api/shelves/a/items/-1", None),
        ("GET /api/shelves/a/items?color=red", None),
        ("GET /api/shelves/a/items?number=x", None),
        ("GET /api/shelves/a/items?exact=maybe", None),
        ("GET /api/shelves/a/items?filter.colors=PINK", None),
        ("GET /api/shelves/a/items?since=yesterday", None),
        ("PATCH /api/shelves/a/items/1", b"{"),
        ("PATCH /api/shelves/a/items/1", b'{"exact": "maybe"}'),
        ("PATCH /api/shelves/a/items/1", b'{"item": {"size": -1}}'),
        ("PATCH /api/shelves/a/items/1", b'{"item": {"size": 4294967296}}'),
        ("PATCH /api/shelves/a/items/1", b'{"filter": {"colors": ["PINK"]}}'),
        ("PATCH /api/shelves/a/items/1", b'{"since": "2026-13-01T00:00:00Z"}'),
        ("PATCH /api/shelves/a/items/1", b'{"item": []}'),
    ],
)
async def test_refusals(envoy: Oracle, request_line: str, body: bytes | None) -> None:
    method, target = request_line.split()
    assert await compare(envoy, method, target, body) is None


@given(item=ITEMS, items=st.lists(ITEMS, max_size=3))
@SOME
async def test_answers(envoy: Oracle, item: dict[str, Any], items: list[dict[str, Any]]) -> None:
    response = ItemResponse(item=item, items=items).SerializeToString()
    for target in ("/api/items/1", "/api/files/a"):
        found = ROUTER.match("GET", target)
        assert isinstance(found, Match)
        theirs = await envoy.answer("GET", target, response)
        mine = json.loads(found.target.response.write(response).body)
        # `note` holds a document: ours leaves an empty one out, Envoy shows it as empty base64.
        assert mine == _without_notes(theirs)


def _without_notes(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_notes(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_notes(each) for name, each in value.items() if name != "note"}
    return value
