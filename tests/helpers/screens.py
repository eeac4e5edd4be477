"""All screens of the console, with something to see on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from timeloom import Timeloom


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A screen.

    Attributes:
        name: As a file may be called.
        path: Its address; what stands in braces is found by `places_of`.
        heading: Its title, or how it begins.
    """

    name: str
    path: str
    heading: str = ""


SCREENS: Final = (
    Screen(name="home", path="/"),
    Screen(name="executions", path="/executions"),
    Screen(name="execution", path="/executions/{execution}?at=7"),
    Screen(name="compare", path="/compare?left={execution}&right={fork}"),
    Screen(name="bisect", path="/compare/bisect?execution={execution}&expression=snapshot.sequence > 5"),
    Screen(name="dashboards", path="/observability"),
    Screen(name="events", path="/observability/events"),
    Screen(name="event-search", path="/observability/search?q=invoice"),
    Screen(name="traces", path="/observability/traces"),
    Screen(name="trace", path="/observability/traces/{trace}"),
    Screen(name="alerts", path="/observability/alerts"),
    Screen(name="memory", path="/memory?namespace=agent/support"),
    Screen(name="memory-search", path="/memory?q=what%20does%20Ann%20drink"),
    Screen(name="memory-map", path="/memory/map"),
    Screen(name="memory-context", path="/memory/context"),
    Screen(name="memory-sharing", path="/memory/sharing"),
    Screen(name="memory-upkeep", path="/memory/upkeep"),
    Screen(name="workflows", path="/workflows"),
    Screen(name="workflow-templates", path="/workflows/templates"),
    Screen(name="workflow", path="/workflows/refund"),
    Screen(name="workflow-designer", path="/workflows/refund/design"),
    Screen(name="workflow-executions", path="/workflows/executions"),
    Screen(name="workflow-execution", path="/workflows/executions/{workflow_execution}"),
    Screen(name="approvals", path="/workflows/approvals"),
    Screen(name="migrations", path="/migrations"),
    Screen(name="tasks", path="/workspace/tasks"),
    Screen(name="environments", path="/workspace/environments"),
    Screen(name="conflicts", path="/workspace/conflicts"),
    Screen(name="settings", path="/settings"),
)


def places_of(client: Timeloom) -> Mapping[str, str]:
    """What the addresses of screens name, of a project that the showcase has filled."""
    executions = list(client.executions.list(agent_id="support"))
    (fork,) = [each for each in executions if each.forked_from is not None]
    assert fork.forked_from is not None
    (waiting, *_) = client.workflows.executions.list(limit=1)
    (trace, *_) = client.observability.traces.list(limit=1)
    return {
        "execution": fork.forked_from.execution_id,
        "fork": fork.id,
        "trace": trace.id,
        "workflow_execution": waiting.id,
    }
