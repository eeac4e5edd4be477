"""The protocol's rules, one after the other."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.integration.workspace.shapes.conftest import Got, ServeShapes, Shapes
from timeloom_workspace.shapes.limits import ShapeLimits

UP_TO_DATE = {"headers": {"control": "up-to-date", "global_last_seen_lsn": "1"}}
"""Of a shape in which nothing has changed since its snapshot."""


async def begun(shapes: Shapes, **fields: str) -> Got:
    """The answer to a first request; what comes next is read with `following`."""
    first = await shapes.ask(offset="-1", **fields)
    assert first.status == 200, first.body
    return first


async def following(shapes: Shapes, before: Got, *, if_none_match: str = "", **fields: str) -> Got:
    if if_none_match:
        return await shapes.get(offset=before.offset, handle=before.handle, if_none_match=if_none_match)
    return await shapes.ask(offset=before.offset, handle=before.handle, **fields)


async def caught_up(shapes: Shapes, before: Got, count: int, **fields: str) -> list[dict[str, Any]]:
    """So many changes, as they come."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            before = await following(shapes, before, live="true", **fields)
            assert before.status == 200, before.body
            found += before.changes
    return found


def titles(subset: Got) -> list[str]:
    return [row["value"]["title"] for row in subset.document["data"]]


async def test_an_empty_table_is_an_empty_snapshot_and_then_up_to_date(shapes: Shapes) -> None:
    first = await begun(shapes)
    assert (first.changes, first.offset, first.is_up_to_date) == ([], "0_0", False)
    second = await following(shapes, first)
    assert second.messages == [UP_TO_DATE]
    assert second.is_up_to_date
    assert second.handle == first.handle


async def test_a_snapshot_shows_the_rows_as_texts(shapes: Shapes) -> None:
    task_id = await shapes.insert("ä \"quoted\"\n'title'", has_changes=True, tags=("a", "b c"))
    first = await begun(shapes, columns="id,title,has_changes,tags,version,environment_id")
    assert first.changes == [
        {
            "key": f'"workspace"."tasks"/"{task_id}"',
            "value": {
                "id": str(task_id),
                "title": "ä \"quoted\"\n'title'",
                "environment_id": None,
                "has_changes": "true",
                "tags": '{a,"b c"}',
                "version": "1",
            },
            "headers": {"operation": "insert", "relation": ["workspace", "tasks"]},
        }
    ]
    schema = json.loads(first.headers["electric-schema"])
    assert schema["id"] == {"type": "uuid", "not_null": True, "pk_index": 0}
    assert schema["tags"] == {"type": "text", "dims": 1, "not_null": True}
    assert "project_id" not in schema


async def test_a_snapshot_ends_with_what_it_has_seen(shapes: Shapes) -> None:
    for fields in ({}, {"log": "changes_only"}):
        before = int(await shapes.connection.fetchval("SELECT pg_current_xact_id()::text"))
        first = await begun(shapes, **fields)
        end = first.messages[-1]["headers"]
        assert set(end) == {"control", "xmin", "xmax", "xip_list"}
        assert end["control"] == "snapshot-end"
        assert before < int(end["xmax"])
        assert str(before) not in end["xip_list"]


async def test_changes_come_in_their_order_with_their_transaction(shapes: Shapes) -> None:
    first = await begun(shapes, columns="id,title,has_changes")
    async with shapes.connection.transaction():
        xid = int(await shapes.connection.fetchval("SELECT pg_current_xact_id()::text")) % (1 << 32)
        task_id = await shapes.insert("one")
        await shapes.execute("UPDATE workspace.tasks SET title = 'two' WHERE id = $1", task_id)
        await shapes.execute("DELETE FROM workspace.tasks WHERE id = $1", task_id)
    changes = await caught_up(shapes, first, 3, columns="id,title,has_changes")
    assert [change["headers"]["operation"] for change in changes] == ["insert", "update", "delete"]
    assert [change["headers"]["op_position"] for change in changes] == [0, 2, 4]
    assert all(change["headers"]["txids"] == [xid] for change in changes)
    assert [change["headers"].get("last", False) for change in changes] == [False, False, True]
    assert [change["value"] for change in changes] == [
        {"id": str(task_id), "title": "one", "has_changes": "false"},
        {"id": str(task_id), "title": "two"},
        {"id": str(task_id)},
    ]


async def test_the_full_replica_shows_what_was_before(shapes: Shapes) -> None:
    task_id = await shapes.insert("one")
    fields = {"columns": "id,title,status", "replica": "full"}
    first = await begun(shapes, **fields)
    await shapes.execute("UPDATE workspace.tasks SET title = 'two' WHERE id = $1", task_id)
    await shapes.execute("DELETE FROM workspace.tasks WHERE id = $1", task_id)
    update, delete = await caught_up(shapes, first, 2, **fields)
    whole = {"id": str(task_id), "title": "two", "status": "PENDING"}
    assert (update["value"], update["old_value"]) == (whole, {"title": "one"})
    assert delete["value"] == whole


async def test_an_update_of_columns_that_are_not_shown_is_none(shapes: Shapes) -> None:
    task_id = await shapes.insert("one")
    first = await begun(shapes, columns="id,title")
    await shapes.execute("UPDATE workspace.tasks SET branch = 'b' WHERE id = $1", task_id)
    await shapes.execute("UPDATE workspace.tasks SET title = 'two' WHERE id = $1", task_id)
    (change,) = await caught_up(shapes, first, 1, columns="id,title")
    assert change["value"] == {"id": str(task_id), "title": "two"}


async def test_rows_move_into_a_shape_and_out_of_it(shapes: Shapes) -> None:
    task_id = await shapes.insert("one", status="PENDING")
    fields = {"where": "status = $1", "params[1]": "COMPLETED", "columns": "id,status"}
    first = await begun(shapes, **fields)
    assert first.changes == []
    for status in ("COMPLETED", "PAUSED"):
        await shapes.execute("UPDATE workspace.tasks SET status = $2 WHERE id = $1", task_id, status)
    moved_in, moved_out = await caught_up(shapes, first, 2, **fields)
    assert moved_in["headers"]["operation"] == "insert"
    assert moved_in["value"] == {"id": str(task_id), "status": "COMPLETED"}
    assert moved_out["headers"]["operation"] == "delete"


async def test_a_live_request_ends_with_nothing_when_nothing_happens(shapes: Shapes) -> None:
    first = await begun(shapes)
    nothing = await following(shapes, first, live="true", cursor="7")
    assert nothing.messages == [UP_TO_DATE]
    assert int(nothing.headers["electric-cursor"]) > 7
    assert nothing.headers["cache-control"] == "public, max-age=5, stale-while-revalidate=5"


async def test_the_log_is_the_same_wherever_one_begins(shapes: Shapes) -> None:
    first = await begun(shapes)
    ids = [await shapes.insert(f"task {number}") for number in range(5)]
    await caught_up(shapes, first, 5)
    again = await following(shapes, first)
    assert [change["value"]["id"] for change in again.changes] == [str(task_id) for task_id in ids]
    third = f"{again.changes[2]['headers']['lsn']}_{again.changes[2]['headers']['op_position']}"
    rest = await shapes.get(offset=third, handle=first.handle)
    assert rest.changes == again.changes[3:]


async def test_the_first_answer_never_changes(shapes: Shapes) -> None:
    await shapes.insert()
    first = await begun(shapes)
    await shapes.insert()
    await caught_up(shapes, first, 1)
    again = await begun(shapes)
    assert (again.body, again.headers["etag"]) == (first.body, first.headers["etag"])
    assert first.headers["cache-control"] == (
        "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"
    )
    assert (await following(shapes, first)).headers["etag"] != first.headers["etag"]


async def test_an_etag_that_is_known_is_not_modified(shapes: Shapes) -> None:
    first = await begun(shapes)
    second = await following(shapes, first)
    known = await following(shapes, first, if_none_match=second.headers["etag"])
    assert (known.status, known.body) == (304, b"")


async def test_now_is_where_the_log_ends(shapes: Shapes) -> None:
    await shapes.insert("before")
    now = await shapes.get(offset="now")
    assert (now.changes, now.is_up_to_date) == ([], True)
    await shapes.insert("after")
    (change,) = await caught_up(shapes, now, 1)
    assert change["value"]["title"] == "after"


async def test_a_log_of_changes_alone_has_no_snapshot(shapes: Shapes) -> None:
    await shapes.insert("before")
    first = await begun(shapes, log="changes_only")
    assert first.changes == []
    await shapes.insert("after")
    (change,) = await caught_up(shapes, first, 1, log="changes_only")
    assert change["value"]["title"] == "after"


async def test_a_handle_that_is_not_known_has_to_fetch_anew(shapes: Shapes) -> None:
    first = await begun(shapes)
    refused = await shapes.get(offset="0_0", handle="1-1")
    assert refused.status == 409
    assert refused.document == [{"headers": {"control": "must-refetch"}}]
    assert refused.handle == first.handle
    assert (await shapes.get(offset="-1", handle=refused.handle)).status == 200


async def test_an_emptied_table_has_to_be_fetched_anew(shapes: Shapes) -> None:
    await shapes.insert()
    first = await begun(shapes)
    waiting = asyncio.create_task(following(shapes, first, live="true"))
    await shapes.execute("TRUNCATE workspace.tasks")
    refused = await waiting
    while refused.status == 200:  # it ended before the table was emptied
        refused = await following(shapes, first, live="true")
    assert refused.status == 409
    assert refused.handle != first.handle
    assert (await shapes.get(offset="-1", handle=refused.handle)).changes == []


async def test_a_snapshot_comes_in_chunks(serve: ServeShapes) -> None:
    limits = ShapeLimits(chunk_bytes=10_000, live_seconds=2.0, poll_seconds=0.02)
    async with serve(limits=limits) as shapes:
        ids = {str(await shapes.insert("x" * 1000)) for _ in range(35)}
        found: list[str] = []
        got = await begun(shapes, columns="id,title")
        sizes = [len(got.body)]
        while not got.is_up_to_date:
            found += [change["value"]["id"] for change in got.changes]
            got = await following(shapes, got, columns="id,title")
            sizes.append(len(got.body))
        assert (sorted(found), len(sizes) >= 4) == (sorted(ids), True)
        assert all(8_000 < size < 12_000 for size in sizes[:-2])
        log = {str(await shapes.insert("y" * 1000)) for _ in range(25)}
        await caught_up(shapes, got, 25, columns="id,title")
        parts: list[Got] = [got]
        while len(parts) == 1 or not parts[-1].is_up_to_date:
            parts.append(await following(shapes, parts[-1], columns="id,title"))
        assert {change["value"]["id"] for part in parts[1:] for change in part.changes} == log
        assert all(8_000 < len(part.body) < 12_000 for part in parts[1:-1])


async def test_events_come_one_by_one_and_the_stream_ends(shapes: Shapes) -> None:
    await shapes.insert("before")
    first = await begun(shapes, columns="id,title")
    answer = await shapes.open(
        columns="id,title", offset=first.offset, handle=first.handle, live="true", live_sse="true"
    )
    assert answer.headers["content-type"] == "text/event-stream"
    events: list[Any] = []
    comments = 0
    async for part in answer.parts:
        if part == b": keep-alive\n\n":
            comments += 1
            if comments == 1:
                await shapes.insert("after")
        else:
            events += [json.loads(line[6:]) for line in part.decode().split("\n\n") if line]
    assert comments >= 1
    assert [event["headers"].get("control", event.get("value", {}).get("title")) for event in events] == [
        "after",
        "up-to-date",
    ]
    resumed = await shapes.get(
        offset=f"{events[1]['headers']['global_last_seen_lsn']}_0", handle=first.handle, columns="id,title"
    )
    assert resumed.changes == []


async def test_a_subset_is_read_as_it_is_now(shapes: Shapes) -> None:
    for version in range(5):
        await shapes.insert(f"task {version}", version=version)
    first = await shapes.get(offset="now", log="changes_only")
    body = {"where": "version > $1", "params": {"1": "1"}, "order_by": "version DESC", "limit": 2}
    posted = await shapes.get(
        method="POST",
        body=json.dumps(body).encode(),
        offset=first.offset,
        handle=first.handle,
        log="changes_only",
    )
    assert {"snapshot_mark", "xmin", "xmax", "xip_list", "database_lsn"} == set(posted.document["metadata"])
    asked = await shapes.get(
        offset=first.offset,
        handle=first.handle,
        log="changes_only",
        subset__where="version > $1",
        subset__params='{"1":"1"}',
        subset__order_by='"version" DESC',
        subset__limit="2",
    )
    assert titles(asked) == titles(posted) == ["task 4", "task 3"]
    for got in (posted, asked):
        mark = got.document["metadata"]["snapshot_mark"]
        assert all(row["headers"]["snapshot_mark"] == mark for row in got.document["data"])


async def test_deleting_a_shape_is_for_those_who_allow_it(serve: ServeShapes) -> None:
    async with serve() as shapes:
        assert (await shapes.get(method="DELETE")).status == 405
    async with serve(allows_deletion=True) as shapes:
        first = await begun(shapes)
        assert (await shapes.get(method="DELETE", handle=first.handle)).status == 202
        assert (await following(shapes, first)).status == 409


async def test_another_projects_rows_are_in_no_answer(shapes: Shapes) -> None:
    other = (await shapes.insert("mine")).__class__(int=7)
    await shapes.insert("theirs", project_id=other)
    first = await begun(shapes, where="true OR title <> ''")
    assert [change["value"]["title"] for change in first.changes] == ["mine"]
    await shapes.insert("theirs, too", project_id=other)
    await shapes.insert("mine, too")
    (change,) = await caught_up(shapes, first, 1, where="true OR title <> ''")
    assert change["value"]["title"] == "mine, too"
    subset = await shapes.get(offset=first.offset, subset__where="true")
    assert {row["value"]["title"] for row in subset.document["data"]} == {"mine", "mine, too"}


async def test_tables_of_a_service_with_another_database_are_told_to_be_elsewhere(shapes: Shapes) -> None:
    got = await shapes.ask(table="migrations", offset="-1")
    assert (got.status, got.headers["retry-after"]) == (503, "10")
    assert got.document == {
        "message": "There is no table of migrations in the workspace's database: its service has not made it "
        "yet, or has a database of its own."
    }
