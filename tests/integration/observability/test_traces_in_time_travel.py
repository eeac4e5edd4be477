"""An agent that only has OpenTelemetry is stepped through like one that was recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers.telemetry import SECOND_NS, START_NS, TRACE_ID, as_protobuf, traces
from tests.helpers.telemetry import span as otlp_span
from tests.integration.observability.service import NOBODY, Service, running_service
from tests.integration.snapshots.service import Service as Snapshots
from tests.integration.snapshots.service import running_service as running_snapshots
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages
from timeloom_observability.assembly import PACKAGE, ROOM
from timeloom_observability.ids import Names, execution_of
from timeloom_observability.model import Event
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.otlp.traces import read_traces
from timeloom_observability.pace import Pace
from timeloom_observability.pricing.table import PriceTable
from timeloom_observability.states import states_of
from timeloom_observability.travel import projector as projecting
from timeloom_observability.travel.arrivals import Arrivals
from timeloom_observability.travel.chronicle import Chronicle
from timeloom_observability.travel.following import Follower
from timeloom_observability.travel.model import Projection
from timeloom_observability.travel.projector import Projector
from timeloom_platform.channel import open_channel
from timeloom_platform.testing.databases import Rooms
from timeloom_snapshots.assembly import PACKAGE as SNAPSHOTS_PACKAGE
from timeloom_snapshots.assembly import ROOM as SNAPSHOTS_ROOM

QUIET_SECONDS: Final = 0.05
NOT_BY_ITSELF: Final = 3600.0
LIMIT_SECONDS: Final = 30.0
RUN_SPAN, FIRST_SPAN, TOOL_SPAN, SECOND_SPAN = (number.to_bytes(8, "big") for number in (1, 2, 3, 4))
USAGE: Final = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
CALL: Final = {"id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}
ASKED: Final = {"role": "user", "content": "Paris?"}
CALLED: Final = {"role": "assistant", "tool_calls": [CALL]}
TOOL_RESULT: Final = {"name": "weather", "arguments": {"city": "Paris"}, "result": "rainy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Both services, for the same project."""

    telemetry: Service
    snapshots: Snapshots

    @property
    def execution_id(self) -> str:
        """Of the execution that the trace becomes."""
        return str(execution_of(self.telemetry.project_id, TRACE_ID.hex()))

    def events(self, *spans: Span) -> list[Event]:
        """Returns spans as they are read when they arrive."""
        now_ns = START_NS + 3_600 * SECOND_NS
        names = Names(self.telemetry.project_id)
        receiver = Receiver(names=names, prices=PriceTable((), ()), now_ns=now_ns)
        outcome = read_traces(as_protobuf(traces(*spans)), PROTOBUF, receiver)
        assert outcome.rejected_count == 0
        return outcome.events

    async def send(self, *spans: Span) -> None:
        """Has spans arrive together."""
        await self.telemetry.take(self.events(*spans))

    async def waiting(self) -> list[Projection]:
        """Returns what is to become an execution."""
        async with self.telemetry.rows() as connection:
            rows = await connection.fetch("SELECT * FROM projections")
        return [
            Projection(
                project_id=row["project_id"],
                trace_id=row["trace_id"].hex(),
                token=row["token"],
                attempts=row["attempts"],
            )
            for row in rows
        ]

    async def settled(self) -> None:
        """Returns when nothing waits any more."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while await self.waiting():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)

    async def way(self) -> list[snapshots_pb2.Snapshot]:
        """Returns the snapshots that the execution stands on."""
        listed = await self.snapshots.list_snapshots(self.execution_id, page_size=1000)
        by_sequence = {each.sequence: each for each in listed.snapshots}
        sequence = (await self.snapshots.execution(self.execution_id)).head_sequence
        way: list[snapshots_pb2.Snapshot] = []
        while sequence:
            way.append(by_sequence[sequence])
            sequence = way[-1].parent_sequence
        return way[::-1]

    async def states(self) -> list[Any]:
        """Returns the states of those."""
        return [await self.snapshots.state(self.execution_id, each.sequence) for each in await self.way()]

    async def linked(self) -> Any:
        """Returns the execution that the trace names."""
        async with self.telemetry.rows() as connection:
            return await connection.fetchval("SELECT execution_id FROM traces")

    def follower(self, *, channel: Any = None) -> Follower:
        """Returns another replica's worker."""
        database = self.telemetry.database
        projector = Projector(database=database, snapshots=channel or self.snapshots.channel)
        return Follower(
            database=database, projector=projector, arrivals=Arrivals(quiet_seconds=0), pace=Pace()
        )

    async def all_due(self) -> None:
        """Lets the time pass."""
        async with self.telemetry.rows() as connection:
            await connection.execute("UPDATE projections SET due_time = now()")


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE, SNAPSHOTS_ROOM: SNAPSHOTS_PACKAGE}


@pytest.fixture
def quiet_seconds() -> float:
    return QUIET_SECONDS


@pytest_asyncio.fixture
async def house(database_url: str, quiet_seconds: float) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        snapshots = await stack.enter_async_context(running_snapshots(database_url))
        telemetry = await stack.enter_async_context(
            running_service(
                database_url,
                project_id=snapshots.project_id,
                snapshots=snapshots.channel,
                trace_quiet_seconds=quiet_seconds,
            )
        )
        yield House(telemetry=telemetry, snapshots=snapshots)


by_hand = pytest.mark.parametrize("quiet_seconds", [NOT_BY_ITSELF], ids=["by hand"])


def at(begin: float, end: float) -> dict[str, int]:
    return {
        "start_time_unix_nano": START_NS + int(begin * SECOND_NS),
        "end_time_unix_nano": START_NS + int(end * SECOND_NS),
    }


def run(**fields: Any) -> Span:
    """The root of an agent of LangChain, as OpenInference tells it."""
    attributes = {
        "openinference.span.kind": "CHAIN",
        "session.id": "talk",
        "tag.tags": ["weather"],
        "input.value": '{"question":"Paris?"}',
        "input.mime_type": "application/json",
        "output.value": '{"answer":"Rain."}',
        "output.mime_type": "application/json",
        **fields.pop("attributes", {}),
    }
    return otlp_span(attributes, span_id=RUN_SPAN, name="LangGraph", **{**at(0, 9), **fields})


def first_call() -> Span:
    attributes = {
        **model_call(["user", "Paris?"]),
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
    }
    return otlp_span(attributes, span_id=FIRST_SPAN, parent_span_id=RUN_SPAN, name="ChatOpenAI", **at(1, 2))


def tool_call() -> Span:
    attributes = {
        "openinference.span.kind": "TOOL",
        "tool.name": "weather",
        "input.value": '{"city": "Paris"}',
        "input.mime_type": "application/json",
        "output.value": "rainy",
    }
    return otlp_span(attributes, span_id=TOOL_SPAN, parent_span_id=RUN_SPAN, name="weather", **at(3, 4))


def second_call() -> Span:
    attributes = {
        **model_call(["user", "Paris?"], ["tool", "rainy"]),
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Rain.",
    }
    return otlp_span(attributes, span_id=SECOND_SPAN, parent_span_id=RUN_SPAN, name="ChatOpenAI", **at(5, 6))


def model_call(*said: list[str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o",
        "llm.token_count.prompt": 5,
        "llm.token_count.completion": 2,
        "llm.token_count.total": 7,
    }
    for place, (role, content) in enumerate(said):
        attributes[f"llm.input_messages.{place}.message.role"] = role
        attributes[f"llm.input_messages.{place}.message.content"] = content
    return attributes


def keys_of(way: list[snapshots_pb2.Snapshot]) -> list[str]:
    return [each.key for each in way]


async def test_an_agent_of_langchain_is_stepped_through(house: House) -> None:
    await house.send(first_call(), tool_call())
    assert await house.waiting() == []
    await house.send(second_call(), run())
    await house.settled()

    execution = await house.snapshots.execution(house.execution_id)
    assert (execution.name, execution.agent_id, execution.session_id, list(execution.tags)) == (
        "LangGraph",
        "LangGraph",
        "talk",
        ["weather"],
    )
    assert (execution.trace_id, execution.status) == (
        TRACE_ID.hex(),
        snapshots_pb2.EXECUTION_STATUS_SUCCEEDED,
    )
    assert (execution.input, execution.output) == (b'{"question":"Paris?"}', b'{"answer":"Rain."}')
    times = (execution.create_time, execution.end_time)
    assert [time.ToMicroseconds() - START_NS // 1000 for time in times] == [0, 9_000_000]
    way = await house.way()
    assert [(each.step_name, each.kind) for each in way] == [
        ("ChatOpenAI", snapshots_pb2.SNAPSHOT_KIND_STEP_END),
        ("weather", snapshots_pb2.SNAPSHOT_KIND_STEP_END),
        ("ChatOpenAI", snapshots_pb2.SNAPSHOT_KIND_STEP_END),
        ("LangGraph", snapshots_pb2.SNAPSHOT_KIND_EXECUTION_END),
    ]
    assert keys_of(way) == [each.hex() for each in (FIRST_SPAN, TOOL_SPAN, SECOND_SPAN, RUN_SPAN)]
    assert [each.create_time.ToNanoseconds() // SECOND_NS for each in way] == [
        (START_NS + seconds * SECOND_NS) // SECOND_NS for seconds in (2, 4, 6, 9)
    ]
    assert json.loads(way[0].metadata) == {
        "spanId": FIRST_SPAN.hex(),
        "kind": "LLM",
        "durationMs": 1000.0,
        "model": "gpt-4o",
        "inputTokens": 5,
        "outputTokens": 2,
    }
    states = await house.states()
    assert states[0] == {"messages": [ASKED, CALLED], "usage": USAGE}
    assert states[1] == {"messages": [ASKED, CALLED], "usage": USAGE, "tools": [TOOL_RESULT]}
    assert states[3]["usage"] == {name: 2 * count for name, count in USAGE.items()}
    assert states[3]["output"] == {"answer": "Rain."}
    request = messages.DiffSnapshotsRequest(execution_id=house.execution_id, from_sequence=1, to_sequence=2)
    diff = await house.snapshots.stub.DiffSnapshots(request, metadata=house.snapshots.metadata)
    assert [(each.path, json.loads(each.new_value)) for each in diff.changes] == [("/tools", [TOOL_RESULT])]
    assert await house.linked() == UUID(house.execution_id)


async def test_a_span_that_comes_late_stands_where_it_belongs(house: House) -> None:
    spans = [run(), first_call(), second_call()]
    await house.send(*spans)
    await house.settled()
    assert len(await house.way()) == 3

    await house.send(tool_call())
    await house.settled()

    first, tool, second, root = (each.hex() for each in (FIRST_SPAN, TOOL_SPAN, SECOND_SPAN, RUN_SPAN))
    assert keys_of(await house.way()) == [first, tool, f"{second}:2", f"{root}:2"]
    assert await house.states() == [each.state for each in states_of(house.events(*spans, tool_call()))]
    execution = await house.snapshots.execution(house.execution_id)
    assert (execution.status, execution.snapshot_count) == (snapshots_pb2.EXECUTION_STATUS_SUCCEEDED, 6)
    assert await house.snapshots.verify(house.execution_id) is None


async def test_a_span_that_comes_late_may_be_the_first(house: House) -> None:
    await house.send(run(), tool_call())
    await house.settled()
    assert await house.waiting() == []

    await house.send(first_call())
    await house.settled()

    assert keys_of(await house.way()) == [FIRST_SPAN.hex(), TOOL_SPAN.hex(), RUN_SPAN.hex()]
    late = otlp_span(
        model_call(["user", "Who?"]),
        span_id=SECOND_SPAN,
        parent_span_id=RUN_SPAN,
        name="earlier",
        **at(0.1, 0.2),
    )
    await house.send(late)
    await house.settled()

    assert [each.step_name for each in await house.way()] == ["earlier", "ChatOpenAI", "weather", "LangGraph"]
    assert await house.states() == [
        each.state for each in states_of(house.events(run(), tool_call(), first_call(), late))
    ]
    assert await house.snapshots.verify(house.execution_id) is None


async def test_a_trace_that_failed_is_an_execution_that_failed(house: House) -> None:
    await house.send(run(status=(2, "no weather")), first_call())
    await house.settled()

    execution = await house.snapshots.execution(house.execution_id)
    assert (execution.status, execution.error.message) == (
        snapshots_pb2.EXECUTION_STATUS_FAILED,
        "no weather",
    )
    assert (await house.states())[-1]["errors"] == [{"step": "LangGraph", "message": "no weather"}]


async def test_a_trace_that_was_recorded_elsewhere_is_left_to_that(house: House) -> None:
    execution_id = uuid4()
    await house.send(run(attributes={"timeloom.execution.id": str(execution_id)}), first_call())
    await house.settled()

    assert await house.linked() == execution_id
    listed = await house.snapshots.stub.ListExecutions(
        messages.ListExecutionsRequest(), metadata=house.snapshots.metadata
    )
    assert list(listed.executions) == []


async def test_a_trace_without_an_agent_is_no_execution(house: House) -> None:
    await house.send(run(), tool_call())

    assert await house.waiting() == []
    assert await house.linked() is None


@by_hand
async def test_a_trace_that_is_made_an_execution_of_again_changes_nothing(house: House) -> None:
    await house.send(run(), first_call(), tool_call(), second_call())
    (projection,) = await house.waiting()
    projector = Projector(database=house.telemetry.database, snapshots=house.snapshots.channel)
    await projector.project(projection)
    before = await house.snapshots.execution(house.execution_id)

    await projector.project(projection)

    assert await house.snapshots.execution(house.execution_id) == before
    assert before.snapshot_count == 4


@by_hand
async def test_who_is_stopped_in_the_middle_is_followed_by_who_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "STEPS_AT_ONCE", 1)
    record, left = Chronicle.record, iter([True, True])

    async def stopped(self: Chronicle, *given: Any, **named: Any) -> int:
        if next(left, None) is None:
            raise asyncio.CancelledError
        return await record(self, *given, **named)

    await house.send(run(), first_call(), tool_call(), second_call())
    (projection,) = await house.waiting()
    projector = Projector(database=house.telemetry.database, snapshots=house.snapshots.channel)
    with monkeypatch.context() as patched:
        patched.setattr(Chronicle, "record", stopped)
        with pytest.raises(asyncio.CancelledError):
            await projector.project(projection)
    assert len(await house.way()) == 2
    assert await house.waiting() == [projection]

    await projector.project(projection)

    assert keys_of(await house.way()) == [
        each.hex() for each in (FIRST_SPAN, TOOL_SPAN, SECOND_SPAN, RUN_SPAN)
    ]
    assert (await house.snapshots.execution(house.execution_id)).HasField("end_time")
    assert await house.waiting() == []


@by_hand
async def test_what_arrives_meanwhile_is_not_taken_for_done(house: House) -> None:
    await house.send(run(), first_call())
    (projection,) = await house.waiting()
    await house.send(second_call())
    projector = Projector(database=house.telemetry.database, snapshots=house.snapshots.channel)

    await projector.project(projection)

    assert len(await house.waiting()) == 1


@by_hand
async def test_a_snapshots_service_that_is_away_only_delays(house: House) -> None:
    await house.send(run(), first_call())
    await house.all_due()
    async with open_channel(NOBODY) as nobody:
        assert await house.follower(channel=nobody).follow() > 0
    (delayed,) = await house.waiting()
    assert delayed.attempts == 1

    await house.all_due()
    await house.follower().follow()

    assert await house.waiting() == []
    assert len(await house.way()) == 2


@by_hand
async def test_what_can_never_be_an_execution_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:
        raise ValueError("never")

    monkeypatch.setattr(Projector, "project", refuse)
    await house.send(run(), first_call())
    follower = house.follower()

    for attempt in range(1, 11):
        assert [each.attempts for each in await house.waiting()] == [attempt - 1]
        await house.all_due()
        await follower.follow()

    assert await house.waiting() == []


@by_hand
async def test_replicas_share_the_work(house: House) -> None:
    for number in range(12):
        trace_id = (number + 1).to_bytes(16, "big")
        spans = [run(), first_call()]
        for each in spans:
            each.trace_id = trace_id
        await house.send(*spans)
    await house.all_due()

    await asyncio.gather(*(house.follower().follow() for _ in range(3)))

    assert await house.waiting() == []
    listed = await house.snapshots.stub.ListExecutions(
        messages.ListExecutionsRequest(), metadata=house.snapshots.metadata
    )
    assert [each.snapshot_count for each in listed.executions] == [2] * 12


async def test_a_trace_of_a_thousand_spans_is_an_execution_of_a_thousand_steps(house: House) -> None:
    def calls() -> Iterator[Span]:
        for number in range(1, 1_000):
            said = [["user", f"question {place}"] for place in range(number // 10 + 1)]
            yield otlp_span(
                model_call(*said),
                span_id=(number + 10).to_bytes(8, "big"),
                parent_span_id=RUN_SPAN,
                **at(number / 200, number / 200 + 0.001),
            )

    spans = [*calls(), run()]
    await house.send(*spans)
    await house.settled()

    execution = await house.snapshots.execution(house.execution_id)
    assert (execution.snapshot_count, execution.HasField("end_time")) == (1_000, True)
    expected = states_of(house.events(*spans))
    for sequence in (1, 500, 999, 1_000):
        assert await house.snapshots.state(house.execution_id, sequence) == expected[sequence - 1].state
