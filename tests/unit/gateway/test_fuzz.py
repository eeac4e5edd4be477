"""Anything at all, as a request: it becomes a message, or the client is told what is wrong with it.

Whatever the transcoder raises besides would be answered as a defect of Timeloom. Bodies are noise, JSON of
the wrong shape, and documents that were right until a few of their bytes changed, which reaches deepest.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.gateway import example_contract
from tests.unit.gateway.messages import messages, protobuf_json
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.sockets.protocol import parse_api_key
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Route, compile_routes
from timeloom_gateway.transcoding.routing import Match, Router
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, UnauthenticatedError

EXAMPLE, TIMELOOM = example_contract.build(), Contracts.load()
ROUTES = [(contracts, route) for contracts in (EXAMPLE, TIMELOOM) for route in compile_routes(contracts)]
READ = [(contracts, route) for contracts, route in ROUTES if route.primary]

SOME = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
each_route = pytest.mark.parametrize(
    ("contracts", "route"), READ, ids=[route.method.contract.path[1:] for _, route in READ]
)

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NESTED = st.integers(1, 3000).map(lambda depth: b'{"item":' * depth + b"1" + b"}" * depth)
_TRICKY = st.sampled_from(
    [
        b"",
        b" ",
        b"{",
        b"}",
        b'"',
        b'{"',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b'"\\ud800"',
        b"1e999",
        b"-",
        b"[" * 3000,
    ]
)


@st.composite
def bodies(draw: st.DrawFn, contracts: Contracts, route: Route) -> bytes:
    """A body for the route: noise, another shape, or a right one with a few changes."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=60) | _NESTED | _TRICKY)
    if kind == 1:
        return json.dumps(draw(_JSON)).encode()
    if kind == 2:
        names = st.sampled_from([field.json_name for field in route.method.request.fields] or ["x"])
        return json.dumps(draw(st.dictionaries(names, _JSON, max_size=4))).encode()
    right = protobuf_json(draw(messages(route.method.request)), contracts)
    return _changed(draw, json.dumps(right, ensure_ascii=draw(st.booleans())).encode())


def _changed(draw: st.DrawFn, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(changed)))
        stop = min(start + draw(st.integers(0, 4)), len(changed))
        changed[start:stop] = draw(st.binary(max_size=3) | _TRICKY.filter(lambda each: len(each) < 10))
    return bytes(changed)


def queries(route: Route) -> st.SearchStrategy[str]:
    """Query strings: of the route's own parameters, with any text, or of any text at all."""
    known = [each.name for each in route.request.query.parameters] if route.request.query else []
    text = st.text(st.characters(max_codepoint=255), max_size=8)
    pair = st.tuples(st.sampled_from([*known, "x", ""]), text).map("=".join)
    return st.lists(pair | text, max_size=4).map("&".join)


@each_route
@given(data=st.data())
@SOME
def test_a_request_is_read_or_refused(contracts: Contracts, route: Route, data: st.DataObject) -> None:
    values = tuple(data.draw(st.text(max_size=8)) for _ in route.request.variables)
    body = data.draw(bodies(contracts, route)) if _has_body(route) else b""
    last_event_id = data.draw(st.none() | st.text(max_size=8))
    try:
        message = route.request.read(
            values=values,
            query=data.draw(queries(route)),
            body=body,
            etag=data.draw(st.text(max_size=8)),
            last_event_id=last_event_id,
        )
    except (InvalidFieldError, MalformedJsonError) as refusal:
        msgspec.json.encode(refusal.message)
        return
    message.SerializeToString()


@pytest.mark.parametrize(
    ("contracts", "route"), [(contracts, route) for contracts, route in READ if route.form is Form.SOCKET]
)
@given(data=st.data())
@SOME
def test_a_later_message_is_read_or_refused(contracts: Contracts, route: Route, data: st.DataObject) -> None:
    try:
        message = route.request.read_more(data.draw(bodies(contracts, route)))
    except (InvalidFieldError, MalformedJsonError):
        return
    message.SerializeToString()


@given(
    path=st.text(st.characters(max_codepoint=255), max_size=40) | st.lists(st.text(max_size=8)).map("/".join)
)
@SOME
def test_a_path_leads_somewhere_or_nowhere(path: str) -> None:
    router: Router[Any] = Router()
    for contracts, route in ROUTES:
        if contracts is TIMELOOM:
            router.add(route.binding.http_method, route.request.template, route)
    for prefix in ("/", "/api/executions/", "/api/executions/a/snapshots/"):
        try:
            found = router.match("GET", prefix + path)
        except UnicodeDecodeError:
            continue
        if isinstance(found, Match):
            assert len(found.values) == len(found.target.request.variables)


@given(first=st.binary(max_size=60) | st.text(max_size=60) | _JSON.map(json.dumps))
@SOME
def test_a_first_message_brings_a_key_or_is_refused(first: str | bytes) -> None:
    try:
        parse_api_key(first)
    except UnauthenticatedError:
        return


def _has_body(route: Route) -> bool:
    return route.form is Form.SOCKET or (bool(route.binding.body) and route.form is not Form.UPLOAD)
