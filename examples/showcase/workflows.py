"""Workflows: a refund that a person approves, a report that is made of parallel steps, and one that fails."""

from __future__ import annotations

from typing import Any

from timeloom import Timeloom

REFUND: dict[str, Any] = {
    "id": "refund",
    "description": "Refunds an order. Large amounts are asked for.",
    "input": {
        "type": "object",
        "properties": {
            "order": {"type": "string", "title": "Order"},
            "amount": {"type": "number", "title": "Amount in euros", "minimum": 0},
        },
        "required": ["order", "amount"],
    },
    "steps": [
        {"id": "fee", "type": "transform", "value": "${ double(input.amount) * 0.02 }"},
        {
            "id": "may",
            "type": "human_approval",
            "if": "double(input.amount) > 100.0",
            "question": "Refund ${ input.amount } euros for order ${ input.order }?",
            "timeout": "2d",
            "onTimeout": "reject",
        },
        {
            "id": "result",
            "type": "transform",
            "value": {
                "order": "${ input.order }",
                "refunded": "${ steps.may.status == 'SKIPPED' || steps.may.output.approved }",
            },
        },
    ],
    "output": "${ steps.result.output }",
}

DIVIDE: dict[str, Any] = {
    "id": "share-costs",
    "description": "Shares the costs of a day among the teams.",
    "steps": [
        {"id": "keep", "type": "transform", "value": {"over": "${ input.over }"}},
        {"id": "share", "type": "transform", "value": "${ input.over / input.by }"},
    ],
    "output": "${ steps.share.output }",
}


def run_workflows(client: Timeloom) -> None:
    """Applies the definitions and begins executions: some end, one fails, two wait for a person."""
    client.workflows.apply(REFUND, tags=["billing"])
    client.workflows.apply(DIVIDE, tags=["reporting"])
    for number, amount in enumerate((12.5, 40, 80, 250, 990), start=1):
        client.workflows.execute("refund", {"order": f"A{number}", "amount": amount})
    client.workflows.execute("share-costs", {"over": 900, "by": 3}, wait=True)
    client.workflows.execute("share-costs", {"over": 900, "by": 0}, wait=True)
