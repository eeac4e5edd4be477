"""Uploads: proven record by record, resumed where they ended, and never taken twice."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import msgspec
import pytest

from tests.integration.migration.browsers import TOKEN, browser
from tests.integration.migration.house import House, everything_stored
from timeloom.exports import Export


def records_of(export: Export) -> list[dict[str, Any]]:
    """Returns the records of an export as a request has them."""
    documents: list[dict[str, Any]] = []
    for _, part in export.parts():
        documents.extend(msgspec.json.decode(part))
    return documents


async def begun(house: House, export: Export) -> str:
    """Begins an upload, and returns the migration's id."""
    created = await house.call(
        "CreateMigration",
        migration_id=str(uuid4()),
        format_version=1,
        record_count=len(export.records),
        sha256=export.sha256,
    )
    return str(created.migration.id)


async def append(house: House, migration_id: str, first_index: int, records: Any) -> Any:
    """Adds records."""
    return (
        await house.call(
            "AppendRecords",
            migration_id=migration_id,
            first_index=first_index,
            records=msgspec.json.encode(records),
        )
    ).migration


async def test_a_record_that_was_changed_is_refused_by_its_place_and_key(house: House) -> None:
    export = browser()
    records = records_of(export)
    migration_id = await begun(house, export)
    records[1]["value"] = records[1]["value"].replace("main", "mail", 1)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await append(house, migration_id, 0, records)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = refused.value.details() or ""
    assert "records[1]" in details
    assert "(environments)" in details
    assert TOKEN not in details
    migration = await house.migration(migration_id)
    assert migration.received_record_count == 0
    assert TOKEN not in await everything_stored(house.database_url)


async def test_an_upload_goes_on_where_it_ended_and_takes_nothing_twice(house: House) -> None:
    export = browser()
    records = records_of(export)
    migration_id = await begun(house, export)
    assert (await append(house, migration_id, 0, records[:2])).received_record_count == 2
    assert (await append(house, migration_id, 0, records[:3])).received_record_count == 3
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await append(house, migration_id, 4, records[4:])
    assert "firstIndex must be at most 3" in (refused.value.details() or "")
    assert (await append(house, migration_id, 3, records[3:])).received_record_count == len(records)
    assert await house.status(migration_id) == "UPLOADED"
    assert (await append(house, migration_id, 0, records)).received_record_count == len(records)


async def test_records_in_another_order_are_refused_as_a_whole(house: House) -> None:
    export = browser()
    records = records_of(export)
    migration_id = await begun(house, export)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await append(house, migration_id, 0, [records[1], records[0], *records[2:]])
    assert "sha256" in (refused.value.details() or "")
    assert (await house.migration(migration_id)).received_record_count == 0


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ("text", "must be an object"),
        ({"store": "localStorage", "key": "a", "sha256": "0" * 64}, "must have store, key, value and sha256"),
        ({"store": "", "key": "a", "value": 1, "sha256": "0" * 64}, "must have a store"),
        ({"store": "localStorage", "key": 1, "value": 1, "sha256": "0" * 64}, "must have a key"),
        ({"store": "localStorage", "key": "a", "value": 1, "sha256": "0" * 64}, "was changed"),
    ],
)
async def test_what_is_no_record_is_refused_with_the_reason(house: House, record: Any, problem: str) -> None:
    migration_id = await begun(house, browser())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await append(house, migration_id, 0, [record])
    assert problem in (refused.value.details() or "")
