"""Definitions for the tests of clients: short ones that wait for nobody but who tests them."""

from __future__ import annotations

import uuid
from typing import Any


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def transform(step_id: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "transform", "value": value, **fields}


def sum_up(workflow_id: str) -> dict[str, Any]:
    """Adds and doubles numbers."""
    return {
        "id": workflow_id,
        "description": "Adds numbers up.",
        "steps": [
            transform("sum", "${ input.a + input.b }"),
            transform("double", {"twice": "${ steps.sum.output * 2 }"}),
            transform("say", "It is ${ steps.double.output.twice }."),
        ],
        "output": "${ steps.say.output }",
    }


def ask(workflow_id: str) -> dict[str, Any]:
    """Asks somebody, and waits for a signal."""
    return {
        "id": workflow_id,
        "steps": [
            {"id": "may", "type": "human_approval", "question": "May ${ input.name } in?", "timeout": "1h"},
            {"id": "door", "type": "wait", "signal": "opened", "timeout": "1h"},
        ],
        "output": {"may": "${ steps.may.output.approved }", "door": "${ steps.door.output }"},
    }


def divide(workflow_id: str) -> dict[str, Any]:
    """Fails where it divides by zero."""
    return {
        "id": workflow_id,
        "steps": [
            transform("first", {"kept": "${ input.over }"}),
            transform("divide", "${ 10 / input.by }", retry={"maxAttempts": 1}),
        ],
        "output": "${ steps.divide.output }",
    }
