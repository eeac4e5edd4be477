"""Recording the effects of a LangGraph agent beside its checkpoints, and replaying it.

    saver = TimeloomSaver(client)
    with capture_langgraph(saver, thread_id="lisbon"):
        build(saver).invoke(…, {"configurable": {"thread_id": "lisbon"}})

    with client.replay(execution_of("lisbon")) as replay:
        build(ReplaySaver(replay)).invoke(…, {"configurable": {"thread_id": "lisbon"}})
    print(replay.result)

An effect is kept with the checkpoint from which its task began, like the task's writes. Compared are the
checkpoints of the thread itself; what a subgraph does is part of the step that runs it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Protocol

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.memory import InMemorySaver

from timeloom.errors import InvalidRequestError
from timeloom.langgraph import TimeloomSaver
from timeloom.langgraph.codec import CheckpointCodec, ThreadRef
from timeloom.langgraph.directory import execution_id_of
from timeloom.langgraph.transcoding import TAG
from timeloom.replay.hooks import HTTP, LANGCHAIN, http_hooks, langchain_hooks
from timeloom.replay.player import BETWEEN, Player
from timeloom.replay.tape import ANYWHERE, AT_SNAPSHOT, RecordingTape, active
from timeloom.resources import Effect
from timeloom.state._kinds import kind_of

INPUT_CHANNEL: Final = "__start__"

DURABILITY: Final = "__pregel_durability"
"""Where LangGraph keeps how durable a run is."""

CHECKPOINT_WAIT_SECONDS_MAX: Final = 30.0
"""How long a task waits for the checkpoint that it began from, which is saved in the background."""


def execution_of(thread_id: str) -> str:
    """Return the identifier of the execution that records a thread."""
    return execution_id_of(ThreadRef(thread_id, ""))


@contextmanager
def capture_langgraph(saver: TimeloomSaver, *, thread_id: str, http: bool = False) -> Generator[None]:
    """Record what models and tools answer to a thread's graph in the block, with its checkpoints.

    Also recorded are `@effect` functions, `timeloom.replay.now` and the like, and the identifiers that
    LangGraph gives to messages. Everything is stored when the block ends. Checkpoints must be saved as they
    come about: with `durability="exit"` there is nothing that effects could stand with, and the first of them
    is refused with an `InvalidRequestError` before it happens.

    Args:
        saver: The graph's checkpointer.
        thread_id: The thread; the block runs no other one.
        http: Record HTTP calls too.

    Raises:
        TimeloomError: Effects could not be stored.
    """
    effects = _ThreadEffects(saver, thread_id)
    recording = RecordingTape(
        execution_id=execution_of(thread_id),
        place=_place,
        sink=effects.keep,
        hooks={LANGCHAIN, HTTP} if http else {LANGCHAIN},
    )
    with ExitStack() as stack:
        stack.enter_context(langchain_hooks())
        if http:
            stack.enter_context(http_hooks())
        stack.callback(effects.finish)
        stack.enter_context(active(recording))
        yield


class _ThreadEffects:
    """Stores the effects of a thread, each with the checkpoint that its task began from."""

    def __init__(self, saver: TimeloomSaver, thread_id: str) -> None:
        self._saver = saver
        self._ref = ThreadRef(thread_id, "")
        self._lock = threading.Lock()
        self._between: list[Effect] = []
        self._stored: list[Future[None]] = []

    def keep(self, effect: Effect) -> None:
        """Store an effect, with those before it that happened between steps."""
        checkpoint_id = _root_checkpoint()
        with self._lock:
            self._between.append(effect)
            if checkpoint_id is not None:
                self._store(checkpoint_id)

    def finish(self) -> None:
        """Store what is left, and wait until all is stored."""
        with self._lock:
            if self._between:
                head = self._saver.get_tuple({"configurable": {"thread_id": self._ref.thread_id}})
                if head is not None:
                    self._store(head.checkpoint["id"])
            stored, self._stored = self._stored, []
        for each in stored:
            each.result()

    def _store(self, checkpoint_id: str) -> None:
        effects, self._between = tuple(self._between), []
        self._stored = [each for each in self._stored if not each.done() or each.exception()]
        self._stored.append(
            self._saver.client.portal.start(self._saver.record_effects(self._ref, checkpoint_id, effects))
        )


class _Replayed(Protocol):
    @property
    def player(self) -> Player: ...


class ReplaySaver(InMemorySaver):
    """The checkpointer of a replay: keeps checkpoints in memory, and compares them with the recorded ones."""

    def __init__(self, replay: _Replayed) -> None:
        """Compare with what is replayed; within the replay's block."""
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - a default of it is not annotated
        self._player = replay.player
        self._codec = CheckpointCodec()
        self._sequences: dict[str, int] = {}
        self._known = threading.Condition()
        self._player.locate = self._locate

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Compare a checkpoint with the next recorded one, and keep it.

        Raises:
            ReplayDiverged: Its values are others.
        """
        if not ThreadRef.of(config).checkpoint_ns:
            record = self._codec.record(self.serde, config, checkpoint, metadata, new_versions)
            # A task may still be asked again, when an interrupt is answered: effects are counted in the end.
            compared = self._player.check_step(
                None, None, record.state, complete=False, same=same_but_for_input_ids
            )
            with self._known:
                self._sequences[checkpoint["id"]] = compared.sequence
                self._known.notify_all()
        return super().put(config, checkpoint, metadata, new_versions)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Compare a checkpoint, like `put`."""
        return self.put(config, checkpoint, metadata, new_versions)

    def _locate(self) -> int:
        checkpoint_id = _root_checkpoint()
        if checkpoint_id is None:
            return BETWEEN
        with self._known:
            # In an event loop the checkpoint was put before the task began; nothing may wait there.
            if not _in_event_loop():
                self._known.wait_for(
                    lambda: checkpoint_id in self._sequences or self._player.result.divergence is not None,
                    CHECKPOINT_WAIT_SECONDS_MAX,
                )
            return self._sequences.get(checkpoint_id, self._player.stands_on)


def same_but_for_input_ids(recorded: Any, actual: Any) -> bool:
    """Tell whether two states of a graph are equal but for the identifiers of the messages that came in.

    LangGraph gives such a message its identifier in place, in the next step, while it saves the checkpoint of
    the input in the background: that checkpoint has it or not, as it happens.
    """
    return bool(_without_input_ids(recorded) == _without_input_ids(actual))


def _without_input_ids(state: Any) -> Any:
    if kind_of(state) is not dict or INPUT_CHANNEL not in state:
        return state
    return {
        name: _without_ids(value) if name == INPUT_CHANNEL else value
        for name, value in state.items()
        if name != TAG
    }


def _without_ids(value: Any) -> Any:
    if kind_of(value) is list:
        return [_without_ids(item) for item in value]
    if kind_of(value) is not dict:
        return value
    left_out = {TAG, "id"} if TAG in value else {TAG}
    return {name: _without_ids(item) for name, item in value.items() if name not in left_out}


def _place() -> str:
    checkpoint_id = _root_checkpoint()
    return ANYWHERE if checkpoint_id is None else f"{AT_SNAPSHOT}-{checkpoint_id}"


def _root_checkpoint() -> str | None:
    """Return the checkpoint of the whole graph that the task running here began from; None outside of one.

    Raises:
        InvalidRequestError: The run saves no checkpoints before its end.
    """
    configurable: dict[str, Any] = ensure_config().get("configurable", {})
    if configurable.get(DURABILITY) == "exit":
        raise InvalidRequestError(
            'durability: "exit" saves no checkpoint that effects could stand with; use "sync" or "async"'
        )
    found = configurable.get("checkpoint_map", {}).get("")
    return found if isinstance(found, str) else None


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
