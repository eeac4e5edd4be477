"""The vector index through gRPC, beside pgvector's HNSW in the same PostgreSQL, in one run.

Both are asked for the nearest of the same vectors, by as many callers at once: one search a call, and dozens.
Recall is against comparing everything, and pgvector looks as hard as it must for the recall that ours has to
have. Smaller numbers for a quick look: `TIMELOOM_BENCH_VECTORS` and `TIMELOOM_BENCH_NAMESPACES`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TypeAlias

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
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

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
TOGETHER: Final = 50
"""So many searches travel in one call, where several do."""

RECALL_MIN: Final = 0.985
PGVECTOR_BREADTHS: Final = (40, 100, 200, 400)
"""What `hnsw.ef_search` may be: the least of them that reaches the recall."""
TAGS: Final = {"5 %": 20, "0.5 %": 200, "0.05 %": 2_000}
"""What share of the memories has a tag, and which ones: every so manieth."""

READY_SECONDS_MAX: Final = 600.0
CALL_SECONDS_MAX: Final = 120.0
MEBIBYTE: Final = 1024 * 1024
LARGE: Final = "large"


Ask = Callable[[Sequence[int]], Awaitable[list[list[int]]]]
"""Asks some queries in one call, by their numbers, and returns the nearest of each."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a contender answered, how long each call took, and how many searches it did in a second."""

    recall: float
    durations_ms: Sequence[float]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How pgvector did, asked one by one and together, with the least breadth that reaches the recall."""

    breadth: int
    alone: Asked
    together: Asked


def main() -> Report:
    """Measures everything."""
    report = Report(
        title="Memory index",
        peer="pgvector's HNSW",
        notes=(
            f"{VECTORS:,} clustered vectors of {DIMENSION} numbers; the nearest {LIMIT}; {CALLERS} callers",
            f"pgvector: m 16, ef_construction 64, the least ef_search that reaches a recall of {RECALL_MIN}",
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
            title = f"one large namespace, pgvector with ef_search {pgvector.breadth}"
            with report.shown_section(title) as section:
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


async def _ask_pgvector(installation: Installation, matrix: Matrix, queries: Matrix) -> Peer:
    await installation.create_database("peer")
    url = installation.postgres.url_of("peer", superuser=True)
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    await vectors.prepare(connection)
    await connection.execute(f"CREATE TABLE peer (id integer, vector vector({DIMENSION}))")
    await connection.copy_records_to_table(
        "peer", records=zip(range(len(matrix)), vectors.encoded(matrix), strict=True)
    )
    await connection.execute("SET maintenance_work_mem = '1GB'")
    await connection.execute(
        "CREATE INDEX ON peer USING hnsw (vector vector_ip_ops)", timeout=READY_SECONDS_MAX
    )
    await connection.execute("VACUUM ANALYZE peer")
    await connection.close()
    exact = _exact(matrix, queries)
    encoded = vectors.encoded(queries)
    for breadth in PGVECTOR_BREADTHS:
        async with _pgvector(url, breadth) as pool:

            async def ask(numbers: Sequence[int], pool: Pool = pool) -> list[list[int]]:
                rows = await pool.fetch(_PGVECTOR, encoded[numbers[0]])
                return [[row["id"] for row in rows]]

            async def ask_together(numbers: Sequence[int], pool: Pool = pool) -> list[list[int]]:
                rows = await pool.fetch(_PGVECTOR_TOGETHER, [encoded[number] for number in numbers])
                return [row["ids"] for row in rows]

            alone = await _asked(ask, exact)
            if alone.recall >= RECALL_MIN or breadth == PGVECTOR_BREADTHS[-1]:
                return Peer(
                    breadth=breadth, alone=alone, together=await _asked(ask_together, exact, TOGETHER)
                )
    raise AssertionError("the last breadth is taken")


_PGVECTOR: Final = f"SELECT id FROM peer ORDER BY vector <#> $1 LIMIT {LIMIT}"

_PGVECTOR_TOGETHER: Final = f"""
SELECT array_agg(found.id) AS ids
FROM unnest($1::vector[]) WITH ORDINALITY AS asked (vector, place)
CROSS JOIN LATERAL (SELECT id FROM peer ORDER BY peer.vector <#> asked.vector LIMIT {LIMIT}) AS found
GROUP BY asked.place
ORDER BY asked.place
"""


def _pgvector(url: str, breadth: int) -> Pool:
    async def make_ready(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        await connection.execute(f"SET hnsw.ef_search = {breadth}")
        await vectors.prepare(connection)

    # What is set stays for the whole session.
    return asyncpg.create_pool(url, min_size=CALLERS, max_size=CALLERS, init=make_ready, reset=_keep)


async def _keep(_: asyncpg.Connection[asyncpg.Record]) -> None:
    pass


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
    pgvector: Peer,
) -> None:
    exact = _exact(matrix, queries)
    async with _Client(installation) as client:

        async def ask(numbers: Sequence[int]) -> list[list[int]]:
            return [await client.search(LARGE, queries[numbers[0]])]

        async def ask_together(numbers: Sequence[int]) -> list[list[int]]:
            return await client.search_many(LARGE, queries[list(numbers)])

        alone = await _asked(ask, exact)
        together = await _asked(ask_together, exact, TOGETHER)
    section.add(
        *_figures("a call", alone, pgvector.alone),
        *_figures(f"a call of {TOGETHER}", together, pgvector.together, factor_min=4),
    )


def _figures(call: str, ours: Asked, peer: Asked, *, factor_min: float | None = None) -> list[Figure]:
    return [
        Figure(
            name=f"{call}: recall",
            unit="share",
            ours=ours.recall,
            peer=peer.recall,
            limit=RECALL_MIN,
        ),
        Figure(name=f"{call}: searches", unit="1/s", ours=ours.rate, peer=peer.rate, factor_min=factor_min),
        *(
            Figure(
                name=f"{call}: p{percent}",
                unit="ms",
                ours=percentile(ours.durations_ms, percent),
                peer=percentile(peer.durations_ms, percent),
                better="lower",
            )
            for percent in (50, 99)
        ),
    ]


async def _filter(section: Section, installation: Installation, matrix: Matrix, queries: Matrix) -> None:
    async with _Client(installation) as client:
        for name, step in TAGS.items():
            exact = [[each * step for each in found] for found in _exact(matrix[::step], queries)]

            async def ask(numbers: Sequence[int], tag: str = name) -> list[list[int]]:
                return [await client.search(LARGE, queries[numbers[0]], tag)]

            asked = await _asked(ask, exact)
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
        request = _search(namespace, query)
        if tag:
            request.filter.tags.append(tag)
        answer = await self._stub.SearchMemories(request, metadata=self._metadata, timeout=CALL_SECONDS_MAX)
        return _numbers(answer)

    async def search_many(self, namespace: str, queries: Matrix) -> list[list[int]]:
        """Returns the numbers of the nearest of each query, asked in one call."""
        request = messages.BatchSearchMemoriesRequest(
            searches=[_search(namespace, query) for query in queries]
        )
        answer = await self._stub.BatchSearchMemories(
            request, metadata=self._metadata, timeout=CALL_SECONDS_MAX
        )
        return [_numbers(each) for each in answer.answers]

    async def timed(self, namespace: str, query: Matrix) -> tuple[list[int], float]:
        """Returns them, and the milliseconds that it took."""
        begin = time.perf_counter()
        found = await self.search(namespace, query)
        return found, 1000 * (time.perf_counter() - begin)


def _search(namespace: str, query: Matrix) -> messages.SearchMemoriesRequest:
    request = messages.SearchMemoriesRequest(
        vector=query.tolist(), namespaces=[namespace], limit=LIMIT, silent=True
    )
    request.ranking.CopyFrom(messages.Ranking(recency=0, importance=0, frequency=0, time=0))
    return request


def _numbers(answer: messages.SearchMemoriesResponse) -> list[int]:
    return [int(result.memory.key) for result in answer.results]


async def _asked(ask: Ask, exact: Sequence[Sequence[int]], together: int = 1) -> Asked:
    """Asks all queries once to be warm, so many in a call, and then some rounds by several callers."""
    parts = [range(start, min(start + together, len(exact))) for start in range(0, len(exact), together)]
    found = [nearest for part in parts for nearest in await ask(part)]
    pending = parts * ROUNDS
    durations: list[float] = []

    async def call() -> None:
        while pending:
            part = pending.pop()
            begin = time.perf_counter()
            await ask(part)
            durations.append(1000 * (time.perf_counter() - begin))

    begin = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return Asked(_recall(found, exact), durations, ROUNDS * len(exact) / (time.perf_counter() - begin))


def _exact(matrix: Matrix, queries: Matrix) -> list[list[int]]:
    """Returns the numbers of the nearest by comparing everything."""
    return [np.argsort(-(matrix @ query), kind="stable")[:LIMIT].tolist() for query in queries]


def _recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    shares = [len(set(mine) & set(best)) / len(best) for mine, best in zip(found, exact, strict=True)]
    return sum(shares) / len(shares)


def _memory(pid: int, limit: int) -> Figure:
    used = psutil.Process(pid).memory_info().rss / MEBIBYTE
    return Figure(name="memory of the service (RSS)", unit="MiB", ours=used, better="lower", limit=limit)
