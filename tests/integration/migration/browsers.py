"""What browsers kept, small enough to see through."""

from __future__ import annotations

from typing import Any

import msgspec

from timeloom.exports import Export, ExportSource

# Put together, so that no scanner takes it for one that was leaked.
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
SOURCE = ExportSource(origin="https://app.example", app="agents", user_id="ada")
CREATED = "2026-01-01T00:00:00Z"
UPDATED = "2026-01-02T00:00:00Z"


def export_of(*records: tuple[str, Any]) -> Export:
    """Makes an export of what localStorage has: each value is the text of a document."""
    return Export.of(
        [("localStorage", key, msgspec.json.encode(value).decode()) for key, value in records], source=SOURCE
    )


def task(number: int, **fields: Any) -> dict[str, Any]:
    """Makes a task as the app had it."""
    return {
        "id": f"task-{number}",
        "title": f"Task {number}",
        "status": "DONE",
        "branch": "main",
        "sessionId": "s",
        "repository": "example/app",
        "messages": [{"role": "user", "type": "text", "data": {"text": f"do {number}"}}],
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "isArchived": False,
        "mode": "code",
        "hasChanges": False,
        **fields,
    }


def environment(name: str = "main", **fields: Any) -> dict[str, Any]:
    """Makes an environment with a token in clear."""
    return {
        "id": f"environment-{name}",
        "name": name,
        "githubOrganization": "example",
        "githubToken": TOKEN,
        "githubRepository": "example/app",
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        **fields,
    }


def memories(count: int, *, dimension: int = 8) -> tuple[str, Any]:
    """Makes the record of an index of memories."""
    documents = [
        {
            "id": f"memory-{number}",
            "content": f"Fact {number}",
            "vector": [float(number % (place + 2)) + 0.5 for place in range(dimension)],
            "metadata": {"agentType": "researcher"},
        }
        for number in range(count)
    ]
    return "vector-index-agent-memory", {"documents": documents, "lastUpdate": UPDATED, "config": {}}


def browser(tasks: int = 3, *others: tuple[str, Any]) -> Export:
    """Makes an export with something of each kind."""
    return export_of(
        ("task-store", {"state": {"tasks": [task(each) for each in range(tasks)]}, "version": 2}),
        ("environments", [environment()]),
        ("user-preferences", {"theme": "dark", "language": "de"}),
        memories(5),
        ("what-is-this", {"nobody": "knows"}),
        *others,
    )
