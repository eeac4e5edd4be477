"""Shapes that Electric keeps: asked for by projects, and never showing one of them another's rows."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.workspace.service import SECRET as INTERNAL_SECRET
from tests.integration.workspace.service import Service, running_service
from tests.integration.workspace.shapes.conftest import INSERT_TASK, Got
from tests.integration.workspace.shapes.electric import PUBLICATION, SECRET, Electric, running_electric
from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import InternalTokens
from timeloom_platform.testing import eventually
from timeloom_platform.testing.databases import Databases, Rooms
from timeloom_workspace.assembly import PACKAGE, ROOM
from timeloom_workspace.parts import ElectricGround, ShapeGround
from timeloom_workspace.shapes import catalogue
from timeloom_workspace.shapes.clauses.lexing import TokenKind, tokens_of
from timeloom_workspace.shapes.electric.confining import confined
from timeloom_workspace.shapes.errors import InvalidShapeRequestError
from timeloom_workspace.shapes.registered import LOGGED_WHOLE
from timeloom_workspace.shapes.requests import parse
from timeloom_workspace.shapes.tables import RegisteredTables

ROLE_FILE = Path(__file__).parents[4] / "k8s" / "components" / "electric" / "role.sql"
ROLE = "timeloom_electric"
CLAUSES = 800


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE, "migration": "timeloom_migration"}


@dataclass(frozen=True, kw_only=True)
class Electrified:
    """A service whose shapes Electric keeps."""

    electric: Electric
    service: Service
    superuser: Any

    async def ask(
        self,
        further: Mapping[str, str] | None = None,
        *,
        project_id: uuid.UUID | None = None,
        method: str = "GET",
        body: bytes = b"",
        if_none_match: str = "",
        **fields: str,
    ) -> Got:
        """What the service answers."""
        stub = shapes_service_pb2_grpc.ShapesServiceStub(self.service.channel)
        request = shapes_service_pb2.ReadShapeRequest(
            method=method,
            query=urlencode({"table": "tasks", **fields, **(further or {})}),
            body=body,
            headers={"if-none-match": if_none_match} if if_none_match else {},
        )
        call: Any = stub.ReadShape(
            request, metadata=self.service.metadata_of(project_id or self.service.project_id), timeout=60
        )
        responses = [response async for response in call]
        head = responses[0].head
        return Got(
            status=head.status,
            headers=dict(head.headers),
            body=b"".join(response.part for response in responses[1:]),
        )

    async def insert(self, title: str, *, project_id: uuid.UUID | None = None, version: int = 1) -> str:
        """A task of a project."""
        task_id = uuid.uuid4()
        project_id = project_id or self.service.project_id
        values: Sequence[object] = (project_id, task_id, title, "", "PENDING", False, (), version)
        await self.superuser.execute(INSERT_TASK, *values)
        return str(task_id)


def _as_role(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}"))


@pytest_asyncio.fixture
async def electrified(databases: Databases, database_url: str, tmp_path: Path) -> AsyncIterator[Electrified]:
    superuser_url = await databases.superuser_url(database_url)
    superuser = await asyncpg.connect(superuser_url)
    # Roles are the cluster's, which other tests use, too.
    role, password = f"electric_{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    await superuser.execute(ROLE_FILE.read_text(encoding="utf-8").replace(ROLE, role))
    await superuser.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
    try:
        electric_url = _as_role(database_url, role, password)
        async with running_electric(electric_url, tmp_path / "electric") as electric:
            ground = ShapeGround(
                database_url=database_url,
                directory=tmp_path / "shapes",
                tokens=InternalTokens(INTERNAL_SECRET),
                address="",
                electric=ElectricGround(url=electric.url, secret=SECRET),
            )
            async with running_service(database_url, shapes=ground) as service:
                yield Electrified(electric=electric, service=service, superuser=superuser)
    finally:
        await superuser.execute(f"DROP OWNED BY {role}")
        await superuser.execute(f"DROP ROLE {role}")
        await superuser.close()


async def test_a_project_sees_its_own_rows_and_their_changes(electrified: Electrified) -> None:
    other = uuid.uuid4()
    mine = await electrified.insert("mine")
    await electrified.insert("theirs", project_id=other)
    first = await electrified.ask(offset="-1", columns="id,title,version")
    assert first.status == 200
    assert [change["value"] for change in first.changes] == [
        {"project_id": str(electrified.service.project_id), "id": mine, "title": "mine", "version": "1"}
    ]
    await electrified.superuser.execute("UPDATE workspace.tasks SET title = 'new', version = 2")
    changes: list[dict[str, Any]] = []
    got = first

    async def has_changed() -> bool:
        nonlocal got
        got = await electrified.ask(
            offset=got.offset, handle=got.handle, live="true", columns="id,title,version"
        )
        changes.extend(got.changes)
        return bool(changes)

    await eventually(has_changed)
    assert [change["value"]["title"] for change in changes] == ["new"]
    theirs = await electrified.ask(offset="-1", project_id=other)
    assert [change["value"]["title"] for change in theirs.changes] == ["new"]
    assert "field_clocks" not in theirs.changes[0]["value"]


async def test_events_come_as_they_happen_until_the_service_leaves(electrified: Electrified) -> None:
    first = await electrified.ask(offset="-1")
    query = {
        "table": "tasks",
        "offset": first.offset,
        "handle": first.handle,
        "live": "true",
        "live_sse": "true",
    }
    stub = shapes_service_pb2_grpc.ShapesServiceStub(electrified.service.channel)
    service = electrified.service
    call: Any = stub.ReadShape(
        shapes_service_pb2.ReadShapeRequest(method="GET", query=urlencode(query)),
        metadata=service.metadata_of(service.project_id),
        timeout=60,
    )
    head = await anext(aiter(call))
    assert head.head.headers["content-type"] == "text/event-stream"
    await electrified.insert("mine")
    await electrified.insert("theirs", project_id=uuid.uuid4())
    seen = b""
    async for response in call:
        seen += response.part
        if b"mine" in seen:
            service.assembly.end_streams()
    assert b"mine" in seen
    assert b"theirs" not in seen


async def test_what_electric_is_asked_is_confined_and_whole(electrified: Electrified) -> None:
    await electrified.ask(
        {"params[1]": "x", "secret": "not it", "api_secret": "no", "expired_handle": "7-7"},
        offset="-1",
        where="title = $1 OR version > 3",
        columns='"title",id',
        replica="full",
        log="changes_only",
    )
    assert electrified.electric.asked == [
        {
            "table": "workspace.tasks",
            "columns": "project_id,id,title",
            "where": "project_id = $2 AND ( title = $1 OR version > 3 )",
            "params[1]": "x",
            "params[2]": str(electrified.service.project_id),
            "replica": "full",
            "log": "changes_only",
            "offset": "-1",
        }
    ]


async def test_a_subset_is_of_the_project(electrified: Electrified) -> None:
    for number in range(3):
        await electrified.insert(f"mine {number}", version=number)
        await electrified.insert("theirs", project_id=uuid.uuid4(), version=number)
    body = json.dumps({"where": "version > $1", "params": ["0"], "order_by": "version DESC", "limit": 9})
    for got in (
        await electrified.ask(method="POST", body=body.encode(), offset="-1"),
        await electrified.ask(subset__where="version > 0", subset__order_by="version DESC"),
    ):
        assert got.status == 200
        assert [row["value"]["title"] for row in got.document["data"]] == ["mine 2", "mine 1"]


async def test_what_electric_says_besides_the_protocol_goes_no_further(electrified: Electrified) -> None:
    first = await electrified.ask(offset="-1")
    assert "set-cookie" not in first.headers
    assert first.headers["vary"] == "authorization, cookie"
    unchanged = await electrified.ask(offset="-1", if_none_match=first.headers["etag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    anew = await electrified.ask(offset="9_0", handle="12-34")
    assert (anew.status, anew.headers["electric-handle"]) == (409, first.handle)


async def test_a_handle_of_another_project_opens_nothing(electrified: Electrified) -> None:
    other = uuid.uuid4()
    await electrified.insert("theirs", project_id=other)
    theirs = await electrified.ask(offset="-1", project_id=other)
    got = await electrified.ask(offset="0_0", handle=theirs.handle)
    assert got.status == 409
    assert got.headers["electric-handle"] != theirs.handle


async def test_a_failure_of_electric_is_told_without_its_words(electrified: Electrified) -> None:
    failures: Sequence[tuple[int, Mapping[str, str]]] = (
        (401, {}),
        (500, {}),
        (302, {"location": "/"}),
        (503, {"retry-after": "5"}),
    )
    for failure in failures:
        electrified.electric.failure = failure
        got = await electrified.ask(offset="-1")
        assert (got.status, got.document) == (503, {"message": "Electric does not serve shapes now."})
        assert got.headers["retry-after"] == failure[1].get("retry-after", "1")


async def test_without_electric_there_are_no_shapes(electrified: Electrified) -> None:
    electrified.electric.failure = (0, {})
    got = await electrified.ask(offset="-1")
    assert (got.status, got.document) == (503, {"message": "Electric does not answer."})


REFUSED: Sequence[tuple[str, Mapping[str, str]]] = (
    ("table", {"table": "environment_secrets"}),
    ("table", {"table": "pg_catalog.pg_authid"}),
    *(("table", {"table": name}) for name in ("executions", "workflow_executions", "memories")),
    ("columns", {"columns": "id,field_clocks"}),
    ("columns", {"columns": "id,project_id"}),
    ("where", {"where": "project_id IS NOT NULL"}),
    ("where", {"where": "true) OR (true"}),
    ("where", {"where": "title = $2", "params[1]": "x"}),
    ("where", {"where": "id IN (SELECT id FROM workspace.tasks)"}),
    ("where", {"where": "title = 'a' -- "}),
    ("where", {"where": " OR ".join(["title = 'a title'"] * 400)}),
    ("subset__where", {"subset__where": "true) OR (true"}),
    ("subset__order_by", {"subset__order_by": "title; DROP TABLE tasks", "subset__limit": "1"}),
    ("query", {"where": "title = $1", "params[1]": "x" * 61_000}),
)


async def test_what_cannot_be_confined_is_refused_and_electric_not_asked(electrified: Electrified) -> None:
    for field, fields in REFUSED:
        got = await electrified.ask(fields, offset="-1")
        assert (got.status, list(got.document["errors"])) == (400, [field]), fields
    assert (await electrified.ask(method="DELETE", handle="1-1")).status == 405
    assert electrified.electric.asked == []


_HOSTILE = r"""
( ) ' " , ; . = < > || :: && @> [ ] - + $1 $2 $3 $99 0 1.5 1e9 'a' '' "title" "project_id" -- /* */ $$ \ E'\''
U&"\0070" title version archived tags id project_id tasks tasks.title workspace.tasks AND OR NOT IN LIKE IS
NULL TRUE FALSE BETWEEN ANY ARRAY CAST AS text UNION SELECT FROM WHERE CASE lower( coalesce( 'x'='x' (true)OR(
"""
_PIECES = [*_HOSTILE.split(), "\x00", "\u00a0", "\n"]
_CONDITIONS: Sequence[str] = (
    *("true", "NOT archived", "version >= 1", "title = $1", "title LIKE 'a%'", "'a' = ANY (tags)"),
    *("title IN ('a', $2)", "lower(title) = 'a'", "title || 'x' <> $1", "id IS NOT NULL", "archived IS TRUE"),
    *("version BETWEEN -1 AND 2 ", "tags @> '{a}'", "title::text > ''", "tasks.\"title\" >= ''", "$1 = $2"),
)


def _clause(choose: random.Random) -> str:
    """A clause that means something, or one that somebody would try to break out with."""
    if choose.random() < 0.5:
        return " ".join(choose.choice(_PIECES) for _ in range(choose.randint(1, 9)))
    parts = [choose.choice(_CONDITIONS) for _ in range(choose.randint(1, 4))]
    clause = choose.choice((" OR ", " AND ", " OR NOT ")).join(parts)
    if choose.random() < 0.3:
        place = choose.randrange(len(clause))
        clause = f"{clause[:place]} {choose.choice(_PIECES)} {clause[place:]}"
    return clause


def _literal(fields: Mapping[str, str]) -> str:
    """What Electric has PostgreSQL look for: its clause, with the parameters as they were given."""

    def shown(kind: TokenKind, source: str) -> str:
        if kind is not TokenKind.PARAMETER:
            return source
        value = fields[f"params[{int(source[1:])}]"]
        return "'" + value.replace("'", "''") + "'"

    return " ".join(shown(token.kind, token.source) for token in tokens_of(fields["where"]))


async def test_no_clause_leaves_its_project(electrified: Electrified) -> None:
    connection, own, other = electrified.superuser, electrified.service.project_id, uuid.uuid4()
    for title in ("a", "b", ""):
        await electrified.insert(title)
        await electrified.insert(title, project_id=other)
    registration = RegisteredTables(LOGGED_WHOLE).find("tasks")
    assert registration is not None
    table = await catalogue.describe(connection, registration)
    assert table is not None
    choose = random.Random(20261123)
    count = rows_seen = 0
    while count < CLAUSES:
        query = {"table": "tasks", "offset": "-1", "where": _clause(choose), "params": '["a","b"]'}
        try:
            fields = dict(confined(parse("GET", urlencode(query), b""), table, str(own)))
        except InvalidShapeRequestError:
            continue
        count += 1
        statement = f"SELECT project_id FROM workspace.tasks AS tasks WHERE {_literal(fields)}"
        try:
            rows = await connection.fetch(statement)
        except asyncpg.DataError:
            continue
        rows_seen += len(rows)
        assert {row[0] for row in rows} <= {own}, fields
    assert rows_seen > CLAUSES / 2


async def test_the_role_of_electric_reads_shapes_and_nothing_else(electrified: Electrified) -> None:
    role = await electrified.superuser.fetchval(
        "SELECT pg_get_userbyid(pubowner) FROM pg_publication WHERE pubname = $1", PUBLICATION
    )
    readable = await electrified.superuser.fetch(
        "SELECT format('%s.%s', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname IN ('workspace', 'migration') "
        "AND has_table_privilege($1, format('%I.%I', schemaname, tablename), 'SELECT')",
        role,
    )
    registered = {".".join(each.relation) for each in LOGGED_WHOLE}
    assert {row["name"] for row in readable} == registered
    published = await electrified.superuser.fetch(
        "SELECT format('%s.%s', schemaname, tablename) AS name FROM pg_publication_tables WHERE pubname = $1",
        PUBLICATION,
    )
    assert {row["name"] for row in published} == registered
