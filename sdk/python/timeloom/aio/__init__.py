"""The client for asyncio. The blocking one (`timeloom.client`) runs this one in a thread of its own."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Self

from timeloom import _convert as convert
from timeloom import _travel_convert as travel_convert
from timeloom import configuration
from timeloom._calls import Connection
from timeloom.aio.agent_sessions import AsyncAgentSessions
from timeloom.aio.alerts import AsyncAlerts
from timeloom.aio.api_keys import AsyncApiKeys
from timeloom.aio.environments import AsyncEnvironments
from timeloom.aio.executions import AsyncExecutions
from timeloom.aio.memory import AsyncMemories
from timeloom.aio.migrations import AsyncMigrations
from timeloom.aio.observability import AsyncObservability
from timeloom.aio.playback import AsyncPlayback, frames
from timeloom.aio.preferences import AsyncPreferences
from timeloom.aio.recording import AsyncRecordedExecution, AsyncRecording, AsyncStep
from timeloom.aio.replaying import AsyncReplay, AsyncReplaying, replaying
from timeloom.aio.retention import AsyncRetention
from timeloom.aio.scores import AsyncScores
from timeloom.aio.snapshots import AsyncSnapshots
from timeloom.aio.sync import AsyncSync
from timeloom.aio.tasks import AsyncTasks
from timeloom.aio.workflow_executions import AsyncWorkflowExecutions
from timeloom.aio.workflows import AsyncWorkflows
from timeloom.errors import ExecutionEndedError
from timeloom.recording.journal import LiveJournal
from timeloom.recording.stream import SnapshotStream
from timeloom.replay.recording import Recording as ExecutionRecording
from timeloom.replay.tape import current
from timeloom.resources import Execution, ExecutionStatus
from timeloom.snapshots.v1 import time_travel_service_pb2 as pb
from timeloom.time_travel import Breakpoint, Frame, FrameContent

__all__ = [
    "AsyncAgentSessions",
    "AsyncAlerts",
    "AsyncApiKeys",
    "AsyncEnvironments",
    "AsyncExecutions",
    "AsyncMemories",
    "AsyncMigrations",
    "AsyncObservability",
    "AsyncPlayback",
    "AsyncPreferences",
    "AsyncRecordedExecution",
    "AsyncRecording",
    "AsyncReplay",
    "AsyncReplaying",
    "AsyncRetention",
    "AsyncScores",
    "AsyncSnapshots",
    "AsyncStep",
    "AsyncTasks",
    "AsyncTimeloom",
    "AsyncWorkflowExecutions",
    "AsyncWorkflows",
]

TIMEOUT_SECONDS_DEFAULT = 30.0


class AsyncTimeloom:
    """A client of Timeloom for asyncio.

    It connects at its first call and belongs to the event loop of that call. Settings come from the
    arguments, else from `TIMELOOM_API_KEY`, `TIMELOOM_GRPC_ADDRESS` and `TIMELOOM_URL`, else from the nearest
    `.timeloom/credentials.json` upwards from the working directory.

    Attributes:
        executions: Create, read, list and change executions, fork them, and ask what a debugger asks.
        snapshots: Read, list, compare, mark and follow snapshots.
        retention: What is kept when snapshots are pruned.
        api_keys: The keys that open the project, and as whom.
        memory: What agents remember.
        workflows: What is to be done, whatever stops in between; `workflows.executions` are its runs.
        tasks: What people want agents to do.
        environments: Where agents work.
        preferences: What users have chosen.
        agent_sessions: Conversations between people and agents, as apps keep them.
        sync: Takes what clients changed while nobody heard them.
        migrations: What browser apps kept by themselves, brought over.
        observability: What agents did, as telemetry tells it: events, traces, sessions, metrics, prices.
        scores: How good agents' work was.
        alerts: Rules over metrics of events, and what they found.
        stream: What recorded snapshots travel on; for adapters of agent frameworks.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        grpc_address: str | None = None,
        url: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS_DEFAULT,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            api_key: The key of the project to work in.
            grpc_address: `host:port`, or `https://host:port` for TLS.
            url: The address of the REST front and the console, for people to open.
            timeout_seconds: How long a call, or the commit of a step, may take.

        Raises:
            ConfigurationError: No API key was found; the message says where one may be put.
        """
        self.configuration = configuration.resolve(api_key=api_key, grpc_address=grpc_address, url=url)
        self.timeout_seconds = timeout_seconds
        self._connection = Connection(self.configuration, timeout_seconds=timeout_seconds)
        self.stream = SnapshotStream(self._connection)
        self.executions = AsyncExecutions(self._connection)
        self.snapshots = AsyncSnapshots(self._connection)
        self.retention = AsyncRetention(self._connection)
        self.memory = AsyncMemories(self._connection)
        self.workflows = AsyncWorkflows(self._connection)
        self.tasks = AsyncTasks(self._connection)
        self.environments = AsyncEnvironments(self._connection)
        self.preferences = AsyncPreferences(self._connection)
        self.agent_sessions = AsyncAgentSessions(self._connection)
        self.sync = AsyncSync(self._connection)
        self.migrations = AsyncMigrations(self._connection)
        self.observability = AsyncObservability(self._connection)
        self.scores = AsyncScores(self._connection)
        self.alerts = AsyncAlerts(self._connection)
        self.api_keys = AsyncApiKeys(self._connection)

    def record(
        self,
        *,
        agent_id: str,
        name: str = "",
        session_id: str = "",
        input: Any = None,  # noqa: A002 - the word that the API uses
        tags: Iterable[str] = (),
        metadata: Any = None,
        trace_id: str = "",
        execution_id: str = "",
        default: Callable[[Any], Any] | None = None,
    ) -> AsyncRecording:
        """Record an execution: `async with client.record(agent_id="researcher") as execution: …`.

        The execution succeeds with the block; an exception makes it fail (or, if it was cancelled, be
        cancelled) and goes on its way.

        Args:
            agent_id: Which agent runs.
            name: For people.
            session_id: The conversation that the run belongs to.
            input: What the agent is given; any JSON value.
            tags: Any number of words to find it by.
            metadata: Any JSON value to keep with it.
            trace_id: The OpenTelemetry trace of the run, as 32 hex digits.
            execution_id: A UUID of your own, so that the same call finds the execution again.
            default: Turns a value that JSON does not know into one that it knows, as in `json.dumps`.
        """
        replayed = replaying(current())
        if replayed is not None:
            return AsyncRecording(partial(_begin_again, replayed, input, default))
        create: dict[str, Any] = {
            "agent_id": agent_id,
            "name": name,
            "session_id": session_id,
            "input": None if input is None else convert.normalized(input, of="input", default=default),
            "tags": tuple(tags),
            "metadata": (
                None if metadata is None else convert.normalized(metadata, of="metadata", default=default)
            ),
            "trace_id": trace_id,
            "execution_id": execution_id,
        }

        async def start() -> AsyncRecordedExecution:
            return self._recorded(await self.executions.create(**create), None, default)

        return AsyncRecording(start)

    def resume(self, execution_id: str, *, default: Callable[[Any], Any] | None = None) -> AsyncRecording:
        """Go on with an execution that runs, such as a fork, from the state of its head.

            async with client.resume(fork.id) as execution:
                state = execution.state

        Another recorder of the same execution makes the next step fail with `StaleParentError`.

        Args:
            execution_id: The execution.
            default: Turns a value that JSON does not know into one that it knows, as in `json.dumps`.

        Raises:
            ExecutionEndedError: It has ended; `rollback` can let it run again.
        """

        async def start() -> AsyncRecordedExecution:
            started = await self.executions.get(execution_id)
            if started.status is not ExecutionStatus.RUNNING:
                raise ExecutionEndedError(f"The execution {execution_id} has ended: {started.status.lower()}")
            state = None
            if started.head_sequence:
                state = (await self.snapshots.get(execution_id, started.head_sequence)).state
            return self._recorded(started, state, default)

        return AsyncRecording(start)

    def replay(
        self, execution: str | ExecutionRecording, *, default: Callable[[Any], Any] | None = None
    ) -> AsyncReplaying:
        """Run an agent's code again, with every effect answered from the recording.

            async with client.replay(execution_id) as replay:
                await agent(replay.execution)
            print(replay.result)

        Nothing leaves the process through the hooks, and each step must come to its recorded state. The first
        mismatch raises `ReplayDiverged`. Within the block, `record` gives the replayed execution too, so that
        a whole program can be run as it is.

        Args:
            execution: Its identifier, or a recording that was read or loaded before.
            default: As it was given to `record`.
        """

        async def load() -> ExecutionRecording:
            if isinstance(execution, ExecutionRecording):
                return execution
            return await ExecutionRecording.of(self, execution)

        return AsyncReplaying(load, default=default)

    def playback(
        self,
        execution_id: str,
        *,
        sequence: int = 0,
        content: FrameContent = FrameContent.DELTA,
        path: str = "",
        breakpoints: Iterable[Breakpoint] = (),
        pause_seconds_max: float = 0.0,
    ) -> AsyncPlayback:
        """Step through an execution's states: `async with client.playback(execution_id) as playback: …`.

        Args:
            execution_id: The execution.
            sequence: Where it begins; the first snapshot if zero.
            content: What travels. With deltas, each state is rebuilt here and compared with its hash.
            path: Only the part of the state at this JSON pointer.
            breakpoints: Where it stops.
            pause_seconds_max: Longer pauses of the recording are cut to this; to 5 if zero.
        """
        return AsyncPlayback(
            self._connection,
            execution_id,
            sequence=sequence,
            content=content,
            path=path,
            breakpoints=breakpoints,
            pause_seconds_max=pause_seconds_max,
        )

    def frames(
        self,
        execution_id: str,
        *,
        from_sequence: int = 0,
        to_sequence: int = 0,
        reverse: bool = False,
        content: FrameContent = FrameContent.DELTA,
        path: str = "",
        breakpoints: Iterable[Breakpoint] = (),
        timeout_seconds: float | None = None,
    ) -> AsyncGenerator[Frame]:
        """Yield one state of an execution after the other, as fast as they come: `async for frame in …`.

        Args:
            execution_id: The execution.
            from_sequence: The first snapshot; that of the execution if zero, or the head in reverse.
            to_sequence: The last snapshot; the head if zero, or the first one in reverse.
            reverse: Backwards.
            content: What travels. With deltas, each state is rebuilt here and compared with its hash.
            path: Only the part of the state at this JSON pointer.
            breakpoints: The first of them at which a frame stops is the last frame.
            timeout_seconds: How long all of it may take.

        Raises:
            NotFoundError: There is no such execution, or no snapshot to begin with.
        """
        request = pb.PlayExecutionRequest(
            execution_id=execution_id,
            from_sequence=from_sequence,
            to_sequence=to_sequence,
            reverse=reverse,
            content=travel_convert.content_number(content),
            path=path,
            breakpoints=[travel_convert.breakpoint_message(each) for each in breakpoints],
        )
        return frames(self._connection, request, content=content, timeout_seconds=timeout_seconds)

    async def recording(self, execution_id: str) -> ExecutionRecording:
        """Read a whole execution, to replay it here or, from the file that `save` writes, anywhere.

        Raises:
            NotFoundError: The project has no such execution.
        """
        return await ExecutionRecording.of(self, execution_id)

    def _recorded(
        self, started: Execution, state: Any, default: Callable[[Any], Any] | None
    ) -> AsyncRecordedExecution:
        # What the caller changes in its state must not change what the next step is compared with.
        kept = copy.deepcopy(state)
        journal = LiveJournal(
            started,
            state=kept,
            executions=self.executions,
            stream=self.stream,
            timeout_seconds=self.timeout_seconds,
            default=default,
        )
        return AsyncRecordedExecution(started, journal=journal, default=default, state=state)

    async def close(self) -> None:
        """Disconnect. Steps that nobody waited for and that are not committed yet are given up."""
        await self.stream.close()
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.close()


async def _begin_again(
    replayed: AsyncReplay, given: Any, default: Callable[[Any], Any] | None
) -> AsyncRecordedExecution:
    normalized = None if given is None else convert.normalized(given, of="input", default=default)
    replayed.player.check_start(normalized)
    return replayed.execution
