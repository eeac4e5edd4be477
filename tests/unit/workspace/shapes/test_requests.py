"""Requests for shapes: what is read from a URL, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from timeloom_workspace.shapes.errors import InvalidShapeRequestError
from timeloom_workspace.shapes.offsets import BEFORE_ALL, Offset
from timeloom_workspace.shapes.requests import parse

CORPUS = Path(__file__).parents[3] / "e2e" / "shapes" / "corpus" / "refused_requests.jsonl"
# What only a look at the tables can tell.
OF_TABLES = ("a table ", "two tables", "a quoted table", "a column ", "columns without")


def cases() -> list[dict[str, Any]]:
    found = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [case for case in found if not case["name"].startswith(OF_TABLES)]


def refused(**fields: str) -> dict[str, Any]:
    with pytest.raises(InvalidShapeRequestError) as raised:
        parse("GET", urlencode(fields), b"")
    assert raised.value.status == 400
    document = json.loads(raised.value.body)
    assert document["message"] == "Invalid request"
    return dict(document["errors"])


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_what_is_wrong_is_named(case: dict[str, Any]) -> None:
    assert case["field"] in refused(**case["query"])


def test_everything_that_is_wrong_is_named_at_once() -> None:
    assert set(refused(table="", offset="x", replica="half")) == {"table", "offset", "replica"}


def test_parameters_have_no_gaps() -> None:
    assert set(refused(**{"table": "tasks", "offset": "-1", "where": "title = $2", "params[2]": "a"})) == {
        "params"
    }


def test_a_request_is_read() -> None:
    fields = {
        "table": "tasks",
        "offset": "12_4",
        "handle": "1-2",
        "live": "true",
        "where": "title = $1",
        "params[1]": "a",
        "columns": 'id,"title"',
        "replica": "full",
        "cursor": "7",
    }
    request = parse("GET", urlencode(fields), b"")
    assert (request.table, request.offset, request.handle) == ("tasks", Offset(12, 4), "1-2")
    assert (request.is_live, request.is_full_replica, request.has_snapshot) == (True, True, True)
    assert (request.columns, dict(request.parameters), request.cursor) == (("id", "title"), {1: "a"}, "7")


def test_parameters_may_come_as_one_document() -> None:
    query = urlencode({"table": "tasks", "offset": "-1", "params": '{"1": 5, "2": "a", "3": true}'})
    assert dict(parse("GET", query, b"").parameters) == {1: "5", 2: "a", 3: "true"}


def test_a_subset_comes_by_post() -> None:
    body = json.dumps({"where": "version > $1", "params": {"1": 1}, "order_by": "version", "limit": 5})
    request = parse("POST", urlencode({"table": "tasks", "offset": "now"}), body.encode())
    assert request.subset is not None
    assert (request.subset.where, dict(request.subset.parameters), request.subset.limit) == (
        "version > $1",
        {1: "1"},
        5,
    )
    assert parse("GET", urlencode({"table": "tasks", "offset": "-1"}), b"").offset == BEFORE_ALL
