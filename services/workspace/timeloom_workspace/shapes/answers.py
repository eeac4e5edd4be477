"""Answers of the shape protocol: status, headers and body, and the order in which they are given."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from timeloom_workspace.shapes.clauses.parsing import Clause
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.errors import (
    InvalidShapeRequestError,
    MustRefetchError,
    ShapeError,
    ShapesUnavailableError,
)
from timeloom_workspace.shapes.limits import SUBSET_BYTES_MAX, SUBSET_ROWS_MAX
from timeloom_workspace.shapes.log import Slice
from timeloom_workspace.shapes.offsets import BEFORE_ALL, Offset
from timeloom_workspace.shapes.own_tables import OwnTables
from timeloom_workspace.shapes.requests import ShapeRequest, Subset, parse
from timeloom_workspace.shapes.shape import Definition, Shape, State, clause_of, defined
from timeloom_workspace.shapes.snapshots import RowQuery, order_of
from timeloom_workspace.shapes.tables import Registry

CURSOR_SECONDS: Final = 20
ROWS_PER_FETCH: Final = 1000
MARKS: Final = 1 << 31
"""By its mark a client tells rows of one subset from those of another; it is one of so many numbers."""

_JSON: Final = "application/json; charset=utf-8"
_EVENTS: Final = "text/event-stream"
_FIRST: Final = "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"
_NEXT: Final = "public, max-age=60, stale-while-revalidate=300"
_LIVE: Final = "public, max-age=5, stale-while-revalidate=5"
_NO_STORE: Final = "no-store"
# What a project's rows are depends on who asks: a cache that is shared must not mix them up.
VARY: Final = "authorization, cookie"
_KEEP_ALIVE: Final = b": keep-alive\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer: its body comes in parts."""

    status: int
    headers: Mapping[str, str]
    parts: AsyncIterator[bytes]


async def _whole(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body


def of_error(error: ShapeError) -> Answer:
    """The answer that tells of an error."""
    headers = {"content-type": _JSON, "cache-control": _NO_STORE, **error.headers}
    return Answer(status=error.status, headers=headers, parts=_whole(error.body))


class Answers:
    """Answers requests for shapes.

    Args:
        engine: Keeps the shapes.
        registry: Knows our tables.
        own_tables: Knows those of the installation's own schemas.
        allows_deletion: Whether clients may have a shape begun anew.
    """

    def __init__(
        self, *, engine: Engine, registry: Registry, own_tables: OwnTables, allows_deletion: bool = False
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._own_tables = own_tables
        self._allows_deletion = allows_deletion

    async def answer(
        self,
        *,
        method: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        project_id: str,
        agent_id: str,
    ) -> Answer:
        """The answer to a request; one that cannot be granted is answered with the reason.

        Args:
            method: `GET`, `POST` or `DELETE`.
            query: Of the URL.
            body: Of a `POST`.
            headers: With names in lower case.
            project_id: Whose rows.
            agent_id: The agent that the caller is bound to; empty if it is bound to none.
        """
        try:
            if method == "DELETE":
                return await self._delete(query, project_id)
            request = parse(method, query, body)
            self._require_open(request.table, agent_id)
            if request.subset is not None:
                return await self._subset(request, request.subset, project_id)
            return await self._read(request, headers, project_id)
        except ShapeError as error:
            return of_error(error)

    def _require_open(self, table: str, agent_id: str) -> None:
        """Refuses callers who are bound to an agent a table of which they may not read everything."""
        registration = self._registry.find(table)
        if agent_id and registration is not None and not registration.is_open_to_agents:
            raise ShapeError(
                403,
                {
                    "message": f"A shape of {registration.name} shows a whole project; these credentials are"
                    f" bound to the agent {agent_id}."
                },
            )

    async def _shape(self, request: ShapeRequest, project_id: str) -> Shape:
        """The shape of a request.

        Raises:
            MustRefetchError: The client knows another one.
        """
        definition, clause = await self._defined(request, project_id)
        existing = self._engine.find(definition)
        if request.handle and (existing is None or existing.handle != request.handle):
            raise MustRefetchError((existing or self._engine.begin(definition, clause)).handle)
        return await self._engine.shape(definition, clause)

    async def _defined(self, request: ShapeRequest, project_id: str) -> tuple[Definition, Clause | None]:
        registration = self._registry.find(request.table) or await self._own_tables.find(request.table)
        table = await self._engine.table(registration)
        owner = project_id if registration.project_column is not None else ""
        return defined(request, table, owner)

    async def _read(self, request: ShapeRequest, headers: Mapping[str, str], project_id: str) -> Answer:
        shape = await self._shape(request, project_id)
        offset = request.offset if request.offset is not None else shape.log.end
        if offset.lsn > max(self._engine.last_lsn, shape.log.end.lsn) + 1:
            raise InvalidShapeRequestError.of("offset", "out of bounds for this shape")
        if request.is_event_stream:
            return self._events(shape, offset, request)
        found = shape.after(offset) if request.offset is not None else _nothing(offset)
        if request.is_live and not found.body and found.is_last:
            found = await self._next(shape, offset)
        return _sent(request, shape, offset, found, headers.get("if-none-match", ""))

    async def _next(self, shape: Shape, offset: Offset) -> Slice:
        """What follows a place, as soon as there is something, or nothing when it has been waited for."""
        async with self._engine.waiting_for(shape):
            try:
                async with asyncio.timeout(self._engine.limits.live_seconds):
                    await shape.change()
            except TimeoutError:
                return _nothing(offset)
        self._require(shape)
        return _nothing(offset) if self._engine.is_closing else shape.after(offset)

    def _require(self, shape: Shape) -> None:
        """Refuses to go on with a shape that is gone."""
        if shape.state is State.GONE:
            if not self._engine.follower.is_active:
                raise ShapesUnavailableError("Changes are not followed at the moment.")
            raise MustRefetchError(self._engine.begin(shape.definition, shape.clause).handle)

    def _events(self, shape: Shape, offset: Offset, request: ShapeRequest) -> Answer:
        headers = {
            **_headers(shape, offset),
            "content-type": _EVENTS,
            "cache-control": _NO_STORE,
            "connection": "keep-alive",
            "electric-cursor": _cursor(request.cursor),
            "x-accel-buffering": "no",
        }
        return Answer(status=200, headers=headers, parts=self._event_parts(shape, offset))

    async def _event_parts(self, shape: Shape, offset: Offset) -> AsyncGenerator[bytes]:
        limits = self._engine.limits
        loop = asyncio.get_running_loop()
        end_time = loop.time() + limits.sse_seconds
        async with self._engine.waiting_for(shape):
            while True:
                if shape.state is State.GONE:
                    yield b'data: {"headers":{"control":"must-refetch"}}\n\n'
                    return
                found, events = shape.events_after(offset, partial(_as_events, shape))
                if found.body:
                    yield events
                    offset = found.end
                    if not found.is_last:
                        continue
                if self._engine.is_closing:
                    return
                left = end_time - loop.time()
                if left <= 0:
                    return
                try:
                    async with asyncio.timeout(min(left, limits.keep_alive_seconds)):
                        await shape.change()
                except TimeoutError:
                    yield _KEEP_ALIVE

    async def _subset(self, request: ShapeRequest, subset: Subset, project_id: str) -> Answer:
        shape = await self._shape(request, project_id)
        definition = shape.definition
        table = definition.table
        clauses = [shape.clause] if shape.clause is not None else []
        if subset.where:
            clauses.append(clause_of(subset.where, table, subset.parameters, "subset__where"))
        order = order_of(subset.order_by, table) if subset.order_by else ""
        if not order and (subset.limit is not None or subset.offset):
            raise InvalidShapeRequestError.of("subset__order_by", "can't be blank with a limit or an offset")
        query = RowQuery(
            table=table,
            columns=definition.columns,
            project_id=definition.project_id,
            clauses=clauses,
            order=order,
            limit=min(subset.limit, SUBSET_ROWS_MAX) if subset.limit is not None else SUBSET_ROWS_MAX + 1,
            offset=subset.offset,
            mark=time.time_ns() // 1000 % MARKS,
        )
        offset = shape.log.end
        body = await self._subset_body(query)
        headers = {**_headers(shape, offset), "content-type": _JSON, "cache-control": _NO_STORE}
        headers["electric-schema"] = shape.schema_header
        return Answer(status=200, headers=headers, parts=_whole(body))

    async def _subset_body(self, query: RowQuery) -> bytes:
        registration = query.table.registration
        rows: list[bytes] = []
        size = 0
        async with self._engine.snapshot(registration, query.project_id) as (connection, visibility):
            async for some in self._engine.snapshots.rows(connection, query, ROWS_PER_FETCH):
                rows += some
                size += sum(map(len, some))
                if size > SUBSET_BYTES_MAX or len(rows) > SUBSET_ROWS_MAX:
                    raise InvalidShapeRequestError.of(
                        "subset__limit",
                        f"the subset is larger than {SUBSET_ROWS_MAX} rows or {SUBSET_BYTES_MAX} bytes",
                    )
        metadata = json.dumps({"snapshot_mark": query.mark, **visibility.described()}, separators=(",", ":"))
        return b'{"metadata":' + metadata.encode() + b',"data":[' + b",".join(rows) + b"]}"

    async def _delete(self, query: str, project_id: str) -> Answer:
        if not self._allows_deletion:
            raise ShapeError(
                405, {"message": "Shapes cannot be deleted here"}, {"allow": "GET, POST, OPTIONS"}
            )
        request = parse("DELETE", f"{query}&offset=-1", b"")
        shape = self._engine.by_handle(request.handle) if request.handle else None
        if shape is None:
            definition, _ = await self._defined(request, project_id)
            shape = self._engine.find(definition)
        if shape is None or shape.definition.project_id not in ("", project_id):
            raise ShapeError(404, {"message": "There is no such shape"})
        self._engine.give_up(shape)
        return Answer(status=202, headers={"cache-control": _NO_STORE}, parts=_whole(b""))


def _nothing(offset: Offset) -> Slice:
    return Slice(body=b"", end=offset, is_last=True)


def _headers(shape: Shape, end: Offset) -> dict[str, str]:
    return {"electric-handle": shape.handle, "electric-offset": str(end), "vary": VARY}


def _sent(request: ShapeRequest, shape: Shape, offset: Offset, found: Slice, known: str) -> Answer:
    headers = _headers(shape, found.end)
    headers["content-type"] = _JSON
    headers["etag"] = f'"{shape.handle}:{_start(request)}:{found.end}"'
    if request.is_live:
        headers["cache-control"] = _LIVE
        headers["electric-cursor"] = _cursor(request.cursor)
    else:
        headers["cache-control"] = _FIRST if offset == BEFORE_ALL else _NEXT
        headers["electric-schema"] = shape.schema_header
    if found.is_last:
        headers["electric-up-to-date"] = ""
    if not request.is_live and headers["etag"] in (part.strip() for part in known.split(",")):
        return Answer(status=304, headers=headers, parts=_whole(b""))
    return Answer(status=200, headers=headers, parts=_whole(_document(shape, found)))


def _start(request: ShapeRequest) -> str:
    return "now" if request.offset is None else str(request.offset)


def _document(shape: Shape, found: Slice) -> bytes:
    if not found.is_last:
        return b"[" + found.body + b"]"
    separator = b"," if found.body else b""
    return b"[" + found.body + separator + _up_to_date(shape) + b"]"


def _up_to_date(shape: Shape) -> bytes:
    """Says that the client has all; by the LSN it knows from where to go on.

    That is one after the last change, so that all of its transaction is before it. Nothing else is there: a
    commit's record takes more than a byte. After a snapshot it is 1, before all changes: pglite-sync wants
    one there, too.
    """
    headers = {"control": "up-to-date", "global_last_seen_lsn": str(shape.log.end.lsn + 1)}
    return json.dumps({"headers": headers}, separators=(",", ":")).encode()


def _as_events(shape: Shape, found: Slice) -> bytes:
    body = _document(shape, found)
    messages = json.loads(body)
    return b"".join(
        b"data: " + json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
        for message in messages
    )


def _cursor(previous: str) -> str:
    """A number that grows, the same for all who ask within a while, and never the one that they named."""
    current = int(time.time()) // CURSOR_SECONDS * CURSOR_SECONDS
    if previous.isascii() and previous.isdigit() and len(previous) < 16 and int(previous) >= current:
        current = int(previous) + 1
    return str(current)
