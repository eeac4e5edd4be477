"""What a shape must never be asked: each line of the corpus gets a 400 with the parameter and the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("stack")

CORPUS = Path(__file__).with_name("corpus")
REASON_LENGTH_MAX = 500
# Words of the driver and of the database, which no client has to see.
LEAKS = ("asyncpg", "Traceback", "SQLSTATE", "Postgres", "timeloom_")


def _lines(name: str) -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]


def _clause(line: Mapping[str, Any]) -> str:
    if "where" in line:
        return str(line["where"])
    before, times, middle, after = line["repeat"]
    return str(before * times + middle + after * times)


def _names(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(line["name"]) for line in lines]


def _assert_refused(answer: httpx.Response, parameter: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"message", "errors"}
    assert list(body["errors"]) == [parameter], body
    for reason in body["errors"][parameter]:
        assert 0 < len(reason) <= REASON_LENGTH_MAX
        assert not [leak for leak in LEAKS if leak in reason], reason


WHERE_CLAUSES = _lines("refused_where_clauses.jsonl")
REQUESTS = _lines("refused_requests.jsonl")


@pytest.mark.parametrize("line", WHERE_CLAUSES, ids=_names(WHERE_CLAUSES))
def test_a_wrong_where_clause_is_refused(client: httpx.Client, line: Mapping[str, Any]) -> None:
    params = {f"params[{number}]": value for number, value in line.get("params", {}).items()}
    query = {"table": "tasks", "offset": "-1", "where": _clause(line), **params}
    answer = client.get("/v1/shape", params=query)
    _assert_refused(answer, line.get("field", "where"))


@pytest.mark.parametrize("line", WHERE_CLAUSES, ids=_names(WHERE_CLAUSES))
def test_a_wrong_where_clause_of_a_subset_is_refused(client: httpx.Client, line: Mapping[str, Any]) -> None:
    body = {"where": _clause(line), "params": line.get("params", {})}
    answer = client.post("/v1/shape", params={"table": "tasks", "offset": "now"}, json=body)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("line", REQUESTS, ids=_names(REQUESTS))
def test_a_wrong_request_is_refused(client: httpx.Client, line: Mapping[str, Any]) -> None:
    answer = client.get("/v1/shape", params=line["query"])
    _assert_refused(answer, line["field"])


def test_after_all_refusals_the_tasks_are_still_there(client: httpx.Client) -> None:
    title = "survived the corpus"
    created = client.post("/api/tasks", json={"title": title}).json()
    query = {"table": "tasks", "offset": "-1", "where": "title = $1", "params[1]": title}
    rows = client.get("/v1/shape", params=query).json()
    assert [row["value"]["id"] for row in rows if "value" in row] == [created["id"]]
