"""Two checkpoints of an input may differ in the identifiers of its messages, and in nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from timeloom.langgraph.transcoding import Transcoder
from timeloom.replay.langgraph import same_but_for_input_ids

SERDE = JsonPlusSerializer()


def state(message: BaseMessage, *, channel: str = "__start__") -> dict[str, Any]:
    """A state as it is recorded, with one message in a channel."""
    tree = Transcoder().encode(SERDE.dumps_typed({"messages": [message]})).tree
    return {channel: tree, "other": 1}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (state(HumanMessage("Lisbon?", id="a")), True),
        (state(HumanMessage("Porto?")), False),
        (state(AIMessage("Lisbon?")), False),
        (state(HumanMessage("Lisbon?"), channel="messages"), False),
        ({**state(HumanMessage("Lisbon?")), "other": 2}, False),
    ],
)
def test_only_identifiers_of_the_input_do_not_count(other: dict[str, Any], *, same: bool) -> None:
    assert same_but_for_input_ids(state(HumanMessage("Lisbon?")), other) is same


def test_identifiers_count_everywhere_else() -> None:
    states = [state(HumanMessage("Lisbon?", id=each), channel="messages") for each in ("a", "b")]
    assert not same_but_for_input_ids(*states)
