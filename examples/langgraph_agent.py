"""A LangGraph agent, recorded by Timeloom: `make demo`.

The agent is a real one: a graph with a model, tools and a state. Only the model's answers are written down
here, so that it needs no network. The one line that records it is `compile(checkpointer=TimeloomSaver(…))`.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from rich.console import Console

from running_timeloom import Whereabouts, running_timeloom
from timeloom import Timeloom
from timeloom.cli import comparison, values
from timeloom.cli.timeline import Timeline
from timeloom.langgraph import TimeloomSaver

console = Console(highlight=False)


# -- The agent --------------------------------------------------------------------


@tool(response_format="content_and_artifact")
def find_flight(city: str) -> tuple[str, dict[str, Any]]:
    """Find a flight for two."""
    return f"There and back to {city} with TAP", {"airline": "TAP", "euros": 248}


@tool(response_format="content_and_artifact")
def forecast(city: str) -> tuple[str, dict[str, Any]]:
    """Tell the weather at the weekend."""
    return f"Sunny in {city}", {"sky": "sunny", "celsius": 24}


@tool(response_format="content_and_artifact")
def find_hotel(city: str, stars: int) -> tuple[str, dict[str, Any]]:
    """Find a room for two nights."""
    found = (
        {"name": "Memmo Alfama", "euros": 380} if stars > 3 else {"name": "Casa do Príncipe", "euros": 150}
    )
    return f"{found['name']} in {city}", {**found, "stars": stars}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return both, the new one on top."""
    return {**old, **new}


class Trip(MessagesState):
    """What the agent knows."""

    budget_euros: int
    trip: Annotated[dict[str, Any], merged]


def calls(*wanted: tuple[str, dict[str, Any]]) -> AIMessage:
    """Return a model's answer that calls tools."""
    tool_calls = [{"name": name, "args": args, "id": f"call_{uuid.uuid4().hex[:8]}"} for name, args in wanted]
    return AIMessage("", tool_calls=tool_calls)


SCRIPT = [
    calls(("find_flight", {"city": "Lisbon"}), ("forecast", {"city": "Lisbon"})),
    calls(("find_hotel", {"city": "Lisbon", "stars": 4})),
    AIMessage("Fly with TAP and stay at the Memmo Alfama: 628 euros for both of you. Pack for the sun."),
    calls(("find_hotel", {"city": "Lisbon", "stars": 2})),
    AIMessage("Fly with TAP and stay at the Casa do Príncipe: 398 euros, and the sun is the same."),
]


def build(checkpointer: TimeloomSaver) -> CompiledStateGraph[Trip, None, Trip, Trip]:
    """Return the agent."""
    model = GenericFakeChatModel(messages=iter(SCRIPT))

    def think(state: Trip) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def note(state: Trip) -> dict[str, Any]:
        found = {
            str(message.name).removeprefix("find_"): message.artifact
            for message in state["messages"]
            if isinstance(message, ToolMessage)
        }
        return {"trip": {**found, "total": sum(part.get("euros", 0) for part in found.values())}}

    graph = StateGraph(Trip)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode([find_flight, forecast, find_hotel]))
    graph.add_node("note", note)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "note")
    graph.add_edge("note", "think")
    return graph.compile(checkpointer=checkpointer)


# -- The demo ---------------------------------------------------------------------


def main() -> None:
    """Run the agent, then step back through what it did."""
    with (
        running_timeloom(console) as timeloom,
        Timeloom(
            api_key=timeloom.api_key, grpc_address=timeloom.grpc_address, url=timeloom.http_url
        ) as client,
    ):
        graph = build(TimeloomSaver(client, agent_id="trip-planner"))
        thread: RunnableConfig = {"configurable": {"thread_id": f"lisbon-{uuid.uuid4().hex[:6]}"}}

        heading("The agent runs", "and every step is recorded as it happens")
        question = HumanMessage("A weekend in Lisbon for two, please. At most 700 euros.")
        run(graph, {"messages": [question], "budget_euros": 700}, thread)

        execution = next(iter(client.executions.list(session_id=thread["configurable"]["thread_id"])))
        first_end = execution.head_sequence

        heading("Its timeline", f"timeloom executions show {execution.id}")
        show_timeline(client, execution.id)

        heading(
            "The trip as the agent knew it after step 5",
            f"timeloom snapshots show {execution.id} 5 --path /trip",
        )
        values.print_value(console, client.snapshots.get(execution.id, 5, path="/trip").state)

        heading(
            "What the next three steps changed", f"timeloom snapshots diff {execution.id} 5 8 --path /trip"
        )
        comparison.print_diff(console, client.snapshots.diff(execution.id, 5, 8, path="/trip"))

        heading(
            "Back to step 5, and on from there with less money", "a branch: nothing that happened is lost"
        )
        past = next(
            state
            for state in graph.get_state_history(thread)
            if state.next == ("think",)
            and "hotel" not in state.values["trip"]
            and "flight" in state.values["trip"]
        )
        run(graph, None, graph.update_state(past.config, {"budget_euros": 450}))
        show_timeline(client, execution.id)

        heading("The two endings, compared", f"timeloom snapshots diff {execution.id} {first_end}")
        comparison.print_diff(console, client.snapshots.diff(execution.id, first_end, path="/trip"))

        heading("Where to look next", "")
        show_way_on(timeloom, execution.id)


def run(graph: Any, given: dict[str, Any] | None, config: RunnableConfig) -> None:
    """Let the agent work, and tell what it says."""
    for update in graph.stream(given, config, stream_mode="updates"):
        for node, change in update.items():
            for message in change.get("messages", ()):
                console.print(f"  [dim]{node:6}[/dim] {spoken(message)}", soft_wrap=True)


def spoken(message: BaseMessage) -> str:
    """Return what a message says, on one line."""
    if isinstance(message, AIMessage) and message.tool_calls:
        return ", ".join(
            f"[cyan]{call['name']}[/cyan]({', '.join(map(str, call['args'].values()))})"
            for call in message.tool_calls
        )
    return str(message.content)


def heading(title: str, hint: str) -> None:
    """Begin a chapter; the hint is how to see the same again."""
    console.print(f"\n[bold]{title}[/bold]" + (f"\n[dim]{hint}[/dim]" if hint else ""), soft_wrap=True)


def show_timeline(client: Timeloom, execution_id: str) -> None:
    """Print the snapshots of an execution."""
    head = client.executions.get(execution_id).head_sequence
    console.print(Timeline(head_sequence=head).table(client.snapshots.list(execution_id)))


def show_way_on(timeloom: Whereabouts, execution_id: str) -> None:
    """Print what to try."""
    if timeloom.is_temporary:
        console.print("This Timeloom was started for the demo and stops now. To look around:")
        console.print("  [cyan]make up[/cyan], and [cyan]make demo[/cyan] in a second terminal")
        return
    for command in ("executions show last", "snapshots show last 5 --path /trip", "snapshots diff last 9"):
        console.print(f"  [cyan].venv/bin/timeloom {command}[/cyan]")
    console.print(
        f"  {timeloom.http_url}/docs  [dim]the API, with a form to try each call[/dim]", soft_wrap=True
    )
    console.print(f"  {timeloom.http_url}/api/agent-executions/{execution_id}", soft_wrap=True)


if __name__ == "__main__":
    main()
