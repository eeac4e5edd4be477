"""The vector index through gRPC, beside pgvector's HNSW in the same PostgreSQL, in one run.

Both are asked for the nearest of the same vectors, by as many callers at once. Recall is against comparing
everything. Smaller numbers for a quick look: `TIMELOOM_BENCH_VECTORS` and `TIMELOOM_BENCH_NAMESPACES`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import asyncpg
import grpc.aio
import numpy as np
import numpy.typing as npt
import psutil
import uvloop

from tests.bench.installation import Installation, installed
from tests.bench.report import Figure, Report, Section, console, percentile
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_service_pb2_grpc as services
from timeloom_memory.storage import vectors
from timeloom_platform.testing import eventually

Matrix = npt.NDArray[np.float32]

VECTORS: Final = int(os.environ.get("TIMELOOM_BENCH_VECTORS", "100000"))
NAMESPACES: Final = int(os.environ.get("TIMELOOM_BENCH_NAMESPACES", "1000"))
VECTORS_PER_NAMESPACE: Final = 1_000
DIMENSION: Final = 384
CENTRES: Final = 400
SPREAD: Final = 0.9
QUERIES: Final = 400
ROUNDS: Final = 3
CALLERS: Final = 8
LIMIT: Final = 10
BATCH: Final = 1_000
WRITERS: Final = 2
PGVECTOR_BREADTH: Final = 100
TAGS: Final = {"5 %": 20, "0.5 %": 200, "0.05 %": 2_000}
"""What share of the memories has a tag, and which ones: every so manieth."""

READY_SECONDS_MAX: Final = 600.0
CALL_SECONDS_MAX: Final = 120.0
MEBIBYTE: Final = 1024 * 1024
LARGE: Final = "large"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a contender answered, and how long it took."""

    recall: float
    durations_ms: Sequence[float]
    rate: float


def main() -> Report:
    """Measures everything."""
    report = Report(
        title="Memory index",
        peer="pgvector's HNSW",
        notes=(
            f"{VECTORS:,} clustered vectors of {DIMENSION} numbers; the nearest {LIMIT}; {CALLERS} callers",
            f"pgvector: m 16, ef_construction 64, ef_search {PGVECTOR_BREADTH}, prepared statements",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report))
    report.show_outcome(console())
    return report


async def _measure(report: Report) -> None:
    made = _clustered(VECTORS + QUERIES)
    matrix, queries = made[:VECTORS], made[VECTORS:]
    async with installed() as installation:
        pgvector = await _ask_pgvector(installation, matrix, queries)
        kept = {"TIMELOOM_INDEX_DIRECTORY": str(installation.directory / "graphs")}
        async with installation.memory_serving(kept) as pid:
            with report.shown_section("writing, vectors given") as section:
                await _write(section, installation, {LARGE: matrix})
            await _warm(installation, queries[0], Path(kept["TIMELOOM_INDEX_DIRECTORY"]))
            with report.shown_section("one large namespace") as section:
                await _compare(section, installation, matrix, queries, pgvector)
                section.add(_memory(pid, 450))
            with report.shown_section("filtered") as section:
                await _filter(section, installation, matrix, queries)
        packed = {
            "TIMELOOM_INDEX_DIRECTORY": str(installation.directory / "packed"),
            "TIMELOOM_INDEX_QUANTIZED": "true",
        }
        async with installation.memory_serving(packed):
            await _warm(installation, queries[0], Path(packed["TIMELOOM_INDEX_DIRECTORY"]))
        async with installation.memory_serving(packed) as pid:
            with report.shown_section("one large namespace, a byte a number") as section:
                await _compare(section, installation, matrix, queries, pgvector)
                section.add(_memory(pid, 250))
        ample = {"TIMELOOM_INDEX_BYTES": str(NAMESPACES * VECTORS_PER_NAMESPACE * DIMENSION * 4 * 2)}
        async with installation.memory_serving(ample):
            with report.shown_section(f"{NAMESPACES:,} namespaces of {VECTORS_PER_NAMESPACE:,}") as section:
                await _ask_small_ones(section, installation)


def _clustered(count: int) -> Matrix:
    random = np.random.default_rng(0)
    centres = random.standard_normal((CENTRES, DIMENSION), dtype=np.float32)
    made = centres[random.integers(0, CENTRES, count)]
    made += SPREAD * random.standard_normal((count, DIMENSION), dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


async def _ask_pgvector(installation: Installation, matrix: Matrix, queries: Matrix) -> Asked:
    await installation.create_database("peer")
    url = installation.postgres.url_of("peer", superuser=True)
    async with asyncpg.create_pool(url, min_size=CALLERS, max_size=CALLERS, init=_make_ready) as pool:
        async with pool.acquire() as connection:
            await connection.execute(f"CREATE TABLE peer (id integer, vector vector({DIMENSION}))")
            await connection.copy_records_to_table(
                "peer", records=zip(range(len(matrix)), vectors.encoded(matrix), strict=True)
            )
            await connection.execute("SET maintenance_work_mem = '1GB'")
            await connection.execute(
                "CREATE INDEX ON peer USING hnsw (vector vector_ip_ops)", timeout=READY_SECONDS_MAX
            )
            await connection.execute("VACUUM ANALYZE peer")
        encoded = vectors.encoded(queries)

        async def ask(number: int) -> list[int]:
            async with pool.acquire() as connection:
                rows = await connection.fetch(
                    f"SELECT id FROM peer ORDER BY vector <#> $1 LIMIT {LIMIT}",
                    encoded[number],
                )
            return [row["id"] for row in rows]

        return await _asked(ask, _exact(matrix, queries))


async def _make_ready(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    await connection.execute(f"SET hnsw.ef_search = {PGVECTOR_BREADTH}")
    await vectors.prepare(connection)


async def _write(section: Section, installation: Installation, by_namespace: Mapping[str, Matrix]) -> None:
    pending = [
        (name, start) for name, matrix in by_namespace.items() for start in range(0, len(matrix), BATCH)
    ]
    count = sum(map(len, by_namespace.values()))
    async with _Client(installation) as client:

        async def write() -> None:
            while pending:
                name, start = pending.pop()
                await client.write(name, by_namespace[name][start : start + BATCH], start)

        begin = time.perf_counter()
        await asyncio.gather(*(write() for _ in range(WRITERS)))
        rate = count / (time.perf_counter() - begin)
    section.add(Figure(name="memories with their vectors", unit="1/s", ours=rate, limit=10_000))


async def _warm(installation: Installation, query: Matrix, directory: Path) -> None:
    """Searches once, and waits until the graph that this asks for is built: then it is saved."""
    async with _Client(installation) as client:
        await client.search(LARGE, query)
    await eventually(
        lambda: any(directory.glob("*.graph")),
        timeout_seconds=READY_SECONDS_MAX,
        describe="the graph is built",
    )


async def _compare(
    section: Section,
    installation: Installation,
    matrix: Matrix,
    queries: Matrix,
    pgvector: Asked,
) -> None:
    async with _Client(installation) as client:
        ours = await _asked(lambda number: client.search(LARGE, queries[number]), _exact(matrix, queries))
    section.add(
        Figure(name="recall", unit="share", ours=ours.recall, peer=pgvector.recall, limit=0.985),
        Figure(name="searches", unit="1/s", ours=ours.rate, peer=pgvector.rate, factor_min=4),
        *(
            Figure(
                name=f"a search, p{percent}",
                unit="ms",
                ours=percentile(ours.durations_ms, percent),
                peer=percentile(pgvector.durations_ms, percent),
                better="lower",
            )
            for percent in (50, 99)
        ),
    )


async def _filter(section: Section, installation: Installation, matrix: Matrix, queries: Matrix) -> None:
    async with _Client(installation) as client:
        for name, step in TAGS.items():
            exact = [[each * step for each in found] for found in _exact(matrix[::step], queries)]
            asked = await _asked(
                lambda number, tag=name: client.search(LARGE, queries[number], tag),  # type: ignore[misc]
                exact,
            )
            section.add(
                Figure(name=f"recall where {name} match", unit="share", ours=asked.recall, limit=0.98),
                Figure(
                    name=f"a search where {name} match, p50",
                    unit="ms",
                    ours=percentile(asked.durations_ms, 50),
                    better="lower",
                ),
            )


async def _ask_small_ones(section: Section, installation: Installation) -> None:
    made = _clustered(VECTORS_PER_NAMESPACE * NAMESPACES)
    parts = {
        f"small/{number}": made[number * VECTORS_PER_NAMESPACE : (number + 1) * VECTORS_PER_NAMESPACE]
        for number in range(NAMESPACES)
    }
    await _write(section, installation, parts)
    names = list(parts)
    queries = _clustered(NAMESPACES)
    async with _Client(installation) as client:
        for name, query in zip(names, queries, strict=True):
            await client.search(name, query)
        found = [await client.timed(name, query) for name, query in zip(names, queries, strict=True)]
    exact = [_exact(parts[name], query.reshape(1, -1))[0] for name, query in zip(names, queries, strict=True)]
    durations = [duration for _, duration in found]
    section.add(
        Figure(name="recall", unit="share", ours=_recall([ids for ids, _ in found], exact), limit=1.0),
        Figure(name="a search, p50", unit="ms", ours=percentile(durations, 50), better="lower", limit=2),
        Figure(name="a search, p99", unit="ms", ours=percentile(durations, 99), better="lower"),
    )


class _Client:
    """Writes and searches; a memory's key is its number."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        address = self._installation.memory_address
        options = [("grpc.max_send_message_length", -1)]
        channel = await self._stack.enter_async_context(grpc.aio.insecure_channel(address, options))
        self._stub = services.MemoryServiceStub(channel)
        self._metadata = self._installation.metadata()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def write(self, namespace: str, matrix: Matrix, first: int) -> None:
        """Writes vectors with the tags of their places."""
        memories = [
            messages.NewMemory(
                namespace=namespace,
                key=str(number),
                content="a vector",
                vector=vector.tolist(),
                tags=[name for name, step in TAGS.items() if number % step == 0],
            )
            for number, vector in enumerate(matrix, first)
        ]
        await self._stub.BatchCreateMemories(
            messages.BatchCreateMemoriesRequest(memories=memories),
            metadata=self._metadata,
            timeout=CALL_SECONDS_MAX,
        )

    async def search(self, namespace: str, query: Matrix, tag: str = "") -> list[int]:
        """Returns the numbers of the nearest."""
        request = messages.SearchMemoriesRequest(
            vector=query.tolist(), namespaces=[namespace], limit=LIMIT, silent=True
        )
        request.ranking.CopyFrom(messages.Ranking(recency=0, importance=0, frequency=0, time=0))
        if tag:
            request.filter.tags.append(tag)
        answer = await self._stub.SearchMemories(request, metadata=self._metadata, timeout=CALL_SECONDS_MAX)
        return [int(result.memory.key) for result in answer.results]

    async def timed(self, namespace: str, query: Matrix) -> tuple[list[int], float]:
        """Returns them, and the milliseconds that it took."""
        begin = time.perf_counter()
        found = await self.search(namespace, query)
        return found, 1000 * (time.perf_counter() - begin)


async def _asked(ask: Callable[[int], Awaitable[list[int]]], exact: Sequence[Sequence[int]]) -> Asked:
    """Asks all queries once to be warm, and then some rounds by several callers."""
    found = [await ask(number) for number in range(len(exact))]
    pending = list(range(len(exact))) * ROUNDS
    count = len(pending)
    durations: list[float] = []

    async def call() -> None:
        while pending:
            number = pending.pop()
            begin = time.perf_counter()
            await ask(number)
            durations.append(1000 * (time.perf_counter() - begin))

    begin = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return Asked(_recall(found, exact), durations, count / (time.perf_counter() - begin))


def _exact(matrix: Matrix, queries: Matrix) -> list[list[int]]:
    """Returns the numbers of the nearest by comparing everything."""
    return [np.argsort(-(matrix @ query), kind="stable")[:LIMIT].tolist() for query in queries]


def _recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    shares = [len(set(mine) & set(best)) / len(best) for mine, best in zip(found, exact, strict=True)]
    return sum(shares) / len(shares)


def _memory(pid: int, limit: int) -> Figure:
    used = psutil.Process(pid).memory_info().rss / MEBIBYTE
    return Figure(name="memory of the service (RSS)", unit="MiB", ours=used, better="lower", limit=limit)
