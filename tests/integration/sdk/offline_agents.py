"""Two agents that are recorded with a network and replayed without one."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from timeloom.client import Replay
from timeloom.replay import Recording, ReplayDiverged, effect, replay
from timeloom.replay.langgraph import ReplaySaver
from timeloom.resources import EffectKind

_GET_FLAGS = 0x8913  # SIOCGIFFLAGS
_IS_UP = 1

SERVER = {"url": "http://127.0.0.1:9"}
THREAD = "offline"


# -- A plain agent ----------------------------------------------------------------


@effect(kind=EffectKind.TOOL, ignore=("server",))
def lookup(city: str, *, server: str) -> dict[str, Any]:
    """Ask a service."""
    found: dict[str, Any] = httpx.get(f"{server}/weather", params={"city": city}).json()
    return found


def plain(execution: Any, variant: str) -> None:
    """Look at the weather of two cities, and choose."""
    state: dict[str, Any] = {"began": execution.now().isoformat(), "weather": {}}
    execution.step("plan", state)
    for city in ("Lisbon", "Porto" if variant != "question" else "Faro"):
        state["weather"][city] = lookup(city, server=SERVER["url"])
        execution.step("look", state)
    # Below the tape of `@effect`: this one goes through the hook of httpx.
    quote = httpx.get(f"{SERVER['url']}/quote", headers={"authorization": "Bearer secret"})
    state["quote"] = quote.json()["euros"]
    state["chosen"] = sorted(state["weather"])[0 if variant != "state" else -1]
    execution.step("choose", state)


# -- A LangGraph agent ------------------------------------------------------------


class RemoteModel(BaseChatModel):
    """A model behind HTTP."""

    @property
    def _llm_type(self) -> str:
        return "remote"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        said = httpx.post(f"{SERVER['url']}/model", json=[str(each.content) for each in messages]).json()
        if any(isinstance(message, ToolMessage) for message in messages):
            answer = AIMessage(said["text"])
        else:
            call = {"name": "weather", "args": {"city": "Lisbon"}, "id": said["id"]}
            answer = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return str(httpx.get(f"{SERVER['url']}/weather", params={"city": city}).json())


def graph(saver: BaseCheckpointSaver[str], variant: str) -> None:
    """Ask the model, which asks for the weather."""
    model = RemoteModel()

    def think(state: MessagesState) -> dict[str, Any]:
        messages = state["messages"]
        if variant == "question" and len(messages) > 1:
            messages = [HumanMessage("Be brief."), *messages]
        answer = model.invoke(messages)
        if variant == "state" and answer.content:
            answer = AIMessage(f"{answer.content}!", id=answer.id)
        return {"messages": [answer]}

    builder = StateGraph(MessagesState)
    builder.add_node("think", think)
    builder.add_node("tools", ToolNode([weather]))
    builder.add_edge(START, "think")
    builder.add_conditional_edges("think", tools_condition)
    builder.add_edge("tools", "think")
    config: RunnableConfig = {"configurable": {"thread_id": THREAD}}
    compiled: Any = builder.compile(checkpointer=saver)
    compiled.invoke({"messages": [HumanMessage("Lisbon?")]}, config)


# -- Their replay -----------------------------------------------------------------

AGENTS: dict[str, Callable[[Replay, str], None]] = {
    "plain": lambda replayed, variant: plain(replayed.execution, variant),
    "graph": lambda replayed, variant: graph(ReplaySaver(replayed), variant),
}


def interfaces_up() -> list[str]:
    """Return the network interfaces of this process that are up."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            answer = fcntl.ioctl(asking, _GET_FLAGS, struct.pack("16sH14x", name.encode(), 0))
            if struct.unpack("16sH14x", answer)[1] & _IS_UP:
                found.append(name)
    return found


def main(runs: list[tuple[str, str, str]]) -> None:
    """Replay agents (which one, its recording, how its code was changed) and print how each went."""
    for kind, path, variant in runs:
        recording = Recording.load(path)
        with suppress(ReplayDiverged), replay(recording) as replayed:
            AGENTS[kind](replayed, variant)
        divergence = replayed.result.divergence
        outcome = {
            "status": replayed.result.status,
            "steps": replayed.result.steps,
            "diverged_at": None if divergence is None else divergence.step,
            "report": str(replayed.result),
        }
        print(json.dumps(outcome))  # noqa: T201 - what it is for
