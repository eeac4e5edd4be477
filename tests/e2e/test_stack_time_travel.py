"""Recording and stepping back over REST, with whole values compared."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.rest import HASH, STATES, TIME, create, ok, problem, record, recorded

pytestmark = pytest.mark.xdist_group("stack")


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_a_recorded_snapshot_is_numbered_hashed_and_measured(client: httpx.Client) -> None:
    execution_id = create(client)["id"]
    given = {
        "kind": "DECISION_POINT",
        "stepName": "plan",
        "label": "before the tool",
        "tags": ["kept"],
        "key": "my-1",
        "metadata": {"attempt": 1},
    }
    snapshot = record(client, execution_id, STATES[0], **given)
    assert HASH.fullmatch(snapshot.pop("stateHash"))
    assert HASH.fullmatch(snapshot.pop("chainHash"))
    assert TIME.fullmatch(snapshot.pop("createTime"))
    assert snapshot.pop("storedBytes") > 0
    assert snapshot == given | {
        "executionId": execution_id,
        "sequence": 1,
        "parentSequence": 0,
        "stateBytes": len(canonical(STATES[0]).encode()),
        "effects": [],
        "effectCount": 0,
    }


def test_every_state_comes_back_as_it_was_recorded(client: httpx.Client) -> None:
    execution_id = recorded(client)
    for sequence, state in enumerate(STATES, start=1):
        answer = client.get(f"/api/agent-executions/{execution_id}/snapshots/{sequence}")
        assert ok(answer)["state"] == state
        # Python takes 1.0 for 1 and any integer for exact: the text must be the same, too.
        assert f'"state":{canonical(state)}' in answer.text


def test_the_head_is_number_zero(client: httpx.Client) -> None:
    execution_id = recorded(client)
    assert ok(client.get(f"/api/agent-executions/{execution_id}/snapshots/0"))["state"] == STATES[-1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/messages/1/content", {"metres": 2962, "source": "地図"}),
        ("/budget/a~1b~0c", "\U0001f3d4"),
        ("/budget/tokens", 9007199254740893),
        ("/plan", ["answer"]),
    ],
)
def test_a_path_shows_a_part_of_a_state(client: httpx.Client, path: str, expected: Any) -> None:
    address = f"/api/agent-executions/{recorded(client)}/snapshots/2"
    assert ok(client.get(address, params={"path": path}))["state"] == expected


def test_a_path_that_leads_nowhere_is_named(client: httpx.Client) -> None:
    address = f"/api/agent-executions/{recorded(client)}/snapshots/2"
    document = problem(client.get(address, params={"path": "/messages/7"}), 404, "PATH_NOT_FOUND")
    assert "'7' in the list of 2 at /messages" in document["detail"]


def test_a_list_shows_all_snapshots_without_their_states(client: httpx.Client) -> None:
    execution_id = create(client)["id"]
    snapshots = [
        record(client, execution_id, state, stepName=f"step {number}")
        for number, state in enumerate(STATES, start=1)
    ]
    path = f"/api/agent-executions/{execution_id}/snapshots"
    assert ok(client.get(path)) == {"snapshots": snapshots, "nextPageToken": ""}
    assert [snapshot["sequence"] for snapshot in snapshots] == [1, 2, 3]
    assert all("state" not in snapshot for snapshot in snapshots)

    first = ok(client.get(path, params={"pageSize": 2, "descending": "true"}))
    assert first["snapshots"] == snapshots[:0:-1]
    query = {"pageSize": "2", "descending": "true", "pageToken": first["nextPageToken"]}
    assert ok(client.get(path, params=query)) == {"snapshots": snapshots[:1], "nextPageToken": ""}


def test_a_delta_is_recorded_like_the_state_that_it_makes(client: httpx.Client) -> None:
    execution_id = recorded(client, STATES[:1])
    delta = [["set", ["budget", "dollars"], 0.5], ["splice", ["plan"], 0, 1, []]]
    ok(client.post(f"/api/agent-executions/{execution_id}/snapshots", json={"delta": delta}))
    state = ok(client.get(f"/api/agent-executions/{execution_id}/snapshots/2"))["state"]
    assert state == STATES[0] | {"plan": ["answer"], "budget": {**STATES[0]["budget"], "dollars": 0.5}}


def test_a_diff_names_every_difference_and_nothing_else(client: httpx.Client) -> None:
    execution_id = recorded(client)
    path = f"/api/agent-executions/{execution_id}/diff"
    assert ok(client.get(path, params={"fromSequence": 1, "toSequence": 2})) == {
        "from": {"executionId": execution_id, "sequence": 1},
        "to": {"executionId": execution_id, "sequence": 2},
        "changes": [
            {
                "kind": "CHANGED",
                "path": "/budget/a~1b~0c",
                "oldPath": "",
                "oldValue": None,
                "newValue": "\U0001f3d4",
            },
            {"kind": "CHANGED", "path": "/budget/dollars", "oldPath": "", "oldValue": 1.0, "newValue": 0.875},
            {
                "kind": "CHANGED",
                "path": "/budget/tokens",
                "oldPath": "",
                "oldValue": 9007199254740993,
                "newValue": 9007199254740893,
            },
            {"kind": "ADDED", "path": "/messages/1", "oldPath": "", "newValue": STATES[1]["messages"][1]},
            {"kind": "REMOVED", "path": "/plan/0", "oldPath": "", "oldValue": "look up"},
        ],
        "truncated": False,
    }


def test_a_diff_compares_two_executions(client: httpx.Client) -> None:
    one, other = recorded(client, STATES[:1]), recorded(client, STATES[:2])
    query = {"fromSequence": "1", "toSequence": "2", "toExecutionId": other, "path": "/plan"}
    assert ok(client.get(f"/api/agent-executions/{one}/diff", params=query)) == {
        "from": {"executionId": one, "sequence": 1},
        "to": {"executionId": other, "sequence": 2},
        "changes": [{"kind": "REMOVED", "path": "/plan/0", "oldPath": "", "oldValue": "look up"}],
        "truncated": False,
    }


def test_effects_are_kept_with_their_snapshot(client: httpx.Client) -> None:
    execution_id = create(client)["id"]
    effect = {"kind": "TOOL", "name": "search", "request": {"q": "Zugspitze"}, "response": {"metres": 2962}}
    record(client, execution_id, STATES[0], effects=[effect])
    snapshot = ok(client.get(f"/api/agent-executions/{execution_id}/snapshots/1"))
    (kept,) = snapshot["effects"]
    assert TIME.fullmatch(kept.pop("createTime"))
    assert kept == effect | {"key": "1", "ordinal": 1}
    assert snapshot["effectCount"] == 1


def test_a_repeated_key_returns_the_snapshot_that_is_there(client: httpx.Client) -> None:
    execution_id = create(client)["id"]
    first, second = (record(client, execution_id, STATES[0], key="once") for _ in range(2))
    assert first == second
    assert ok(client.get(f"/api/agent-executions/{execution_id}"))["snapshotCount"] == 1
