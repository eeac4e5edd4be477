"""Migrations from their upload to their end, and back."""

from __future__ import annotations

import time
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.integration.migration.browsers import (
    TOKEN,
    browser,
    environment,
    export_of,
    memories,
    task,
)
from tests.integration.migration.house import House, everything_stored
from timeloom.memory.v1 import memory_service_pb2
from timeloom.migration.v1 import migration_pb2
from timeloom.migration.v1 import migration_service_pb2 as messages
from timeloom.workspace.v1 import workspace_service_pb2 as workspace
from timeloom_migration.limits import READ_RECORDS_MAX

ACTIONS = migration_pb2.MigrationAction


def actions_of(items: list[migration_pb2.MigrationItem]) -> list[tuple[str, str]]:
    """Returns what is done with each item, by its name in the record."""
    return [(each.source_id, ACTIONS.Name(each.action).removeprefix("MIGRATION_ACTION_")) for each in items]


async def migrated(house: House, export: Any, **fields: Any) -> str:
    """Migrates an export to its good end."""
    migration_id = await house.upload(export, **fields)
    await house.call("StartMigration", migration_id=migration_id)
    migration = await house.until(migration_id, "SUCCEEDED", "FAILED")
    assert (migration.error, migration.progress) == ("", 1.0)
    return migration_id


async def rolled_back(house: House, migration_id: str) -> migration_pb2.Migration:
    """Takes a migration back to the end."""
    await house.call("RollBackMigration", migration_id=migration_id)
    return await house.until(migration_id, "ROLLED_BACK")


async def test_a_browsers_data_comes_over_and_goes_back(house: House) -> None:
    before = await house.rows(), await house.memories()
    migration_id = await migrated(house, browser())
    rows = await house.rows()
    counts = {name: len(rows[name]) for name in ("tasks", "environments", "preferences")}
    assert counts == {"tasks": 3, "environments": 1, "preferences": 2}
    assert len(await house.memories()) == 5

    verification = (await house.call("VerifyMigration", migration_id=migration_id)).verification
    assert (verification.ok, verification.checked_count) == (True, 11)

    migration = await rolled_back(house, migration_id)
    assert (migration.progress, migration.can_roll_back) == (0.0, False)
    assert (await house.rows(), await house.memories()) == before

    await house.call("StartMigration", migration_id=migration_id)
    again = await house.until(migration_id, "SUCCEEDED", "FAILED")
    assert again.error == ""
    assert len((await house.rows())["tasks"]) == 3


async def test_no_secret_is_stored_or_told_in_clear(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    for policy in migration_pb2.SecretPolicy.values()[1:]:
        migration_id = await migrated(
            house, browser(1, ("secure_key", {"value": TOKEN})), secret_policy=policy
        )
        await house.items(migration_id)
        await rolled_back(house, migration_id)
        await migrated(house, browser(1), secret_policy=policy)
    assert TOKEN not in await everything_stored(house.database_url)
    assert TOKEN not in "".join(house.answers)
    assert TOKEN not in "".join(capfd.readouterr())


async def test_a_plan_changes_nothing(house: House) -> None:
    before = await house.rows()
    migration_id = await house.upload(browser(1))
    await house.call("PlanMigration", migration_id=migration_id)
    migration = await house.until(migration_id, "PLANNED")
    assert (migration.counts.create, migration.counts.keep, migration.counts.done) == (9, 2, 0)
    assert await house.rows() == before
    await house.call("StartMigration", migration_id=migration_id)
    await house.until(migration_id, "SUCCEEDED")


@pytest.mark.parametrize(
    ("resolution", "action", "names", "organization"),
    [
        ("SKIP", "SKIP", ["main"], "there"),
        ("OVERWRITE", "OVERWRITE", ["main"], "example"),
        ("MERGE", "MERGE", ["main"], "there"),
        ("RENAME", "RENAME", ["main", "main ("], "there"),
    ],
)
async def test_what_is_there_already_becomes_what_the_resolution_says(
    house: House, resolution: str, action: str, names: list[str], organization: str
) -> None:
    request = workspace.CreateEnvironmentRequest(name="main", github_organization="there")
    await house.workspace.CreateEnvironment(request, metadata=house.metadata)
    before = await house.rows()
    value = migration_pb2.ConflictResolution.Value(f"CONFLICT_RESOLUTION_{resolution}")
    migration_id = await migrated(
        house, export_of(("environments", [environment()])), conflict_resolution=value
    )
    assert actions_of(await house.items(migration_id)) == [("environment-main", action)]
    listed = await house.workspace.ListEnvironments(
        workspace.ListEnvironmentsRequest(), metadata=house.metadata
    )
    assert [each.name[: len(name)] for each, name in zip(listed.environments, names, strict=True)] == names
    assert listed.environments[0].github_organization == organization
    await rolled_back(house, migration_id)
    assert await house.rows() == before


async def test_a_person_decides_and_the_migration_goes_on(house: House) -> None:
    request = workspace.CreateEnvironmentRequest(name="main", github_organization="there")
    await house.workspace.CreateEnvironment(request, metadata=house.metadata)
    ask = migration_pb2.CONFLICT_RESOLUTION_ASK
    migration_id = await house.upload(browser(1), conflict_resolution=ask)
    await house.call("StartMigration", migration_id=migration_id)
    waiting = await house.until(migration_id, "WAITING")
    assert (waiting.open_conflict_count, waiting.counts.ask) == (1, 1)
    (conflict,) = (await house.call("ListMigrationConflicts", migration_id=migration_id)).conflicts
    assert b"there" in conflict.existing
    assert TOKEN.encode() not in conflict.incoming
    await house.call(
        "ResolveMigrationConflict",
        migration_id=migration_id,
        conflict_id=conflict.id,
        resolution=migration_pb2.CONFLICT_RESOLUTION_OVERWRITE,
    )
    done = await house.until(migration_id, "SUCCEEDED", "FAILED")
    assert (done.error, done.open_conflict_count, done.counts.overwrite) == ("", 0, 1)


async def test_what_people_changed_since_is_kept_and_listed(house: House) -> None:
    before = await house.rows()
    migration_id = await migrated(house, browser(3))
    items = [each for each in await house.items(migration_id) if each.table == "tasks"]
    edited = workspace.UpdateTaskRequest(task_id=items[1].target_id, title="mine")
    await house.workspace.UpdateTask(edited, metadata=house.metadata)
    await rolled_back(house, migration_id)
    (kept,) = (await house.rows())["tasks"]
    assert "mine" in kept
    (conflict,) = (await house.call("ListMigrationConflicts", migration_id=migration_id)).conflicts
    assert (conflict.from_rollback, conflict.item.number) == (True, items[1].number)
    assert b"mine" in conflict.existing
    assert (await house.rows()) | {"tasks": []} == before


async def edited_and_rolled_back(house: House, *titles: str) -> list[migration_pb2.MigrationConflict]:
    """Migrates three tasks, edits the first ones, and takes all back; returns what is left."""
    migration_id = await migrated(house, browser(3))
    tasks = [each for each in await house.items(migration_id) if each.table == "tasks"]
    for task_item, title in zip(tasks, titles, strict=False):
        await edit(house, task_item.target_id, title)
    await rolled_back(house, migration_id)
    listed = await house.call("ListMigrationConflicts", migration_id=migration_id, only_open=True)
    return list(listed.conflicts)


async def edit(house: House, task_id: str, title: str) -> None:
    """Changes a task as a person does."""
    request = workspace.UpdateTaskRequest(task_id=task_id, title=title)
    await house.workspace.UpdateTask(request, metadata=house.metadata)


async def decide(house: House, conflict: migration_pb2.MigrationConflict, resolution: str) -> Any:
    """Decides a conflict of the only migration."""
    (migration,) = (await house.call("ListMigrations")).migrations
    return await house.call(
        "ResolveMigrationConflict",
        migration_id=migration.id,
        conflict_id=conflict.id,
        resolution=migration_pb2.ConflictResolution.Value(f"CONFLICT_RESOLUTION_{resolution}"),
    )


async def test_what_a_rollback_left_alone_is_kept_or_restored_as_a_person_decides(house: House) -> None:
    before = await house.rows()
    mine, theirs = await edited_and_rolled_back(house, "kept", "given up")
    if b"kept" not in mine.existing:
        mine, theirs = theirs, mine
    for resolution in ("MERGE", "RENAME", "ASK"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await decide(house, mine, resolution)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    await decide(house, mine, "SKIP")
    await decide(house, theirs, "OVERWRITE")
    rows = await house.rows()
    assert rows | {"tasks": []} == before
    (kept,) = rows["tasks"]
    assert "kept" in kept
    with pytest.raises(grpc.aio.AioRpcError) as decided:
        await decide(house, theirs, "OVERWRITE")
    assert decided.value.code() is grpc.StatusCode.NOT_FOUND


async def test_what_was_there_before_comes_back_to_the_last_byte_also_if_it_was_deleted(house: House) -> None:
    created = await house.workspace.CreateEnvironment(
        workspace.CreateEnvironmentRequest(name="main", github_organization="there", secrets={"KEY": TOKEN}),
        metadata=house.metadata,
    )
    before = await house.rows()
    overwrite = migration_pb2.CONFLICT_RESOLUTION_OVERWRITE
    migration_id = await migrated(
        house, export_of(("environments", [environment()])), conflict_resolution=overwrite
    )
    await house.workspace.DeleteEnvironment(
        workspace.DeleteEnvironmentRequest(environment_id=created.environment.id), metadata=house.metadata
    )
    await rolled_back(house, migration_id)
    assert (await house.rows())["environments"] == []
    (conflict,) = (await house.call("ListMigrationConflicts", migration_id=migration_id)).conflicts
    assert conflict.existing == b""
    await decide(house, conflict, "OVERWRITE")
    assert await house.rows() == before


async def test_what_was_changed_again_is_not_overwritten_unseen(house: House) -> None:
    before = await house.rows()
    (conflict,) = await edited_and_rolled_back(house, "once")
    await edit(house, conflict.item.target_id, "twice")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await decide(house, conflict, "OVERWRITE")
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    (migration,) = (await house.call("ListMigrations")).migrations
    (again,) = (await house.call("ListMigrationConflicts", migration_id=migration.id)).conflicts
    assert (again.id, b"twice" in again.existing) == (conflict.id, True)
    await decide(house, again, "OVERWRITE")
    assert await house.rows() == before


async def test_a_memory_that_was_changed_since_goes_when_a_person_decides_so(house: House) -> None:
    migration_id = await migrated(house, export_of(memories(3)))
    (first, *_) = await house.items(migration_id)
    await house.memory.UpdateMemory(
        memory_service_pb2.UpdateMemoryRequest(memory_id=first.target_id, content="mine"),
        metadata=house.metadata,
    )
    await rolled_back(house, migration_id)
    (kept,) = await house.memories()
    assert "mine" in kept
    (conflict,) = (await house.call("ListMigrationConflicts", migration_id=migration_id)).conflicts
    await decide(house, conflict, "OVERWRITE")
    assert await house.memories() == []


async def test_mutations_that_were_queued_offline_are_applied_and_taken_back(house: House) -> None:
    before = await house.rows()
    queue = [
        {
            "id": f"op-{number}",
            "table": "tasks",
            "operation": "insert" if number == 0 else "update",
            "data": {"id": "7b1d2f0e-6a50-4f6e-9a53-0a3f2b6c1d11", "title": f"Queued {number}"},
            "timestamp": int(time.time() * 1000) - 60_000 + number,
            "retryCount": 0,
        }
        for number in range(3)
    ]
    migration_id = await migrated(house, export_of(("electric-offline-queue", queue)))
    (row,) = (await house.rows())["tasks"]
    assert "Queued 2" in row
    await rolled_back(house, migration_id)
    assert await house.rows() == before


async def test_memories_keep_their_vectors(house: House) -> None:
    migration_id = await migrated(house, export_of(memories(300)))
    (first, *_) = await house.items(migration_id)
    request = memory_service_pb2.GetMemoryRequest(memory_id=first.target_id, include_vector=True)
    memory = (await house.memory.GetMemory(request, metadata=house.metadata)).memory
    assert (memory.content, memory.dimension) == ("Fact 0", 8)
    await rolled_back(house, migration_id)
    assert await house.memories() == []


async def test_progress_is_told_as_it_comes_and_never_falls(house: House) -> None:
    migration_id = await house.upload(browser(50))
    await house.call("StartMigration", migration_id=migration_id)
    request = messages.WatchMigrationRequest(migration_id=migration_id)
    watched = house.stub.WatchMigration(request, metadata=house.metadata)
    seen = [each.migration.progress async for each in watched]
    assert seen == sorted(seen)
    assert (len(seen) > 3, seen[-1]) == (True, 1.0)


async def test_a_paused_migration_waits_until_it_is_resumed(house: House) -> None:
    migration_id = await house.upload(browser(3))
    await house.call("StartMigration", migration_id=migration_id)
    await house.call("PauseMigration", migration_id=migration_id)
    assert await house.status(migration_id) == "PAUSED"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await house.call("StartMigration", migration_id=migration_id)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    await house.call("ResumeMigration", migration_id=migration_id)
    await house.until(migration_id, "SUCCEEDED")


async def test_the_same_twice_in_an_export_comes_once(house: House) -> None:
    twice = export_of(("task-store", {"state": {"tasks": [task(1)]}}), ("tasks", [task(1, title="Other")]))
    migration_id = await migrated(house, twice)
    assert len((await house.rows())["tasks"]) == 1
    assert len(await house.items(migration_id)) == 2


async def test_an_export_is_read_in_parts_as_if_it_were_read_at_once(house: House) -> None:
    environments = {"environments": [environment("first")]}
    between = [(f"cache_{number}", number) for number in range(READ_RECORDS_MAX)]
    migration_id = await migrated(
        house,
        export_of(
            ("tasks", [task(1, title="Old"), task(2, title="New", updatedAt="2026-02-02T00:00:00Z")]),
            ("environments-backup", [environment("older copy")]),
            *between,
            ("task-store", [task(1, title="New", updatedAt="2026-02-02T00:00:00Z"), task(2, title="Old")]),
            ("environments", environments),
        ),
    )
    rows = await house.rows()
    assert (len(rows["tasks"]), len(rows["environments"])) == (2, 1)
    assert all("New" in row for row in rows["tasks"])
    items = [each for each in await house.items(migration_id) if not each.key.startswith("cache_")]
    actions = [action for _, action in actions_of(items)]
    assert list(zip([each.key for each in items], actions, strict=True)) == [
        ("tasks", "SKIP"),
        ("tasks", "CREATE"),
        ("environments-backup", "SKIP"),
        ("task-store", "CREATE"),
        ("task-store", "SKIP"),
        ("environments", "CREATE"),
    ]
