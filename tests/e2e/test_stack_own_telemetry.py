"""Timeloom shows itself: one trace from a request over gRPC and NATS to whoever heard of it."""

from __future__ import annotations

import secrets
import time

import httpx

PATIENCE_SECONDS = 30
HEARD = {"timeloom-gateway", "timeloom-snapshots", "timeloom-workflows"}


def test_a_request_is_one_trace_through_all_services(client: httpx.Client) -> None:
    trace_id = secrets.token_hex(16)
    made = client.post(
        "/api/agent-executions",
        json={"agentId": "watched"},
        headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"},
    )
    assert made.is_success, made.text

    assert _told(client, trace_id) >= {
        ("timeloom-gateway", "POST /api/agent-executions"),
        ("timeloom-snapshots", "timeloom.snapshots.v1.SnapshotsService/CreateExecution"),
        ("timeloom-workflows", "handle event"),
    }


def _told(client: httpx.Client, trace_id: str) -> set[tuple[str, str]]:
    """Waits until all have told of a trace; returns who told what."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    told: set[tuple[str, str]] = set()
    while time.monotonic() < deadline and not {service for service, _ in told} >= HEARD:
        time.sleep(0.1)
        answer = client.get("/api/observability/events", params={"filter.traceId": trace_id})
        assert answer.is_success, answer.text
        told = {(event["serviceName"], event["name"]) for event in answer.json()["events"]}
    return told
