"""Everything that a caller can do wrong is answered by a problem document that names it."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from tests.e2e.rest import STATES, create, ok, problem, record, recorded
from tests.e2e.running_stack import RunningStack

pytestmark = pytest.mark.xdist_group("stack")

MEBIBYTE = 1024 * 1024


def violations(document: Any) -> list[str]:
    return [each["field"] for each in document["violations"]]


def test_no_key_and_a_wrong_key_are_told_apart(stack: RunningStack) -> None:
    with stack.client("") as nobody:
        answer = nobody.get("/api/agent-executions")
        problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    with stack.client(f"{stack.api_key[:-3]}abc") as stranger:
        problem(stranger.get("/api/agent-executions"), 401, "INVALID_API_KEY")


def test_a_key_that_may_only_read_does_not_write(stack: RunningStack, reader_key: str) -> None:
    with stack.client(reader_key) as reader:
        assert reader.get("/api/agent-executions").is_success
        document = problem(
            reader.post("/api/agent-executions", json={"agentId": "guide"}), 403, "MISSING_SCOPE"
        )
    assert "write" in document["detail"].lower()


def test_another_projects_execution_is_not_there(
    stack: RunningStack, client: httpx.Client, other_projects_key: str
) -> None:
    execution_id = recorded(client)
    path = f"/api/agent-executions/{execution_id}"
    with stack.client(other_projects_key) as stranger:
        for address in (path, f"{path}/snapshots", f"{path}/snapshots/1", f"{path}/diff"):
            document = problem(stranger.get(address), 404, "NOT_FOUND")
            assert execution_id in document["detail"]
        problem(stranger.post(f"{path}/snapshots", json={"state": {}}), 404, "NOT_FOUND")
        problem(stranger.patch(path, json={"name": "mine"}), 404, "NOT_FOUND")
        stranger.delete(path)
    assert ok(client.get(path))["snapshotCount"] == 3


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"agentId": "guide"', "ends before"),
        ('{"agentId": guide}', "line 1, column 13"),
        ('{"agentId": "guide"} {}', "line 1, column 23"),
        ("nonsense", "line 1, column 5"),
    ],
)
def test_malformed_json_is_refused_with_its_place(client: httpx.Client, body: str, place: str) -> None:
    headers = {"Content-Type": "application/json"}
    document = problem(
        client.post("/api/agent-executions", content=body, headers=headers), 400, "MALFORMED_JSON"
    )
    assert place in document["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "agentId"),
        ({"agentId": 7}, "agentId"),
        ({"agentId": "x" * 201}, "agentId"),
        ({"agentId": "guide", "executionId": "7"}, "executionId"),
        ({"agentId": "guide", "tags": ["fine", ""]}, "tags[1]"),
        ({"agentId": "guide", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    document = problem(client.post("/api/agent-executions", json=body), 400, "INVALID_FIELD")
    assert violations(document) == [field]


def test_a_state_over_the_limit_is_refused_with_both_sizes(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{create(client)['id']}/snapshots"
    text = "x" * (65 * MEBIBYTE - len('""'))
    document = problem(client.post(path, json={"state": text}), 413, "TOO_LARGE")
    assert f"{65 * MEBIBYTE:,}" in document["detail"]
    assert f"{64 * MEBIBYTE:,}" in document["detail"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{create(client)['id']}/snapshots"
    headers = {"Content-Type": "application/json"}
    document = problem(client.post(path, content=b" " * (73 * MEBIBYTE), headers=headers), 413, "TOO_LARGE")
    assert str(72 * MEBIBYTE) in document["detail"]


def test_the_second_of_two_writers_is_told_where_the_head_is(client: httpx.Client) -> None:
    execution_id = recorded(client, STATES[:2])
    path = f"/api/agent-executions/{execution_id}/snapshots"
    late = {"state": STATES[2], "parentSequence": 1}
    document = problem(client.post(path, json=late), 409, "STALE_PARENT")
    assert re.findall(r"\d+", document["detail"]) == ["2", "1"]
    assert ok(client.get(f"/api/agent-executions/{execution_id}"))["headSequence"] == 2
    assert record(client, execution_id, STATES[2], parentSequence=2)["sequence"] == 3


def test_an_ended_execution_takes_no_more_snapshots(client: httpx.Client) -> None:
    execution_id = recorded(client)
    ok(client.post(f"/api/agent-executions/{execution_id}:complete", json={"status": "SUCCEEDED"}))
    answer = client.post(f"/api/agent-executions/{execution_id}/snapshots", json={"state": {}})
    problem(answer, 409, "EXECUTION_ENDED")


def test_a_delta_that_does_not_fit_is_refused_with_its_operation(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{recorded(client, STATES[:1])}/snapshots"
    answer = client.post(path, json={"delta": [["set", ["plan", 9], "x"]]})
    assert "operation 0" in problem(answer, 422, "DELTA_MISMATCH")["detail"]


def test_a_state_that_is_not_what_its_hash_says_is_refused(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{create(client)['id']}/snapshots"
    answer = client.post(path, json={"state": STATES[0], "stateHash": "0" * 64})
    problem(answer, 422, "STATE_HASH_MISMATCH")


def test_a_page_token_is_good_for_its_own_list_only(client: httpx.Client) -> None:
    session_id = f"session {uuid.uuid4()}"
    for _ in range(3):
        create(client, sessionId=session_id)
    query = {"sessionId": session_id, "pageSize": "1"}
    token = ok(client.get("/api/agent-executions", params=query))["nextPageToken"]
    mutated = ("y" if token[0] == "x" else "x") + token[1:]
    for wrong in (mutated, token[:-2], "e30", "%"):
        answer = client.get("/api/agent-executions", params=query | {"pageToken": wrong})
        problem(answer, 400, "INVALID_PAGE_TOKEN")
    foreign = client.get("/api/agent-executions", params={"sessionId": "another", "pageToken": token})
    problem(foreign, 400, "INVALID_PAGE_TOKEN")


def test_a_missing_route_and_a_wrong_method_are_problems_too(client: httpx.Client) -> None:
    problem(client.get("/api/agent-executors"), 404, "UNIMPLEMENTED")
    answer = client.put("/api/agent-executions", json={})
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert {method.strip() for method in answer.headers["allow"].split(",")} >= {"GET", "POST"}
