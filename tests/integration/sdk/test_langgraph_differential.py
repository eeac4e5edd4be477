"""One life of a LangGraph agent, told twice: with LangGraph's own checkpointer and with Timeloom's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command, Interrupt, PregelTask, StateSnapshot

from tests.integration.sdk.langgraph_agent import agent
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver

THREAD: RunnableConfig = {"configurable": {"thread_id": "thread"}}

RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
VERSION = re.compile(r"0*(\d+)\.\d+\.\d+(e-\d+)?")


class Driver(Protocol):
    """The graph's methods that the life needs, awaited whether or not they are asynchronous."""

    async def invoke(self, given: Any, config: RunnableConfig) -> Any: ...

    async def state(self, config: RunnableConfig) -> StateSnapshot: ...

    async def history(self) -> list[StateSnapshot]: ...

    async def update(self, config: RunnableConfig, values: Any, as_node: str | None) -> RunnableConfig: ...

    async def checkpoints(self, **options: Any) -> list[CheckpointTuple]: ...

    async def delete(self) -> None: ...


class Asynchronous:
    """Drives the graph with its asynchronous methods."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self._saver, self._graph = saver, agent(saver)

    async def invoke(self, given: Any, config: RunnableConfig) -> Any:
        return await self._graph.ainvoke(given, config)

    async def state(self, config: RunnableConfig) -> StateSnapshot:
        return await self._graph.aget_state(config, subgraphs=True)

    async def history(self) -> list[StateSnapshot]:
        return [state async for state in self._graph.aget_state_history(THREAD)]

    async def update(self, config: RunnableConfig, values: Any, as_node: str | None) -> RunnableConfig:
        return await self._graph.aupdate_state(config, values, as_node)

    async def checkpoints(self, **options: Any) -> list[CheckpointTuple]:
        return [found async for found in self._saver.alist(THREAD, **options)]

    async def delete(self) -> None:
        await self._saver.adelete_thread("thread")


class Blocking:
    """Drives the graph with its blocking methods."""

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self._saver, self._graph = saver, agent(saver)

    async def invoke(self, given: Any, config: RunnableConfig) -> Any:
        return await asyncio.to_thread(self._graph.invoke, given, config)

    async def state(self, config: RunnableConfig) -> StateSnapshot:
        return await asyncio.to_thread(self._graph.get_state, config, subgraphs=True)

    async def history(self) -> list[StateSnapshot]:
        return await asyncio.to_thread(lambda: list(self._graph.get_state_history(THREAD)))

    async def update(self, config: RunnableConfig, values: Any, as_node: str | None) -> RunnableConfig:
        return await asyncio.to_thread(self._graph.update_state, config, values, as_node)

    async def checkpoints(self, **options: Any) -> list[CheckpointTuple]:
        return await asyncio.to_thread(lambda: list(self._saver.list(THREAD, **options)))

    async def delete(self) -> None:
        await asyncio.to_thread(self._saver.delete_thread, "thread")


class Told:
    """What can be compared: what is random is named by when it was first seen, and times are left out."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def tell(self, value: Any) -> Any:
        match value:
            case str():
                version = VERSION.fullmatch(value)
                return int(version[1]) if version else RANDOM.sub(self._name, value)
            case BaseMessage():
                # A tool's message gets its id while its write is being stored: some writes have it, some not.
                left_out = {"id"} if isinstance(value, ToolMessage) else None
                return type(value).__name__, self.tell(value.model_dump(exclude=left_out))
            case StateSnapshot():
                facts = (value.values, value.next, value.config, value.metadata, value.parent_config)
                return self.tell([*facts, value.tasks, value.interrupts])
            case PregelTask():
                return self.tell(
                    (value.name, value.path, value.error, value.interrupts, value.state, value.result)
                )
            case Interrupt():
                return "interrupt", self.tell(value.value)
            case CheckpointTuple():
                return self._tell_checkpoint(value)
            case Mapping():
                return {self.tell(key): self.tell(each) for key, each in sorted(value.items())}
            case list() | tuple():
                return [self.tell(each) for each in value]
            case _:
                return value

    def _tell_checkpoint(self, found: CheckpointTuple) -> Any:
        checkpoint = {name: value for name, value in found.checkpoint.items() if name != "ts"}
        writes = [(channel, value) for _, channel, value in found.pending_writes or []]
        return self.tell((found.config, checkpoint, found.metadata, found.parent_config, writes))

    def _name(self, match: re.Match[str]) -> str:
        return self._names.setdefault(match[0], f"#{len(self._names)}")


async def life(driver: Driver) -> list[Any]:
    """Runs, stops for a human, goes on, goes back, changes the past, and goes on from there."""
    told, story = Told(), list[Any]()

    async def point(name: str, *values: Any) -> None:
        states = [await driver.state(THREAD), *await driver.history()]
        story.append((name, told.tell([*values, *states, *await driver.checkpoints()])))

    result = await driver.invoke({"messages": [HumanMessage("owls", id="q1")], "notes": ["begin"]}, THREAD)
    await point("stopped before paying", result)
    result = await driver.invoke(Command(resume="yes"), THREAD)
    await point("stopped within the researcher", result)
    result = await driver.invoke(Command(resume="the archive"), THREAD)
    await point("finished", result)
    assert result["plan"]["done"]
    result = await driver.invoke({"messages": [HumanMessage("bats", id="q2")]}, THREAD)
    await point("asked again", result)

    history = await driver.history()
    before_tools = next(state for state in reversed(history) if state.next == ("tools",))
    story.append(("looked back", told.tell(await driver.state(before_tools.config))))
    result = await driver.invoke(None, before_tools.config)
    await point("went back and stopped again", result)
    result = await driver.invoke(Command(resume="no"), THREAD)
    await point("went another way", result)

    finished = next(state for state in history if state.values.get("plan"))
    edited = await driver.update(finished.config, {"notes": ["edited"], "plan": {"z": 1, "a": [None]}}, None)
    await point("changed the past", edited)
    edited = await driver.update(edited, {"messages": [HumanMessage("newts", id="q3")]}, "__start__")
    result = await driver.invoke(None, edited)
    await point("went on from the changed past", result)
    result = await driver.invoke(Command(resume="yes"), THREAD)
    result = await driver.invoke(Command(resume="a book"), THREAD)
    await point("came to an end", result)

    some = await driver.checkpoints(filter={"source": "loop"}, before=history[2].config, limit=3)
    story.append(("searched", told.tell(some)))
    await driver.delete()
    await point("deleted")
    return story


def differences(found: Any, wanted: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yields where two stories differ, which are too long to be read beside one another."""
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        for name in found:
            yield from differences(found[name], wanted[name], f"{path}/{name}")
    elif isinstance(found, list | tuple) and isinstance(wanted, list | tuple) and len(found) == len(wanted):
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from differences(one, other, f"{path}/{index}")
    elif found != wanted:
        yield path, found, wanted


@contextmanager
def blocking_peer(url: str) -> Iterator[PostgresSaver]:
    with PostgresSaver.from_conn_string(url) as saver:
        saver.setup()
        yield saver


@asynccontextmanager
async def blocking(url: str) -> AsyncIterator[Driver]:
    with blocking_peer(url) as saver:
        yield Blocking(saver)


@asynccontextmanager
async def asynchronous(url: str) -> AsyncIterator[Driver]:
    async with AsyncPostgresSaver.from_conn_string(url) as saver:
        await saver.setup()
        yield Asynchronous(saver)


class Opening(Protocol):
    """Makes a driver with LangGraph's own checkpointer in a database."""

    def __call__(self, url: str) -> AbstractAsyncContextManager[Driver]: ...


@pytest.mark.parametrize(("peer", "ours"), [(asynchronous, Asynchronous), (blocking, Blocking)])
async def test_the_agent_lives_the_same_life(
    client: Timeloom, database_url: str, peer: Opening, ours: type[Asynchronous | Blocking]
) -> None:
    async with peer(database_url) as driver:
        expected = await life(driver)
    story = await life(ours(TimeloomSaver(client)))
    for (name, found), (_, wanted) in zip(story, expected, strict=True):
        assert list(differences(found, wanted)) == [], name
