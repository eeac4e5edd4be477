"""Migrations from their upload to their end, and back."""

from __future__ import annotations

from typing import Any

from tests.integration.migration.house import House, documents, everything_stored

TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


def task(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"task-{number}",
        "title": f"Task {number}",
        "status": "DONE",
        "branch": "main",
        "sessionId": "s",
        "repository": "example/app",
        "messages": [{"role": "user", "type": "text", "data": {"text": f"do {number}"}}],
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        "isArchived": False,
        "mode": "code",
        "hasChanges": False,
        **fields,
    }


def browser(tasks: int = 3) -> Any:
    return documents(
        ("task-store", {"state": {"tasks": [task(each) for each in range(tasks)]}, "version": 2}),
        (
            "environments",
            [
                {
                    "id": "e1",
                    "name": "main",
                    "githubOrganization": "example",
                    "githubToken": TOKEN,
                    "githubRepository": "example/app",
                    "createdAt": "2026-01-01T00:00:00Z",
                    "updatedAt": "2026-01-02T00:00:00Z",
                }
            ],
        ),
        ("user-preferences", {"theme": "dark", "language": "de"}),
        ("what-is-this", {"nobody": "knows"}),
    )


async def test_a_browsers_data_comes_over_and_goes_back(house: House) -> None:
    before = await house.rows()
    migration_id = await house.upload(browser())
    await house.call("StartMigration", migration_id=migration_id)
    migration = await house.until(migration_id, "SUCCEEDED", "FAILED")
    assert (migration.error, migration.progress) == ("", 1.0)
    rows = await house.rows()
    assert [len(rows[table]) for table in ("tasks", "environments", "preferences")] == [3, 1, 2]
    await house.call("RollBackMigration", migration_id=migration_id)
    await house.until(migration_id, "ROLLED_BACK")
    assert await house.rows() == before
    assert TOKEN not in await everything_stored(house.database_url)
    assert TOKEN not in "".join(house.answers)
