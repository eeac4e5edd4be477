"""Memories over REST, with the model that comes with the house."""

from __future__ import annotations

import uuid

import httpx
import pytest

from tests.e2e.rest import ok, problem
from tests.e2e.running_stack import RunningStack

pytestmark = pytest.mark.xdist_group("stack")


def test_a_memory_lives_from_create_to_purge(client: httpx.Client) -> None:
    namespace = f"e2e/{uuid.uuid4()}"
    given = {"namespace": namespace, "content": "The Zugspitze is 2962 metres high.", "tags": ["alps"]}
    created = ok(client.post("/api/agent-memory", json={**given, "metadata": {"metres": 2962}}))
    path = f"/api/agent-memory/{created['id']}"
    assert ok(client.get(path)) == created
    assert (created["metadata"], created["dimension"]) == ({"metres": 2962}, 384)

    updated = ok(client.patch(path, json={"tags": {"values": ["alps", "peaks"]}}))
    versions = ok(client.get(f"{path}/versions"))["versions"]
    assert [each["memory"]["tags"] for each in versions] == [["alps", "peaks"], ["alps"]]

    newer = ok(client.post(f"{path}:supersede", json={"replacement": {"content": "It is 2962.06 m high."}}))
    found = {"namespaces": namespace}
    assert ok(client.get("/api/agent-memory", params=found))["memories"] == [newer]
    as_of = {**found, "filter.asOf": updated["updateTime"]}
    assert ok(client.get("/api/agent-memory", params=as_of))["memories"] == [updated]

    ok(client.delete(path))
    ok(client.delete(path, params={"purge": True}))
    problem(client.get(path), 404, "NOT_FOUND")


def test_a_search_right_after_a_write_finds_it_by_its_meaning(client: httpx.Client) -> None:
    namespace = f"e2e/{uuid.uuid4()}"
    texts = [
        "The cat sleeps on the sofa.",
        "Invoices are due within thirty days.",
        "Rome is the capital of Italy.",
    ]
    memories = [{"namespace": namespace, "content": text} for text in texts]
    written = ok(client.post("/api/agent-memory:batch", json={"memories": memories}))
    search = {
        "query": "Where does the pet rest?",
        "namespaces": [namespace],
        "minSequence": written["sequence"],
    }
    results = ok(client.post("/api/agent-memory/search", json=search))["results"]
    assert results[0]["memory"]["content"] == texts[0]


def test_an_unrelated_question_gets_no_context(client: httpx.Client) -> None:
    namespace = f"e2e/{uuid.uuid4()}"
    texts = [
        *("Marta prefers her status reports in bullet points.", "The staging database is db-7."),
        *("Invoices for Norway take this year's tax rate.", "Backups are kept for ten days."),
        *("Priya asked for a dark theme.", "The coffee machine grinds its own beans."),
        *("Tomas signs off releases in March.", "The search page folds umlauts."),
        *("Card payments from Spain need a second factor.", "Checkout has four replicas."),
    ]
    memories = [{"namespace": namespace, "content": text} for text in texts]
    ok(client.post("/api/agent-memory:batch", json={"memories": memories}))

    def context(query: str, **search: object) -> list[str]:
        body = {"search": {"query": query, "namespaces": [namespace], **search}}
        made = ok(client.post("/api/agent-memory/context", json=body))
        assert bool(made.get("text")) == bool(made.get("results"))
        return [each["memory"]["content"] for each in made.get("results", [])]

    for unrelated in ("How do I make sourdough bread?", "Who painted the Mona Lisa?", "How tall is Everest?"):
        assert context(unrelated) == []
        assert len(context(unrelated, scoreMin=0)) == len(texts)
    assert "Backups are kept for ten days." in context("for how long do we have backups?")
    assert "Marta prefers her status reports in bullet points." in context("write a report for Marta")


def test_other_projects_find_nothing(
    stack: RunningStack, client: httpx.Client, other_projects_key: str
) -> None:
    namespace = f"e2e/{uuid.uuid4()}"
    created = ok(client.post("/api/agent-memory", json={"namespace": namespace, "content": "A secret."}))
    with stack.client(other_projects_key) as stranger:
        problem(stranger.get(f"/api/agent-memory/{created['id']}"), 404, "NOT_FOUND")
        assert ok(stranger.post("/api/agent-memory/search", json={"query": "secret"}))["results"] == []
