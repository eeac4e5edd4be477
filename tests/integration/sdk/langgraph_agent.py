"""A LangGraph agent with a model, tools, a human in the loop and an agent within; it needs no network."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import interrupt


class AgentState(TypedDict, total=False):
    """What the agent knows."""

    messages: Annotated[list[AnyMessage], add_messages]
    notes: Annotated[list[str], operator.add]
    plan: dict[str, Any]


class ScriptedModel(BaseChatModel):
    """Answers by what was said: it searches, asks for payment, then sums up."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        since = messages[max(i for i, each in enumerate(messages) if isinstance(each, HumanMessage)) :]
        answers = [message for message in since if isinstance(message, ToolMessage)]
        place = len(messages)
        if not answers:
            calls = [
                {"name": "search", "args": {"query": since[0].content, "limit": 2}, "id": f"search-{place}"},
                {"name": "pay", "args": {"amount": 2.5, "to": "archive"}, "id": f"pay-{place}"},
            ]
            message = AIMessage("", tool_calls=calls, id=f"ai-{place}")
        else:
            said = "; ".join(str(answer.content) for answer in answers)
            message = AIMessage(f"I found: {said}", id=f"ai-{place}")
        return ChatResult(generations=[ChatGeneration(message=message)])


@tool
def search(query: str, limit: int) -> str:
    """Search the web."""
    return f"{limit} pages about {query}"


@tool
def pay(amount: float, to: str) -> str:
    """Pay, if a human agrees."""
    answer = interrupt({"question": f"Pay {amount} to {to}?"})
    return f"paid {amount}" if answer == "yes" else "not paid"


def agent(checkpointer: BaseCheckpointSaver[Any]) -> CompiledStateGraph[AgentState, Any, Any, Any]:
    """Think, use tools until there is nothing to use, let the researcher work, and finish."""
    model = ScriptedModel()
    graph = StateGraph(AgentState)
    graph.add_node("think", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([search, pay]))
    graph.add_node("research", _researcher().compile())
    graph.add_node("finish", lambda state: {"plan": {"notes": len(state["notes"]), "done": True}})
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", _route, ["tools", "research"])
    graph.add_edge("tools", "think")
    graph.add_edge("research", "finish")
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer)


def _route(state: AgentState) -> str:
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "research"


def _researcher() -> StateGraph[AgentState, Any, Any, Any]:
    graph = StateGraph(AgentState)
    graph.add_node("look", lambda _: {"notes": ["looked"]})
    graph.add_node("ask", lambda _: {"notes": [f"the human said {interrupt('Which source?')}"]})
    graph.add_edge(START, "look")
    graph.add_edge("look", "ask")
    return graph
