"""Executions are begun, found, edited, ended and deleted, and all of it is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.snapshots.service import Service, refused
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages

RUNNING, SUCCEEDED, FAILED = (
    snapshots_pb2.EXECUTION_STATUS_RUNNING,
    snapshots_pb2.EXECUTION_STATUS_SUCCEEDED,
    snapshots_pb2.EXECUTION_STATUS_FAILED,
)
ALL = {
    "agent_id": "researcher",
    "session_id": "conversation 1",
    "name": "Plan a trip",
    "input": b'{"city": "Lisbon", "days": 3.0}',
    "tags": ["a", "b"],
    "metadata": b'{"z":1,"a":null}',
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}


async def _update(service: Service, execution_id: str, **fields: Any) -> snapshots_pb2.Execution:
    request = messages.UpdateExecutionRequest(execution_id=execution_id, **fields)
    return (await service.stub.UpdateExecution(request, metadata=service.metadata)).execution


async def _delete(service: Service, execution_id: str, **fields: Any) -> None:
    request = messages.DeleteExecutionRequest(execution_id=execution_id, **fields)
    await service.stub.DeleteExecution(request, metadata=service.metadata)


async def _list(service: Service, **fields: Any) -> list[snapshots_pb2.Execution]:
    found: list[snapshots_pb2.Execution] = []
    token = ""
    while True:
        request = messages.ListExecutionsRequest(**{"page_token": token, **fields})
        page = await service.stub.ListExecutions(request, metadata=service.metadata)
        found += page.executions
        token = page.next_page_token
        if not token:
            return found


async def test_an_execution_comes_back_as_it_was_begun(service: Service) -> None:
    execution_id = await service.create(**ALL)
    execution = await service.execution(execution_id)
    assert execution.id == execution_id
    assert execution.status == RUNNING
    assert execution.input == b'{"city":"Lisbon","days":3.0}'
    assert execution.metadata == b'{"a":null,"z":1}'
    assert (
        execution.agent_id,
        execution.session_id,
        execution.name,
        list(execution.tags),
        execution.trace_id,
    ) == (
        ALL["agent_id"],
        ALL["session_id"],
        ALL["name"],
        ALL["tags"],
        ALL["trace_id"],
    )
    assert (execution.head_sequence, execution.snapshot_count, execution.output) == (0, 0, b"")
    assert not execution.HasField("end_time")
    assert execution.etag
    (event,) = await service.events()
    assert event.topic == f"executions/{execution_id}"
    assert event.execution_created.execution.name == "Plan a trip"
    assert event.execution_created.execution.input == b"", "documents are not told"


async def test_creating_with_an_id_may_be_repeated(service: Service) -> None:
    execution_id = str(uuid4())
    assert await service.create(execution_id=execution_id, **ALL) == execution_id
    await service.record(execution_id, state=1)
    assert await service.create(execution_id=execution_id, **ALL) == execution_id
    told = await refused(service.create(execution_id=execution_id, **{**ALL, "name": "Another"}))
    assert (told.status, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    assert len(await service.events()) == 2


async def test_editing_changes_what_is_named_and_the_etag(service: Service) -> None:
    execution_id = await service.create(**ALL)
    before = await service.execution(execution_id)
    await service.record(execution_id, state=1)
    assert (await service.execution(execution_id)).etag == before.etag, "recording is no edit"
    after = await _update(service, execution_id, name="New", etag=before.etag)
    assert (after.name, after.session_id, list(after.tags)) == ("New", ALL["session_id"], ["a", "b"])
    assert after.etag != before.etag
    assert (await _update(service, execution_id, name="New")).etag == after.etag
    cleared = await _update(
        service, execution_id, session_id="", tags=messages.TagList(), metadata=b'["new"]'
    )
    assert (cleared.session_id, list(cleared.tags), cleared.metadata) == ("", [], b'["new"]')
    told = await refused(_update(service, execution_id, name="Late", etag=before.etag))
    assert (told.status, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH")
    kinds = [event.WhichOneof("payload") for event in await service.events()]
    assert kinds == ["execution_created", "snapshots_recorded", "execution_updated", "execution_updated"]


async def test_completing_may_be_repeated_but_not_changed(service: Service) -> None:
    execution_id = await service.create()
    error = snapshots_pb2.ExecutionError(type="TimeoutError", message="too late", stack="at x\nat y")
    ended = await service.complete(execution_id, status=FAILED, error=error, output=b'{"partial": 1}')
    assert (ended.status, ended.error, ended.output) == (FAILED, error, b'{"partial":1}')
    assert ended.HasField("end_time")
    assert await service.complete(execution_id, status=FAILED, error=error, output=b'{"partial":1}') == ended
    told = await refused(service.complete(execution_id, status=SUCCEEDED))
    assert (told.status, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EXECUTION_ENDED")
    assert len(await service.events()) == 2


async def test_what_is_recorded_afterwards_has_the_times_of_its_recorder(service: Service) -> None:
    began, ended = Timestamp(seconds=1_700_000_000, nanos=5_000), Timestamp(seconds=1_700_000_090)
    execution_id = await service.create(create_time=began)
    now = await service.create()
    told = await refused(service.complete(execution_id, end_time=Timestamp(seconds=1_700_000_000)))
    assert (told.reason, told.message) == (
        "INVALID_FIELD",
        "endTime must not be before the execution began, at 2023-11-14T22:13:20.000005+00:00",
    )
    execution = await service.complete(execution_id, end_time=ended)
    assert (execution.create_time, execution.end_time) == (began, ended)
    assert execution.update_time.seconds > ended.seconds
    assert [each.id for each in await _list(service)] == [now, execution_id]
    assert [each.id for each in await _list(service, duration_ms_min=89_000)] == [execution_id]
    assert await _list(service, duration_ms_min=91_000) == []


async def test_deleting_takes_everything_along(service: Service) -> None:
    execution_id = await service.create()
    for number in range(3):
        await service.record(execution_id, state={"n": "x" * number}, effects=[{"kind": 1}])
    told = await refused(_delete(service, execution_id, etag="another"))
    assert told.reason == "ETAG_MISMATCH"
    await _delete(service, execution_id, etag=(await service.execution(execution_id)).etag)
    assert (await refused(service.execution(execution_id))).reason == "NOT_FOUND"
    assert (await refused(_delete(service, execution_id))).reason == "NOT_FOUND"
    async with service.rows() as connection:
        for table in ("executions", "snapshots", "keyframes", "effects"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await service.events())[-1].execution_deleted.execution_id == execution_id
    again = await service.create(execution_id=execution_id)
    assert (await service.record(again, state=1)).sequence == 1


async def test_lists_filter_order_and_page(service: Service) -> None:
    ids = {}
    for number in range(12):
        ids[number] = await service.create(
            agent_id=f"agent {number % 2}",
            session_id=f"session {number % 3}",
            name=f"Ünique {chr(97 + 11 - number)}",
            tags=["even"] if number % 2 == 0 else ["odd", "both"],
        )
    await service.complete(ids[4])
    await service.record(ids[0], state=1)
    numbers = {execution_id: number for number, execution_id in ids.items()}

    async def found(**fields: Any) -> list[int]:
        return [numbers[each.id] for each in await _list(service, **fields)]

    newest_first = list(range(11, -1, -1))
    assert await found(page_size=5) == newest_first
    assert await found(page_size=12) == newest_first
    assert await found(order_by="create_time", page_size=4) == newest_first[::-1]
    assert await found(order_by="name", page_size=5) == newest_first
    assert await found(order_by="name desc", page_size=5) == newest_first[::-1]
    assert (await found(order_by="update_time desc", page_size=5))[:2] == [0, 4]
    assert await found(agent_id="agent 1", page_size=2) == [11, 9, 7, 5, 3, 1]
    assert await found(session_id="session 2") == [11, 8, 5, 2]
    assert await found(statuses=[SUCCEEDED]) == [4]
    assert await found(statuses=[SUCCEEDED, RUNNING], page_size=11) == newest_first
    assert await found(tags=["odd", "both"], agent_id="agent 0") == []
    assert await found(tags=["odd", "both"], page_size=4) == [11, 9, 7, 5, 3, 1]
    assert await found(name_contains="ÜNIQUE C") == [9]
    middle = (await service.execution(ids[6])).create_time
    assert await found(created_after=middle) == [11, 10, 9, 8, 7, 6]
    assert await found(created_before=middle) == [5, 4, 3, 2, 1, 0]


async def test_a_page_token_serves_its_own_list_only(service: Service) -> None:
    for _ in range(3):
        await service.create()
    request = messages.ListExecutionsRequest(page_size=2)
    token = (await service.stub.ListExecutions(request, metadata=service.metadata)).next_page_token
    for fields in ({"agent_id": "other"}, {"order_by": "name"}):
        told = await refused(_list(service, page_size=2, **{**fields, "page_token": token}))
        assert told.reason == "INVALID_PAGE_TOKEN"


async def test_pages_of_executions_end_early_rather_than_grow_too_large(service: Service) -> None:
    document = b'"' + b"d" * (12 * 1024 * 1024) + b'"'
    ids = [await service.create(input=document) for _ in range(4)]
    request = messages.ListExecutionsRequest(page_size=10)
    page = await service.stub.ListExecutions(request, metadata=service.metadata)
    assert [each.id for each in page.executions] == [ids[3], ids[2]]
    assert [each.id for each in await _list(service, page_size=10)] == ids[::-1]


async def test_lists_leave_out_documents_if_asked(service: Service) -> None:
    execution_id = await service.create(**ALL)
    error = snapshots_pb2.ExecutionError(type="TimeoutError", message="too late", stack="at x")
    await service.complete(execution_id, status=FAILED, error=error, output=b"1")
    (whole,) = await _list(service)
    (bare,) = await _list(service, without_documents=True)
    assert (bare.input, bare.output, bare.metadata, bare.error.stack) == (b"", b"", b"", "")
    for name in ("input", "output", "metadata", "error"):
        bare.ClearField(name)
        whole.ClearField(name)
    assert bare == whole


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"agent_id": ""}, "INVALID_FIELD"),
        ({"agent_id": "a\x00"}, "INVALID_FIELD"),
        ({"execution_id": "not a uuid"}, "INVALID_FIELD"),
        ({"trace_id": "xyz"}, "INVALID_FIELD"),
        ({"create_time": Timestamp(seconds=-(10**12))}, "INVALID_FIELD"),
        ({"input": b"{"}, "MALFORMED_JSON"),
        ({"tags": [""]}, "INVALID_FIELD"),
        ({"metadata": b'"' + b"x" * 300_000 + b'"'}, "TOO_LARGE"),
    ],
)
async def test_what_is_wrong_with_an_execution_is_told(
    service: Service, fields: dict[str, Any], reason: str
) -> None:
    assert (await refused(service.create(**fields))).reason == reason
