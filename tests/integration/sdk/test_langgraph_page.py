"""The page about LangGraph says what is so: its snippets run, one after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from timeloom import Timeloom

PAGE = Path(__file__).parents[3] / "docs" / "langgraph.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)


class Order(TypedDict, total=False):
    """What the page's agent knows."""

    request: str
    cart: list[str]
    paid: int


def pay(state: Order) -> Order:
    return {"paid": 18} if interrupt(f"Pay 18 for {state['cart'][0]}?") == "yes" else {}


def shopper() -> StateGraph[Order, None, Order, Order]:
    """Finds what is asked for, and pays for it if a human agrees."""
    graph = StateGraph(Order)
    graph.add_node("search", lambda state: {"cart": [state["request"].split()[-1]]})
    graph.add_node("pay", pay)
    graph.add_edge(START, "search")
    graph.add_edge("search", "pay")
    return graph


def test_the_snippets_run(client: Timeloom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMELOOM_API_KEY", client.configuration.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", client.configuration.grpc_address)
    page = PAGE.read_text(encoding="utf-8")
    snippets = PYTHON.findall(page)
    said: list[str] = []
    names: dict[str, Any] = {
        "builder": shopper(),
        "print": lambda *values: said.append(" ".join(str(value) for value in values)),
    }
    try:
        for snippet in snippets:
            said.clear()
            exec(compile(snippet, str(PAGE), "exec"), names)
            expected = SAID.findall(snippet)
            assert said[len(said) - len(expected) :] == expected
            if "print(snapshot.sequence" in snippet:
                assert "\n".join(said) in page
    finally:
        names["client"].close()
    assert len(snippets) == 8
    shown = {execution.session_id for execution in client.executions.list()}
    assert shown == {"order-7", "order-7-again"}
