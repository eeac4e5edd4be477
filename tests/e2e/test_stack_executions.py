"""Executions over REST: their whole life, their lists, their names."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.e2e.rest import STATES, TIME, UUID, create, ok, problem, record

pytestmark = pytest.mark.xdist_group("stack")


def without_times(execution: dict[str, Any]) -> dict[str, Any]:
    """The execution without what differs from run to run, which must look as it should."""
    rest = dict(execution)
    assert UUID.fullmatch(rest.pop("id"))
    assert TIME.fullmatch(rest.pop("createTime"))
    assert TIME.fullmatch(rest.pop("updateTime"))
    assert rest.pop("etag")
    return rest


def test_a_created_execution_shows_all_that_it_was_given(client: httpx.Client) -> None:
    given = {
        "agentId": "guide",
        "sessionId": "tour 7",
        "name": "Height of a mountain",
        "input": {"question": "Wie hoch ist die Zugspitze?", "limit": 1.0},
        "tags": ["alps", "demo"],
        "metadata": {"model": "scripted"},
        "traceId": "0af7651916cd43dd8448eb211c80319c",
    }
    created = create(client, **given)
    assert without_times(created) == given | {"status": "RUNNING", "headSequence": 0, "snapshotCount": 0}
    assert ok(client.get(f"/api/agent-executions/{created['id']}")) == created


def test_an_execution_lives_from_create_to_delete(client: httpx.Client) -> None:
    created = create(client, name="first")
    path = f"/api/agent-executions/{created['id']}"
    record(client, created["id"], STATES[0])

    renamed = ok(client.patch(path, json={"name": "second", "tags": {"values": ["kept"]}}))
    assert (renamed["name"], renamed["tags"], renamed["snapshotCount"]) == ("second", ["kept"], 1)

    ended = ok(client.post(f"{path}:complete", json={"status": "SUCCEEDED", "output": {"metres": 2962}}))
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", {"metres": 2962})
    assert TIME.fullmatch(ended["endTime"])
    assert ok(client.get(path)) == ended

    assert client.delete(path).is_success
    problem(client.get(path), 404, "NOT_FOUND")


def test_a_failed_execution_says_why(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{create(client)['id']}"
    error = {"type": "TimeoutError", "message": "no answer", "stack": "Traceback …"}
    ended = ok(client.post(f"{path}:complete", json={"status": "FAILED", "error": error}))
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def test_a_list_pages_through_all_executions_of_a_session_newest_first(client: httpx.Client) -> None:
    session_id = f"session {uuid.uuid4()}"
    created = [create(client, sessionId=session_id, name=f"number {number}")["id"] for number in range(7)]

    listed: list[str] = []
    page: dict[str, Any] = {"nextPageToken": ""}
    while not listed or page["nextPageToken"]:
        query = {"sessionId": session_id, "pageSize": "3", "pageToken": page["nextPageToken"]}
        page = ok(client.get("/api/agent-executions", params=query))
        assert len(page["executions"]) <= 3
        listed += [execution["id"] for execution in page["executions"]]
    assert listed == created[::-1]


def test_a_list_takes_filters(client: httpx.Client) -> None:
    agent_id = f"agent {uuid.uuid4()}"
    running = create(client, agentId=agent_id, tags=["a", "b"])
    ended = create(client, agentId=agent_id, tags=["a"])
    ok(client.post(f"/api/agent-executions/{ended['id']}:complete", json={"status": "CANCELLED"}))

    def found(**query: str) -> list[str]:
        page = ok(client.get("/api/agent-executions", params={"agentId": agent_id, **query}))
        return [execution["id"] for execution in page["executions"]]

    assert found() == [ended["id"], running["id"]]
    assert found(statuses="CANCELLED") == [ended["id"]]
    assert found(tags="b") == [running["id"]]
    assert found(orderBy="create_time") == [running["id"], ended["id"]]


def test_the_short_address_leads_to_the_same_executions(client: httpx.Client) -> None:
    created = ok(client.post("/api/executions", json={"agentId": "guide"}))
    assert ok(client.get(f"/api/agent-executions/{created['id']}")) == created
    assert ok(client.get(f"/api/executions/{created['id']}")) == created
    recorded = ok(client.post(f"/api/executions/{created['id']}/snapshots", json={"state": STATES[0]}))
    assert ok(client.get(f"/api/executions/{created['id']}/snapshots"))["snapshots"] == [recorded]


def test_a_repeated_request_with_one_idempotency_key_creates_one_execution(client: httpx.Client) -> None:
    session_id = f"session {uuid.uuid4()}"
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"agentId": "guide", "sessionId": session_id}
    first, second = (client.post("/api/agent-executions", json=body, headers=headers) for _ in range(2))
    assert ok(first) == ok(second)
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert len(ok(client.get("/api/agent-executions", params={"sessionId": session_id}))["executions"]) == 1

    changed = client.post("/api/agent-executions", json=body | {"name": "another"}, headers=headers)
    problem(changed, 422, "IDEMPOTENCY_KEY_REUSED")


def test_an_execution_of_the_callers_own_id_may_be_created_twice_if_it_is_the_same(
    client: httpx.Client,
) -> None:
    own = {"executionId": str(uuid.uuid4()), "name": "mine"}
    assert create(client, **own) == create(client, **own)
    different = client.post("/api/agent-executions", json={"agentId": "guide", **own, "name": "other"})
    problem(different, 409, "ALREADY_EXISTS")


def test_an_etag_guards_against_lost_changes(client: httpx.Client) -> None:
    path = f"/api/agent-executions/{create(client)['id']}"
    read = client.get(path)
    assert client.get(path, headers={"If-None-Match": read.headers["etag"]}).status_code == 304

    condition = {"If-Match": read.headers["etag"]}
    assert ok(client.patch(path, json={"name": "mine"}, headers=condition))["name"] == "mine"
    document = problem(client.patch(path, json={"name": "late"}, headers=condition), 412, "ETAG_MISMATCH")
    assert "etag" in document["detail"]
    assert ok(client.get(path))["name"] == "mine"
