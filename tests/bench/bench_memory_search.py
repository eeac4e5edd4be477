"""How well memories are found, and how fast: hybrid search beside BM25 alone and MiniLM alone, in one run.

Every turn of a conversation is a memory; a question has found what it needs if the turns that answer it are
among the first ten. All three contenders are one service, through REST, with other weights of its signals.
Latencies are those of gRPC to the service itself, as an agent beside it has them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc.aio
import httpx
import uvloop

from tests.bench import conversations
from tests.bench.conversations import Conversation, Question
from tests.bench.installation import Installation, installed
from tests.bench.report import Figure, Report, Section, console, percentile
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.memory.v1 import memory_service_pb2_grpc as services

LIMIT: Final = 20
FIRST: Final = 10
BATCH: Final = 200
TIMED_QUESTIONS: Final = 150

HYBRID: Final[Mapping[str, float]] = {}
BM25: Final = {"semantic": 0, "context": 0}
MINILM: Final = {"keyword": 0, "context": 0}


@dataclass(slots=True)
class Outcome:
    """What a contender found, question by question."""

    recalls: list[float] = field(default_factory=list[float])
    reciprocals: list[float] = field(default_factory=list[float])

    def add(self, question: Question, found: Sequence[str]) -> None:
        """Adds what was found for a question."""
        self.recalls.append(len(question.evidence.intersection(found[:FIRST])) / len(question.evidence))
        ranks = (rank for rank, name in enumerate(found, 1) if name in question.evidence)
        self.reciprocals.append(1 / next(ranks, float("inf")))

    @property
    def recall(self) -> float:
        """The mean share of the evidence that is among the first."""
        return sum(self.recalls) / len(self.recalls)

    @property
    def mean_reciprocal_rank(self) -> float:
        """The mean of one divided by the rank of the first evidence."""
        return sum(self.reciprocals) / len(self.reciprocals)


def main() -> Report:
    """Measures everything."""
    what, loaded = conversations.load()
    turns = sum(len(one.turns) for one in loaded)
    questions = sum(len(one.questions) for one in loaded)
    report = Report(
        title="Memory search",
        peer="BM25 alone and MiniLM alone",
        notes=(
            f"{what}: {turns:,} turns, {questions:,} questions; no LLM",
            "quality through REST, times through gRPC",
        ),
    )
    report.show_heading(console())
    uvloop.run(_measure(report, loaded))
    report.show_outcome(console())
    return report


async def _measure(report: Report, loaded: Sequence[Conversation]) -> None:
    async with installed(gateway=True, memory=True) as installation:
        key = await installation.create_api_key()
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=installation.http_url, headers=headers, timeout=120) as client:
            with report.shown_section("writing") as section:
                await _write(section, client, loaded)
            with report.shown_section("what is found") as section:
                await _compare(section, client, loaded)
        with report.shown_section("how fast") as section:
            await _time(section, installation, key, loaded)


async def _write(section: Section, client: httpx.AsyncClient, loaded: Sequence[Conversation]) -> None:
    begin = time.perf_counter()
    count = 0
    for conversation in loaded:
        bodies = [
            {
                "namespace": conversation.id,
                "key": turn.id,
                "sessionId": turn.session,
                "kind": "MEMORY_KIND_CONVERSATION",
                "content": turn.text,
                "occurTime": turn.time.isoformat(),
            }
            for turn in conversation.turns
        ]
        for start in range(0, len(bodies), BATCH):
            await _post(client, "/api/agent-memory:batch", {"memories": bodies[start : start + BATCH]})
            count += len(bodies[start : start + BATCH])
    rate = count / (time.perf_counter() - begin)
    section.add(Figure(name="memories with their contexts embedded and written", unit="1/s", ours=rate))


async def _compare(section: Section, client: httpx.AsyncClient, loaded: Sequence[Conversation]) -> None:
    hybrid, bm25, minilm = [await _outcome(client, loaded, each) for each in (HYBRID, BM25, MINILM)]
    is_locomo = conversations.is_locomo()
    for name, peer in (("BM25 alone", bm25), ("MiniLM alone", minilm)):
        section.add(
            Figure(
                name=f"recall at {FIRST}",
                unit="share",
                ours=hybrid.recall,
                peer=peer.recall,
                versus=name,
                limit=0.77 if is_locomo else None,
            ),
            Figure(
                name="mean reciprocal rank",
                unit="share",
                ours=hybrid.mean_reciprocal_rank,
                peer=peer.mean_reciprocal_rank,
                versus=name,
                limit=0.54 if is_locomo else None,
            ),
        )


async def _outcome(
    client: httpx.AsyncClient, loaded: Sequence[Conversation], ranking: Mapping[str, float]
) -> Outcome:
    outcome = Outcome()
    for conversation in loaded:
        for question in conversation.questions:
            body = {
                "query": question.text,
                "namespaces": [conversation.id],
                "limit": LIMIT,
                "ranking": ranking,
                "silent": True,
            }
            answer = await _post(client, "/api/agent-memory/search", body)
            outcome.add(question, [result["memory"]["key"] for result in answer.get("results", [])])
    return outcome


async def _time(
    section: Section, installation: Installation, key: str, loaded: Sequence[Conversation]
) -> None:
    """Times questions that were never asked, and the same ones again."""
    requests = [
        messages.SearchMemoriesRequest(
            query=f"{question.text} ({number})", namespaces=[conversation.id], limit=FIRST, silent=True
        )
        for conversation in loaded
        for number, question in enumerate(conversation.questions)
    ]
    requests = requests[:: max(1, len(requests) // TIMED_QUESTIONS)]
    async with grpc.aio.insecure_channel(installation.memory_address) as channel:
        stub = services.MemoryServiceStub(channel)
        metadata = (("authorization", f"Bearer {key}"),)
        for name, limit_ms in (("a new question", 15), ("a question asked before", 4)):
            durations: list[float] = []
            for request in requests:
                begin = time.perf_counter()
                await stub.SearchMemories(request, metadata=metadata, timeout=30)
                durations.append(1000 * (time.perf_counter() - begin))
            for percent, limit in ((50, limit_ms), (99, None)):
                ours = percentile(durations, percent)
                section.add(
                    Figure(name=f"{name}, p{percent}", unit="ms", ours=ours, better="lower", limit=limit)
                )


async def _post(client: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    response = await client.post(path, json=body)
    response.raise_for_status()
    return response.json()
