"""Requests of the example contract: what each binding reads, and how it says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf import json_format

from timeloom_gateway.contracts import Contracts, message_class
from timeloom_gateway.transcoding.rest import Route
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError

NOT_UINT32 = "must be an integer from 0 to 4294967295"
IN_PATH = "is given in the path and must not be in the body"
NO_PARAMETER = "is not a parameter of this route"
NO_COLOR = "must be one of UNSPECIFIED, RED, DARK_BLUE"


def read(route: Route, *, values: tuple[str, ...] = (), query: str = "", body: Any = b"", **more: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = route.request.read(values=values, query=query, body=data, **more)
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def violations(route: Route, **request: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldError) as caught:
        read(route, **request)
    return [(each.field, each.description) for each in caught.value.violations]


@pytest.mark.parametrize(
    ("name", "request_parts", "expected"),
    [
        ("GetItem", {"values": ("a", "7")}, {"shelf": "a", "number": 7}),
        ("ListItems", {"values": ("a",), "query": "tags=x&tags=y%20z"}, {"shelf": "a", "tags": ["x", "y z"]}),
        (
            "ListItems",
            {"values": ("a",), "query": "filter.minSize=3&filter.colors=RED&filter.colors=PAINT_COLOR_RED"},
            {"shelf": "a", "filter": {"min_size": 3, "colors": ["PAINT_COLOR_RED", "PAINT_COLOR_RED"]}},
        ),
        (
            "ListItems",
            {
                "values": ("a",),
                "query": "since=2026-11-02T10:00:00.5%2B02:00&limit=5&exact=false&data=_-8&ratio=1e3",
            },
            {
                "shelf": "a",
                "since": "2026-11-02T08:00:00.500Z",
                "limit": 5,
                "exact": False,
                "data": "/+8=",
                "ratio": 1000.0,
            },
        ),
        (
            "ListItems",
            {"values": ("a",), "query": "filter.min_size=3"},
            {"shelf": "a", "filter": {"min_size": 3}},
        ),
        (
            "ListItems",
            {"values": ("a",), "query": 'document={"a":1}'},
            {"shelf": "a", "document": "eyJhIjoxfQ=="},
        ),
        ("ListItems", {"values": ("a",), "query": "street="}, {"shelf": "a", "street": ""}),
        (
            "CreateItem",
            {"values": ("a",), "query": "tags=x", "body": {"name": "n", "note": {"deep": [1]}}},
            {"shelf": "a", "tags": ["x"], "item": {"name": "n", "note": "eyJkZWVwIjogWzFdfQ=="}},
        ),
        ("CreateItem", {"values": ("a",)}, {"shelf": "a"}),
        (
            "ChangeItem",
            {"values": ("a", "7"), "body": {"exact": True}},
            {"shelf": "a", "number": 7, "exact": True},
        ),
        ("ChangeItem", {"values": ("a", "7"), "body": b""}, {"shelf": "a", "number": 7}),
        ("ChangeItem", {"values": ("a", "7"), "body": {"limit": None}}, {"shelf": "a", "number": 7}),
        ("ChangeItem", {"values": ("a", "7"), "etag": "e1"}, {"shelf": "a", "number": 7, "etag": "e1"}),
        (
            "RenameItem",
            {"values": ("new",), "body": {"item": {"size": 3}}},
            {"item": {"name": "new", "size": 3}},
        ),
        ("PurgeShelf", {"values": ("a",), "query": "room=b"}, {"shelf": "a", "room": "b"}),
        ("WatchItems", {"values": ("a",), "query": "after=3"}, {"shelf": "a", "after": 3}),
        (
            "WatchItems",
            {"values": ("a",), "query": "after=3", "last_event_id": "9"},
            {"shelf": "a", "after": 9},
        ),
    ],
)
def test_a_request_is_read(
    routes: Mapping[str, Route], name: str, request_parts: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert read(routes[name], **request_parts) == expected


@pytest.mark.parametrize(
    ("name", "request_parts", "expected"),
    [
        ("GetItem", {"values": ("a", "x")}, [("number", NOT_UINT32)]),
        ("GetItem", {"values": ("a", "4294967296")}, [("number", NOT_UINT32)]),
        ("GetItem", {"values": ("a", "٣")}, [("number", NOT_UINT32)]),
        ("GetItem", {"values": ("a", "1"), "query": "number=2"}, [("number", NO_PARAMETER)]),
        (
            "ListItems",
            {"values": ("a",), "query": "page=1&x=2"},
            [("page", NO_PARAMETER), ("x", NO_PARAMETER)],
        ),
        ("ListItems", {"values": ("a",), "query": "exact=1"}, [("exact", "must be true or false")]),
        ("ListItems", {"values": ("a",), "query": "number="}, [("number", NOT_UINT32)]),
        (
            "ListItems",
            {"values": ("a",), "query": "number=1&number=1"},
            [("number", "is given more than once")],
        ),
        (
            "ListItems",
            {"values": ("a",), "query": "room=1&street=1"},
            [("street", "cannot be given together with room")],
        ),
        ("ListItems", {"values": ("a",), "query": "filter.colors=red"}, [("filter.colors", NO_COLOR)]),
        (
            "ListItems",
            {"values": ("a",), "query": "since=yesterday"},
            [("since", "must be a time such as 2026-11-02T08:00:00Z")],
        ),
        (
            "ListItems",
            {"values": ("a",), "query": "since=2026-02-30T00:00:00Z"},
            [("since", "must be a time that exists")],
        ),
        ("ListItems", {"values": ("a",), "query": "document={"}, [("document", "must be a JSON document")]),
        ("ListItems", {"values": ("a",), "query": "data=%25"}, [("data", "must be bytes in base64")]),
        ("ListItems", {"values": ("a",), "query": "tags=%ff"}, [("query", "must be percent-encoded UTF-8")]),
        (
            "ListItems",
            {"values": ("a",), "query": "a=1&" * 1001},
            [("query", "must have at most 1000 parameters")],
        ),
        ("ChangeItem", {"values": ("a", "1"), "body": {"number": 2}}, [("number", IN_PATH)]),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"colour": 2}},
            [("colour", "is not a field of ItemRequest")],
        ),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"item": {"size": "big"}, "tags": ["a", 1, None]}},
            [("item.size", NOT_UINT32), ("tags[1]", "must be a string"), ("tags[2]", "must be a string")],
        ),
        ("ChangeItem", {"values": ("a", "1"), "body": {"exact": None}}, [("exact", "must be true or false")]),
        ("ChangeItem", {"values": ("a", "1"), "body": {"exact": 1}}, [("exact", "must be true or false")]),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"filter": {"minSize": 1.5, "min_size": 2}}},
            [("filter.minSize", NOT_UINT32)],
        ),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"filter": {"minSize": 1, "min_size": 2}}},
            [("filter.min_size", "is given twice, under two spellings")],
        ),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"filter": {"colors": "RED"}}},
            [("filter.colors", "must be a list")],
        ),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"filter": {"colors": ["RED", 1, "PINK"]}}},
            [("filter.colors[1]", "must be a name, as a string"), ("filter.colors[2]", NO_COLOR)],
        ),
        ("ChangeItem", {"values": ("a", "1"), "body": {"item": []}}, [("item", "must be an object")]),
        ("ChangeItem", {"values": ("a", "1"), "body": []}, [("", "must be an object")]),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"room": "a", "street": "b"}},
            [("street", "cannot be given together with room")],
        ),
        ("ChangeItem", {"values": ("a", "1"), "body": {"ratio": "many"}}, [("ratio", "must be a number")]),
        ("ChangeItem", {"values": ("a", "1"), "body": b'{"ratio": 1e999}'}, [("ratio", "must be a number")]),
        ("ChangeItem", {"values": ("a", "1"), "body": {"since": 5}}, [("since", "must be a string")]),
        (
            "ChangeItem",
            {"values": ("a", "1"), "query": "tags=x"},
            [("query", "must be empty: this route takes its fields from the body")],
        ),
        (
            "ChangeItem",
            {"values": ("a", "1"), "body": {"etag": "x"}},
            [("etag", "is given in the header If-Match and must not be in the body")],
        ),
        ("CreateItem", {"values": ("a",), "body": {"nam": ""}}, [("item.nam", "is not a field of Item")]),
        ("RenameItem", {"values": ("new",), "body": {"item": {"name": "b"}}}, [("item.name", IN_PATH)]),
        ("WatchItems", {"values": ("a",), "last_event_id": "x"}, [("Last-Event-ID", NOT_UINT32)]),
    ],
)
def test_a_wrong_request_names_its_fields(
    routes: Mapping[str, Route], name: str, request_parts: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert violations(routes[name], **request_parts) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"room": "a",\n "street" "b"}', "the body is not JSON: expected ':' at line 2, column 11"),
        (b'{"room": "a"', "the body ends before its JSON document does, or has half of a surrogate pair"),
        (b'{"document": {"a": 01}}', "the body is not JSON: invalid number at line 1, column 21"),
        (b'{"document": {"a": "\xff"}}', "the body is not UTF-8"),
        (
            b'{"document": "\\ud800"}',
            "the body ends before its JSON document does, or has half of a surrogate pair",
        ),
        (b'{"document": ' + b"[" * 5000 + b"]" * 5000 + b"}", "the body is nested too deeply"),
        (b'{"room": "a"} {}', "the body is not JSON: trailing characters at line 1, column 16"),
        (b"\xef\xbb\xbf{}", "the body is not JSON: invalid character at line 1, column 1"),
        (b'{"ratio": NaN}', "the body is not JSON: invalid character at line 1, column 11"),
    ],
)
def test_a_malformed_body_is_told_where(routes: Mapping[str, Route], body: bytes, message: str) -> None:
    with pytest.raises(MalformedJsonError) as caught:
        read(routes["ChangeItem"], values=("a", "1"), body=body)
    assert caught.value.message == message


def test_a_document_keeps_its_bytes(routes: Mapping[str, Route]) -> None:
    body = b'{"document": {"b" : 1.0,  "a":[1e400, "\\u00e9"] }}'
    message: Any = routes["ChangeItem"].request.read(values=("a", "1"), query="", body=body)
    assert message.document == b'{"b" : 1.0,  "a":[1e400, "\\u00e9"] }'


def test_no_more_violations_are_gathered_than_help(routes: Mapping[str, Route]) -> None:
    found = violations(routes["ChangeItem"], values=("a", "1"), body={"tags": [0] * 1000})
    assert len(found) == 20


class TestAnswers:
    def response(self, example: Contracts, **fields: Any) -> bytes:
        create = message_class(example.message_type("timeloom.example.v1.ItemResponse"))
        return create(**fields).SerializeToString()

    def test_a_response_body_is_the_resource_with_its_etag(
        self, example: Contracts, routes: Mapping[str, Route]
    ) -> None:
        data = self.response(example, item={"name": "n", "note": b'{"a": 1}', "etag": "e1"})
        answer = routes["GetItem"].response.write(data)
        assert answer.body == b'{"name":"n","size":0,"note":{"a": 1},"etag":"e1"}'
        assert answer.etag == "e1"

    def test_a_response_body_may_be_a_list(self, example: Contracts, routes: Mapping[str, Route]) -> None:
        data = self.response(example, items=[{"name": "n"}, {}])
        body = routes["ListItems"].response.write(data).body
        assert body == b'[{"name":"n","size":0,"etag":""},{"name":"","size":0,"etag":""}]'

    def test_absent_messages_are_left_out(self, example: Contracts, routes: Mapping[str, Route]) -> None:
        assert routes["ChangeItem"].response.write(self.response(example)).body == b'{"items":[]}'

    def test_an_item_of_a_stream_names_what_it_holds_and_where_it_is(
        self, example: Contracts, routes: Mapping[str, Route]
    ) -> None:
        write = routes["WatchItems"].response.write_item
        item = write(self.response(example, item={"size": 4}))
        assert (item.event, item.position) == ("item", "4")
        empty = write(self.response(example))
        assert (empty.event, empty.position) == ("message", "")
