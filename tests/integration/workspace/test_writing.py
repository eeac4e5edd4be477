"""Writing records past everything that asks for it: what is written is read, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from tests.integration.workspace.service import Service
from timeloom_platform.errors import AlreadyExistsError
from timeloom_workspace.records.checking import changed_values, new_values, values_of_json
from timeloom_workspace.records.model import Change, Operation, Record
from timeloom_workspace.records.showing import document_of
from timeloom_workspace.records.tables import AGENT_SESSIONS, ENVIRONMENTS, PREFERENCES, TABLES, TASKS, Table
from timeloom_workspace.records.writing import lock, select, write

FIRST = "000000000000001-000000-server"
SECOND = "000000000000002-000000-server"

LEAST: Mapping[str, Mapping[str, object]] = {
    "tasks": {"title": "Water the plants"},
    "environments": {"name": "kitchen"},
    "preferences": {"key": "theme", "value": '"dark"'},
    "agent_sessions": {},
}


async def insert(service: Service, table: Table, record_id: UUID, **given: object) -> Record:
    async with service.rows() as connection:
        values = new_values(table, {**LEAST[table.name], **given})
        change = Change(operation=Operation.INSERT, values=values, clock=FIRST)
        written = await write(connection, service.project_id, table, record_id, change)
    assert written is not None
    return written


async def update(service: Service, table: Table, record_id: UUID, **given: object) -> Record | None:
    async with service.rows() as connection:
        change = Change(operation=Operation.UPDATE, values=changed_values(table, given), clock=SECOND)
        return await write(connection, service.project_id, table, record_id, change)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
async def test_what_is_written_is_read(service: Service, table: Table) -> None:
    written = await insert(service, table, uuid4())
    async with service.rows() as connection:
        assert await select(connection, service.project_id, table, written.id) == written
        assert await lock(connection, service.project_id, table, written.id) == written
    assert (written.version, written.clock) == (1, FIRST)
    assert written.field_clocks == dict.fromkeys(table.fields, FIRST)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
async def test_what_is_shown_can_be_given_back(service: Service, table: Table) -> None:
    written = await insert(service, table, uuid4())
    shown = document_of(written)
    again = new_values(table, values_of_json(table, shown))
    assert {name: again[name] for name in table.fields} == dict(written.values)
    assert msgspec.json.decode(shown)["etag"] == written.etag


async def test_every_kind_of_value_survives(service: Service) -> None:
    environment_id = uuid4()
    await insert(service, ENVIRONMENTS, environment_id, variables='{"PORT": "8080"}')
    task = await insert(
        service,
        TASKS,
        uuid4(),
        status="COMPLETED",
        environment_id=environment_id,
        has_changes=True,
        messages='[{"role":"user","data":{"n":1.5,"größe":"☕"}}]',
        pull_request='{"number":7}',
        tags=["home", "home", "now"],
    )
    assert task.values["environment_id"] == environment_id
    assert (task.values["status"], task.values["has_changes"]) == ("COMPLETED", True)
    assert task.values["tags"] == ["home", "now"]
    assert msgspec.json.decode(task.values["messages"]) == [
        {"role": "user", "data": {"n": 1.5, "größe": "☕"}}
    ]
    start = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    session = await insert(service, AGENT_SESSIONS, uuid4(), start_time=start, total_stages=3)
    assert (session.values["start_time"], session.values["end_time"]) == (start, None)
    assert session.values["total_stages"] == 3


async def test_a_change_keeps_what_it_does_not_name(service: Service) -> None:
    before = await insert(service, TASKS, uuid4(), description="All of them.")
    after = await update(service, TASKS, before.id, status="PAUSED", pull_request='{"number":7}')
    assert after is not None
    assert after.values == {**before.values, "status": "PAUSED", "pull_request": '{"number": 7}'}
    assert (after.version, after.clock) == (2, SECOND)
    assert after.field_clocks == {
        **before.field_clocks,
        "status": SECOND,
        "pull_request": SECOND,
    }
    assert after.update_time > before.update_time
    assert (after.create_time, after.etag != before.etag) == (before.create_time, True)


async def test_nothing_is_changed_that_is_not_there(service: Service) -> None:
    assert await update(service, TASKS, uuid4(), status="PAUSED") is None
    assert await service.events() == []


async def test_every_write_is_told_of(service: Service) -> None:
    record = await insert(service, PREFERENCES, uuid4())
    await update(service, PREFERENCES, record.id, value="1")
    async with service.rows() as connection:
        change = Change(operation=Operation.DELETE, clock=SECOND)
        assert await write(connection, service.project_id, PREFERENCES, record.id, change) is None
    told = await service.events()
    assert [event.topic for event in told] == ["workspace/preferences"] * 3
    assert {tuple(event.workspace_records_changed.record_ids) for event in told} == {(str(record.id),)}


async def test_what_two_may_not_have_is_refused_and_the_transaction_goes_on(service: Service) -> None:
    first = await insert(service, ENVIRONMENTS, uuid4(), name="kitchen")
    async with service.rows() as connection:
        values = new_values(ENVIRONMENTS, {"name": "kitchen"})
        change = Change(operation=Operation.INSERT, values=values, clock=FIRST)
        with pytest.raises(AlreadyExistsError, match="another environment of this name"):
            await write(connection, service.project_id, ENVIRONMENTS, uuid4(), change)
        with pytest.raises(AlreadyExistsError, match=str(first.id)):
            await write(connection, service.project_id, ENVIRONMENTS, first.id, change)
        values = new_values(ENVIRONMENTS, {"name": "garden"})
        change = Change(operation=Operation.INSERT, values=values, clock=FIRST)
        garden = await write(connection, service.project_id, ENVIRONMENTS, uuid4(), change)
        assert garden is not None
        change = Change(operation=Operation.UPDATE, values={"name": "kitchen"}, clock=SECOND)
        with pytest.raises(AlreadyExistsError, match="another environment of this name"):
            await write(connection, service.project_id, ENVIRONMENTS, garden.id, change)
        change = Change(operation=Operation.UPDATE, values={"name": "meadow"}, clock=SECOND)
        renamed = await write(connection, service.project_id, ENVIRONMENTS, garden.id, change)
        assert renamed is not None
    assert (renamed.values["name"], renamed.version) == ("meadow", 2)
    assert len(await service.events()) == 3
