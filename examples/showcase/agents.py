"""Recorded executions: a support agent that answers customers, mostly well."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from timeloom import EffectKind, Timeloom

CUSTOMERS = ("Ann", "Bela", "Chidi", "Dana", "Elif", "Farid", "Grete", "Hugo")
PROBLEMS = (
    ("The invoice shows the wrong address", "billing"),
    ("The app forgets my login on the phone", "login"),
    ("I was charged twice in March", "billing"),
    ("The export has no rows after the update", "export"),
    ("How do I invite a colleague?", "accounts"),
)
TOOLS = ("find_customer", "read_invoices", "search_manual", "write_refund")


def record_agents(client: Timeloom, random: Random, *, count: int) -> list[str]:
    """Records executions of the agent `support` and returns their ids; the last but one fails."""
    return [
        _record(client, random, number, is_failing=number % 7 == 5, step_count=random.randint(8, 24))
        for number in range(count)
    ]


def _record(client: Timeloom, random: Random, number: int, *, is_failing: bool, step_count: int) -> str:
    customer = random.choice(CUSTOMERS)
    problem, topic = random.choice(PROBLEMS)
    recording = client.record(
        agent_id="support",
        name=f"{problem} ({customer})",
        session_id=f"talk-{number}",
        input={"question": problem, "customer": customer},
        tags=[topic],
    )
    with suppress(TimeoutError), recording as execution:
        state = _first_state(customer, problem)
        execution.step("receive", state)
        for step in range(step_count):
            _work(execution, random, state, step)
        state["answer"] = _answer(customer, problem, is_failing=is_failing)
        execution.step("answer", state)
    return execution.id


def _answer(customer: str, problem: str, *, is_failing: bool) -> str:
    if is_failing:
        raise TimeoutError("The billing service did not answer within 30 s.")
    return f"Dear {customer}, it is solved: {problem.lower()}."


def _first_state(customer: str, problem: str) -> dict[str, Any]:
    return {
        "customer": {"name": customer, "plan": "team", "since": "2024-03-01"},
        "question": problem,
        "messages": [{"role": "user", "content": problem}],
        "budget": {"tokens": 20_000, "spent": 0},
        "confidence": 0.2,
    }


def _work(execution: Any, random: Random, state: dict[str, Any], step: int) -> None:
    """One step: the model decides, a tool answers, and the state remembers both."""
    tokens = random.randint(200, 900)
    tool = random.choice(TOOLS)
    thought = f"I use {tool} to learn more about step {step + 1}."
    execution.effect(
        EffectKind.LLM,
        "gpt-4o-mini",
        {"messages": state["messages"][-2:]},
        {"content": thought, "usage": {"input_tokens": tokens, "output_tokens": tokens // 5}},
    )
    state["messages"].append({"role": "assistant", "content": thought})
    state["budget"]["spent"] += tokens
    state["confidence"] = round(min(0.98, state["confidence"] + random.random() * 0.15 - 0.03), 2)
    execution.step("think", state, tags=["decision"] if step % 5 == 4 else [])
    found = {"rows": random.randint(0, 9), "note": f"{tool} found what was asked for"}
    execution.effect(EffectKind.TOOL, tool, {"query": state["question"]}, found)
    state["messages"].append({"role": "tool", "name": tool, "content": found["note"]})
    state.setdefault("findings", {})[f"{tool}-{step}"] = found
    execution.step(tool, state)
