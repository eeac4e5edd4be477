"""What the end-to-end tests say over REST, in one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
HASH = re.compile(r"[0-9a-f]{64}")

# A small agent at work: numbers of every kind, keys that JSON pointers must escape, text of many scripts.
STATES: Sequence[dict[str, Any]] = (
    {
        "plan": ["look up", "answer"],
        "messages": [{"role": "user", "content": "Wie hoch ist die Zugspitze?"}],
        "budget": {"tokens": 9007199254740993, "dollars": 1.0, "a/b~c": None},
    },
    {
        "plan": ["answer"],
        "messages": [
            {"role": "user", "content": "Wie hoch ist die Zugspitze?"},
            {"role": "tool", "content": {"metres": 2962, "source": "地図"}},
        ],
        "budget": {"tokens": 9007199254740893, "dollars": 0.875, "a/b~c": "\U0001f3d4"},
    },
    {
        "plan": [],
        "messages": [
            {"role": "user", "content": "Wie hoch ist die Zugspitze?"},
            {"role": "tool", "content": {"metres": 2962, "source": "地図"}},
            {"role": "assistant", "content": "2962 m"},
        ],
        "budget": {"tokens": 9007199254740793, "dollars": 0.75, "a/b~c": "\U0001f3d4"},
    },
)


def ok(answer: httpx.Response) -> Any:
    """The document of an answer that must be a success."""
    assert answer.is_success, f"{answer.status_code}: {answer.text}"
    return answer.json()


def create(client: httpx.Client, **fields: Any) -> Any:
    """Creates an execution."""
    return ok(client.post("/api/agent-executions", json={"agentId": "guide", **fields}))


def record(client: httpx.Client, execution_id: str, state: Any, **fields: Any) -> Any:
    """Records a whole state."""
    path = f"/api/agent-executions/{execution_id}/snapshots"
    return ok(client.post(path, json={"state": state, **fields}))


def recorded(client: httpx.Client, states: Sequence[Any] = STATES) -> str:
    """Creates an execution with a snapshot for each of the states; returns its id."""
    execution_id = str(create(client)["id"])
    for number, state in enumerate(states, start=1):
        record(client, execution_id, state, stepName=f"step {number}")
    return execution_id


def problem(answer: httpx.Response, status: int, code: str) -> Mapping[str, Any]:
    """The problem document of an answer that must be a failure of this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"]
    assert document["title"]
    assert document["detail"]
    assert document["requestId"] == answer.headers["x-request-id"]
    return document
