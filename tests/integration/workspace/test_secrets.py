"""Secrets go in and never come out; another master key takes over what is sealed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.snapshots.service import refused
from tests.integration.workspace.service import SEALING_KEY, Service, running_service
from timeloom.workspace.v1 import secrets_service_pb2 as opening_messages
from timeloom.workspace.v1 import workspace_pb2
from timeloom.workspace.v1 import workspace_service_pb2 as messages
from timeloom.workspace.v1.secrets_service_pb2_grpc import SecretsServiceStub
from timeloom_platform.auth import Scope
from timeloom_platform.data_keys import Rewrapping
from timeloom_platform.errors import DataLossError
from timeloom_platform.sealing import MasterKeys
from timeloom_workspace.records import secrets
from timeloom_workspace.records.events import RECORD_IDS_MAX, merged, record_changed
from timeloom_workspace.records.secrets import SecretName

if TYPE_CHECKING:
    from timeloom.workspace.v1.secrets_service_pb2_grpc import SecretsServiceAsyncStub

SECRET = "ghp_a-token-that-nobody-may-see"
NEW_KEY = "another master key that only the tests know"

TABLES_WITH_ALL = """
SELECT relname FROM pg_class WHERE relnamespace = 'workspace'::regnamespace AND relkind = 'r'
"""


async def create(service: Service, name: str = "kitchen", **fields: Any) -> workspace_pb2.Environment:
    given: dict[str, Any] = {"secrets": {"TOKEN": SECRET}, **fields}
    request = messages.CreateEnvironmentRequest(name=name, **given)
    return (await service.stub.CreateEnvironment(request, metadata=service.metadata)).environment


async def opened(service: Service, environment: str, name: str, keys: MasterKeys) -> str:
    wanted = SecretName(environment=environment, name=name)
    async with service.rows() as connection:
        return await secrets.opened(connection, service.project_id, wanted, keys)


def opening(
    service: Service, *names: tuple[str, str], scope: Scope = Scope.INTERNAL, project_id: UUID | None = None
) -> Awaitable[opening_messages.OpenSecretsResponse]:
    stub: SecretsServiceAsyncStub = SecretsServiceStub(service.channel)
    request = opening_messages.OpenSecretsRequest(
        names=[opening_messages.SecretName(environment=place, name=name) for place, name in names]
    )
    return stub.OpenSecrets(request, metadata=service.metadata_of(project_id or service.project_id, scope))


async def test_services_open_what_is_sealed(service: Service) -> None:
    made = await create(service, secrets={"TOKEN": SECRET, "UNICODE": "größe ☕"})
    # What has the id comes before what merely has it as its name.
    await create(service, made.id, secrets={"TOKEN": "another"})
    found = await opening(service, (made.id, "TOKEN"), ("kitchen", "UNICODE"), ("kitchen", "TOKEN"))
    assert list(found.values) == [SECRET, "größe ☕", SECRET]


async def test_what_cannot_be_opened_is_named(service: Service) -> None:
    await create(service)
    missing = await refused(opening(service, ("kitchen", "TOKEN"), ("kitchen", "OTHER")))
    assert (missing.reason, missing.message) == (
        "NOT_FOUND",
        "There is no secret OTHER of the environment kitchen.",
    )
    nowhere = await refused(opening(service, ("garden", "TOKEN")))
    assert (nowhere.reason, nowhere.message) == (
        "NOT_FOUND",
        "There is no environment garden, and so no secret TOKEN of it.",
    )


async def test_nobody_else_opens_anything(service: Service) -> None:
    await create(service)
    for scope in (Scope.READ, Scope.WRITE, Scope.ADMIN):
        assert (await refused(opening(service, ("kitchen", "TOKEN"), scope=scope))).reason == "MISSING_SCOPE"
    others = await refused(opening(service, ("kitchen", "TOKEN"), project_id=uuid4()))
    assert others.reason == "NOT_FOUND"


async def test_no_answer_event_log_or_row_has_a_secret(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    stub, metadata = service.stub, service.metadata
    made = await create(service)
    update = messages.UpdateEnvironmentRequest(environment_id=made.id, secrets={"TOKEN": SECRET + "2"})
    answers: list[object] = [
        made,
        await stub.UpdateEnvironment(update, metadata=metadata),
        await stub.GetEnvironment(messages.GetEnvironmentRequest(environment_id=made.id), metadata=metadata),
        await stub.ListEnvironments(messages.ListEnvironmentsRequest(), metadata=metadata),
        await refused(create(service)),
        await refused(create(service, "x" * 300)),
        await refused(create(service, "garden", metadata=b"[]")),
        await refused(create(service, "garden", secrets={"TOKEN": SECRET + "\x00" * 70_000})),
        await service.events(),
    ]
    assert SECRET not in repr(answers)
    connection = await asyncpg.connect(service.database_url)
    try:
        tables = [row["relname"] for row in await connection.fetch(TABLES_WITH_ALL)]
        assert "environment_secrets" in tables
        for table in tables:
            rows = await connection.fetch(f"SELECT kept::text FROM workspace.{table} AS kept")
            held = "".join(row[0] for row in rows)
            assert SECRET not in held
            assert SECRET.encode().hex() not in held
    finally:
        await connection.close()
    logged = capfd.readouterr()
    assert SECRET not in logged.out + logged.err


async def test_a_sealed_secret_that_is_copied_does_not_open(service: Service) -> None:
    keys = MasterKeys(SEALING_KEY)
    one, other = await create(service), await create(service, "garden")
    async with service.rows() as connection:
        await connection.execute(
            """
            UPDATE environment_secrets SET sealed = (
                SELECT sealed FROM environment_secrets WHERE environment_id = $1
            ) WHERE environment_id = $2
            """,
            UUID(one.id),
            UUID(other.id),
        )
    with pytest.raises(DataLossError):
        await opened(service, other.id, "TOKEN", keys)


async def test_secrets_go_with_their_environment(service: Service) -> None:
    made = await create(service)
    request = messages.DeleteEnvironmentRequest(environment_id=made.id)
    await service.stub.DeleteEnvironment(request, metadata=service.metadata)
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM environment_secrets") == 0


async def test_environments_made_at_once_share_the_projects_key(service: Service) -> None:
    made = await asyncio.gather(*(create(service, f"place {number}") for number in range(6)))
    keys = MasterKeys(SEALING_KEY)
    assert [await opened(service, each.id, "TOKEN", keys) for each in made] == [SECRET] * 6
    async with service.rows() as connection:
        assert await connection.fetchval("SELECT count(*) FROM data_keys") == 1


async def test_another_master_key_takes_over(database_url: str) -> None:
    old, both = MasterKeys(SEALING_KEY), MasterKeys(NEW_KEY, others=[SEALING_KEY])
    new = MasterKeys(NEW_KEY)
    async with running_service(database_url, master_keys=old) as service:
        made = await create(service)
        async with running_service(database_url, project_id=uuid4(), master_keys=old) as neighbour:
            theirs = await create(neighbour)
            assert await Rewrapping(service.database, both).rewrap() == 2
            assert await Rewrapping(service.database, both).rewrap() == 0
            assert await opened(neighbour, theirs.id, "TOKEN", new) == SECRET
        assert await opened(service, made.id, "TOKEN", new) == SECRET
        # A service that was not given the key refuses, and leaves everything as it is.
        request = messages.UpdateEnvironmentRequest(environment_id=made.id, secrets={"OTHER": SECRET})
        found = await refused(service.stub.UpdateEnvironment(request, metadata=service.metadata))
        assert (found.reason, SECRET in repr(found)) == ("UNAVAILABLE", False)
        assert new.current_id in found.message
        assert await Rewrapping(service.database, old).rewrap() == 0
    async with running_service(database_url, project_id=service.project_id, master_keys=new) as service:
        update = messages.UpdateEnvironmentRequest(environment_id=made.id, secrets={"OTHER": SECRET})
        changed = await service.stub.UpdateEnvironment(update, metadata=service.metadata)
        assert list(changed.environment.secret_names) == ["OTHER", "TOKEN"]


def test_events_of_one_table_are_told_as_one() -> None:
    first, second = uuid4(), uuid4()
    event = merged(record_changed("tasks", first), record_changed("tasks", second))
    assert event is not None
    assert list(event.workspace_records_changed.record_ids) == [str(first), str(second)]
    again = merged(event, record_changed("tasks", first))
    assert again is not None
    assert list(again.workspace_records_changed.record_ids) == [str(first), str(second)]
    assert merged(event, record_changed("environments", first)) is None
    for _ in range(RECORD_IDS_MAX):
        event = merged(event, record_changed("tasks", uuid4()))
        assert event is not None
    # Too many to be named: whoever listens looks at all.
    assert list(event.workspace_records_changed.record_ids) == []
    assert json.dumps(event.topic) == '"workspace/tasks"'
