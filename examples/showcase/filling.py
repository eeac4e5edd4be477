"""All of it, in the order in which one part needs another."""

from __future__ import annotations

from random import Random

from showcase.agents import record_agents
from showcase.memories import fill_memory
from showcase.telemetry import send_traces, set_alerts
from showcase.workflows import run_workflows
from showcase.workspace import plan_work
from timeloom import Timeloom


def fill(client: Timeloom, *, otlp_endpoint: str, api_key: str, random: Random) -> None:
    """Fills the client's project."""
    send_traces(otlp_endpoint, api_key, random, count=400, hours=24)
    executions = record_agents(client, random, count=24)
    fork = client.executions.fork(executions[0], 4, name="With another question")
    client.executions.modify_tags(fork.id, add=["attempt"])
    fill_memory(client, random, count=240)
    run_workflows(client)
    plan_work(client)
    set_alerts(client)
