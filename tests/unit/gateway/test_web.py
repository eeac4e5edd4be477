"""The small parts around a request: media types, etags, rates, cookies, bodies."""

from __future__ import annotations

from typing import Any

import pytest

from timeloom_gateway.security.cookies import Cookies
from timeloom_gateway.security.gatekeeper import is_same_origin
from timeloom_gateway.web import conditional
from timeloom_gateway.web.errors import NotAcceptableError, UnsupportedMediaTypeError
from timeloom_gateway.web.limits import Rate, RateLimiter
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_gateway.web.negotiation import EVENT_STREAM, JSON, NDJSON, choose, require_json
from timeloom_platform.errors import InvalidFieldError, OverloadedError, RateLimitedError, TooLargeError
from timeloom_platform.web.bodies import ClientGoneError, read_body
from timeloom_platform.web.cors import Cors
from timeloom_platform.web.messages import Request, number_header


def request(method: str = "GET", **headers: str) -> Request:
    """A request; underscores in the names of headers stand for hyphens."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": raw,
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/html, application/json;q=0.9, */*;q=0.1", JSON),
        ("APPLICATION/JSON", JSON),
        ("text/html", None),
        ("application/json;q=0", None),
        ("*/*, application/json;q=0", None),
        ("application/json;q=x", None),
    ],
)
def test_json_is_sent_to_who_accepts_it(accept: str, chosen: str | None) -> None:
    if chosen is None:
        with pytest.raises(NotAcceptableError):
            choose(request(accept=accept), (JSON,))
    else:
        assert choose(request(accept=accept), (JSON,)) == chosen


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", EVENT_STREAM),
        ("application/x-ndjson", NDJSON),
        ("text/event-stream;q=0.5, application/x-ndjson", NDJSON),
        ("text/*", EVENT_STREAM),
    ],
)
def test_the_best_liked_form_is_chosen(accept: str, chosen: str) -> None:
    assert choose(request(accept=accept), (EVENT_STREAM, NDJSON)) == chosen


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("", True),
        ("application/json", True),
        ("application/json; charset=UTF-8", True),
        ('application/merge-patch+json; charset="utf-8"', True),
        ("application/json; charset=latin-1", False),
        ("text/json", False),
        ("application/x-www-form-urlencoded", False),
    ],
)
def test_a_body_is_json_by_its_type(content_type: str, *, is_json: bool) -> None:
    given = request(content_type=content_type) if content_type else request()
    if is_json:
        require_json(given)
    else:
        with pytest.raises(UnsupportedMediaTypeError):
            require_json(given)


@pytest.mark.parametrize(
    ("header", "etag"),
    [
        (None, ""),
        ("*", ""),
        ('"a"', "a"),
        ('W/"a"', "a"),
        ("a", "a"),
        ('""', None),
        ("", None),
        ('"a b"', None),
        ("x" * 101, None),
    ],
)
def test_if_match_names_one_etag(header: str | None, etag: str | None) -> None:
    given = request() if header is None else request(if_match=header)
    if etag is None:
        with pytest.raises(InvalidFieldError):
            conditional.if_match(given)
    else:
        assert conditional.if_match(given) == etag


@pytest.mark.parametrize(
    ("header", "is_known"),
    [('"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False), ("", False)],
)
def test_if_none_match_names_what_is_known(header: str, *, is_known: bool) -> None:
    assert conditional.is_known(request(if_none_match=header), "a") is is_known


@pytest.mark.parametrize("text", ["", "0", "-1", "601", "nan", "inf", "x", "\uff11"])
def test_a_number_in_a_header_has_bounds(text: str) -> None:
    with pytest.raises(InvalidFieldError):
        number_header(request(request_timeout=text), "Request-Timeout", above=0, at_most=600)


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    limiter = RateLimiter(Rate(per_second=2.0, burst=2), name="calls", clock=lambda: now[0])
    assert [limiter.take("a"), limiter.take("a"), limiter.take("b")] == [1, 0, 1]
    with pytest.raises(RateLimitedError) as refused:
        limiter.take("a")
    assert refused.value.retry_after_seconds == 0.5
    now[0] += 0.5
    assert limiter.take("a") == 0
    now[0] += 100
    assert limiter.take("a") == 1


def test_what_counts_little_takes_a_share_of_a_token() -> None:
    limiter = RateLimiter(Rate(per_second=2.0, burst=2), name="calls", clock=lambda: 0.0)
    for _ in range(5):
        limiter.take("a", share=0.25)
    with pytest.raises(RateLimitedError):
        limiter.take("a", share=0.25)


def test_too_many_requests_at_once_are_refused() -> None:
    metrics = HttpMetrics(requests_max=1, live_clients_max=1)
    metrics.in_flight = 1
    metrics.require_room()
    metrics.in_flight = 2
    with pytest.raises(OverloadedError):
        metrics.require_room()
    metrics.admit_live_client()
    metrics.require_room()
    with pytest.raises(OverloadedError):
        metrics.admit_live_client()


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"origin": "http://127.0.0.1:8080"}, True),
        ({"origin": "https://127.0.0.1:8080"}, True),
        ({"origin": "http://127.0.0.1"}, False),
        ({"origin": "null"}, False),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "cross-site"}, False),
        ({}, False),
    ],
)
def test_a_page_shows_where_it_came_from(headers: dict[str, str], *, same: bool) -> None:
    assert is_same_origin(request(host="127.0.0.1:8080", **headers)) is same


def test_secure_cookies_are_bound_to_their_host() -> None:
    cookies = Cookies(is_secure=True)
    for name, value in cookies.clear_headers():
        assert name == b"set-cookie"
        assert value.startswith(b"__Host-timeloom_")
        assert b"; Secure" in value
        assert b"Path=/" in value
    assert cookies.session_of(request(cookie="__Host-timeloom_session=abc; other=1")) == "abc"
    assert cookies.session_of(request(cookie="timeloom_session=abc")) == ""


@pytest.mark.parametrize(
    ("origins", "allowed"), [("", False), ("*", True), ("https://b.example, https://c.example", False)]
)
def test_only_allowed_origins_are_answered(origins: str, *, allowed: bool) -> None:
    cors = Cors(origins, methods=("POST",), request_headers=())
    headers = dict(cors.headers(request(origin="https://a.example")))
    assert (b"access-control-allow-origin" in headers) is allowed


class Body:
    """ASGI messages of a request's body."""

    def __init__(self, *chunks: bytes, disconnects: bool = False) -> None:
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        if disconnects:
            self.messages.append({"type": "http.disconnect"})
        else:
            self.messages[-1]["more_body"] = False

    async def __call__(self) -> dict[str, Any]:
        return self.messages.pop(0)


async def test_a_body_is_read_to_its_end() -> None:
    assert await read_body(request(), Body(b"a", b"", b"bc"), limit_bytes=3) == b"abc"


@pytest.mark.parametrize("headers", [{}, {"content_length": "4"}])
async def test_too_large_a_body_is_read_but_not_kept(headers: dict[str, str]) -> None:
    body = Body(b"a", b"bc", b"d")
    with pytest.raises(TooLargeError) as refused:
        await read_body(request(**headers), body, limit_bytes=2)
    assert refused.value.metadata == {"limitBytes": "2"}
    assert body.messages == []


async def test_a_client_may_go_away_in_the_middle() -> None:
    with pytest.raises(ClientGoneError):
        await read_body(request(), Body(b"a", disconnects=True), limit_bytes=3)


@pytest.mark.parametrize("length", ["x", "-1", "\uff11"])
async def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(InvalidFieldError):
        await read_body(request(content_length=length), Body(b"a"), limit_bytes=3)
