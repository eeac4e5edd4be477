"""Tasks and environments of the people who work with the agents."""

from __future__ import annotations

from timeloom import Timeloom
from timeloom.records import TaskPriority, TaskStatus

_TASKS = (
    ("Fix the login on the phone", TaskStatus.IN_PROGRESS, TaskPriority.HIGH, ["web", "login"]),
    ("Answer complaints in German, too", TaskStatus.PENDING, TaskPriority.MEDIUM, ["support"]),
    ("Move the export to the new queue", TaskStatus.IN_PROGRESS, TaskPriority.MEDIUM, ["export"]),
    ("Write the guide for refunds", TaskStatus.COMPLETED, TaskPriority.LOW, ["docs"]),
    ("Try the smaller model for summaries", TaskStatus.PAUSED, TaskPriority.LOW, ["models"]),
    ("Remove the old proxy", TaskStatus.CANCELLED, TaskPriority.LOW, ["operations"]),
    ("Check why Fridays are slow", TaskStatus.PENDING, TaskPriority.HIGH, ["operations"]),
)


def plan_work(client: Timeloom) -> None:
    """Creates the tasks, and two environments, one with a secret."""
    for title, status, priority, tags in _TASKS:
        client.tasks.create(
            title,
            status=status,
            priority=priority,
            tags=tags,
            user_id="ann",
            messages=[{"role": "user", "type": "text", "data": {"text": f"{title}, please."}}],
        )
    client.environments.create(
        "staging",
        description="Where changes are tried first.",
        github_organization="example",
        github_repository="example/desk",
        variables={"PORT": "8080", "LOG_LEVEL": "debug"},
        secrets={"GITHUB_TOKEN": "ghp_not-a-real-one"},
    )
    client.environments.create("production", github_repository="example/desk", variables={"PORT": "443"})
