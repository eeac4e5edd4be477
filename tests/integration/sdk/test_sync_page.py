"""The page about changes made offline says what is so: its snippets run, one after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from tests.integration.sdk.workspace_service import WorkspaceService
from timeloom import Timeloom
from timeloom.errors import MissingScopeError, NotFoundError
from timeloom.mutations import ConflictPolicy, MutationOutcome, MutationQueue, SyncConflictStatus
from timeloom.workspace.v1 import sync_service_pb2 as pb

PAGE = Path(__file__).parents[3] / "docs" / "sync.md"
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)
REQUEST = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_snippets_run(workspace_service: WorkspaceService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMELOOM_API_KEY", workspace_service.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", workspace_service.address)
    said: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: said.append(" ".join(str(value) for value in values))}
    snippets = SNIPPET.findall(PAGE.read_text(encoding="utf-8"))
    try:
        for text in snippets:
            said.clear()
            exec(compile(text, str(PAGE), "exec"), names)
            assert said == SAID.findall(text)
    finally:
        names["client"].close()
    assert len(snippets) == 4


def test_the_request_is_one_of_the_contract() -> None:
    (request,) = REQUEST.findall(PAGE.read_text(encoding="utf-8"))
    # Documents are bytes in the message, and enums have their whole names: REST takes both in short.
    short = re.sub(r'"value": \{.*\}', '"value": "e30="', request).replace(
        '"INSERT"', '"MUTATION_OPERATION_INSERT"'
    )
    parsed = json_format.Parse(short, pb.ApplyMutationsRequest())
    assert [each.table for each in parsed.mutations] == ["tasks"]


def test_a_client_lists_decides_and_gives_up(workspace_service: WorkspaceService) -> None:
    with Timeloom(api_key=workspace_service.admin_key, grpc_address=workspace_service.address) as client:
        one, other = MutationQueue("one"), MutationQueue("other")
        client.sync.set_policy("agent_sessions", ConflictPolicy.MANUAL)
        session = one.insert("agent_sessions", {"title": "Dinner"})
        (made,) = client.sync.send(one)
        one.update("agent_sessions", session.record_id, {"title": "Lunch"}, base_clock=made.clock)
        client.sync.send(one)
        mutation = other.update("agent_sessions", session.record_id, {"title": "Tea"}, base_clock=made.clock)
        (result,) = client.sync.send(other)
        assert (result.outcome, other.pending) == (MutationOutcome.CONFLICT, {})
        (repeated,) = client.sync.apply("other", [mutation])
        assert repeated.is_repeated
        open_ones = client.sync.conflicts(
            status=SyncConflictStatus.OPEN, table="agent_sessions", record_id=session.record_id
        )
        assert [each.mutation for each in open_ones] == [mutation]
        decided = client.sync.take_value(result.conflict_id, {"title": "Supper"})
        assert (decided.status, decided.result["title"]) == (SyncConflictStatus.RESOLVED, "Supper")

        one.delete("tasks", "nothing")
        (rejected,) = client.sync.send(one)
        (letter,) = client.sync.dead_letters(client_id="one")
        assert (letter.id, letter.reason) == (rejected.dead_letter_id, "recordId: must be a UUID")
        client.sync.discard(letter.id)
        with pytest.raises(NotFoundError):
            client.sync.discard(letter.id)


def test_only_an_administrator_sets_policies(workspace_service: WorkspaceService) -> None:
    with (
        Timeloom(api_key=workspace_service.api_key, grpc_address=workspace_service.address) as client,
        pytest.raises(MissingScopeError),
    ):
        client.sync.set_policy("tasks", ConflictPolicy.MANUAL)
