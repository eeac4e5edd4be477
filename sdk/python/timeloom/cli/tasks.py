"""`timeloom tasks`: what people want agents to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from timeloom.cli import values, wording
from timeloom.cli.parameters import JSON, TASK_PRIORITY, TASK_STATUS, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.records import Task, TaskPriority, TaskStatus

_STYLES = {
    TaskStatus.PENDING: "dim",
    TaskStatus.IN_PROGRESS: "yellow",
    TaskStatus.PAUSED: "cyan",
    TaskStatus.COMPLETED: "green",
    TaskStatus.CANCELLED: "magenta",
}


@click.group()
def tasks() -> None:
    """List, show, make and change tasks: what people want agents to do."""


@tasks.command("list")
@click.option(
    "--status", "statuses", type=TASK_STATUS, multiple=True, help="Only those in this status; repeatable."
)
@click.option("--priority", type=TASK_PRIORITY, help="Only those of this priority.")
@click.option("--user", "user_id", metavar="ID", help="Only this user's.")
@click.option("--session", "session_id", metavar="ID", default="", help="Only this conversation's.")
@click.option("--repository", metavar="NAME", default="", help="Only those of this repository.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only those with this tag; repeatable.")
@click.option("--query", metavar="WORDS", default="", help="Only those that say these words somewhere.")
@click.option("--archived/--not-archived", default=None, help="Only those that are put away, or are not.")
@click.option("--order", "order_by", metavar="FIELD", default="", help="Such as title, or 'priority desc'.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List tasks; those that changed last come first.

    \b
    Examples:
      timeloom tasks list --status in-progress
      timeloom tasks list --query "plants water" --limit 0
      timeloom tasks list --json | jq -r .id
    """
    session = current()
    found = session.client.tasks.list(**filters, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    _print_table(session, list(found), limit=limit)


@tasks.command()
@click.argument("task_id", metavar="TASK", type=click.UUID)
@json_option("Print one JSON document.")
def show(*, task_id: UUID, as_json: bool) -> None:
    """Show a task with its messages.

    \b
    Examples:
      timeloom tasks show 01931f3c-…
      timeloom tasks show 01931f3c-… --json | jq .messages
    """
    session = current()
    found = session.client.tasks.get(str(task_id))
    if as_json:
        session.print_document(found)
        return
    session.console.print(_heading(found))
    if found.messages:
        values.print_value(session.console, found.messages)


@tasks.command()
@click.argument("title")
@click.option("--description", metavar="TEXT", default="", help="What is to be done.")
@click.option("--priority", type=TASK_PRIORITY, help="How soon; medium by default.")
@click.option("--user", "user_id", metavar="ID", default="", help="Whose it is; the project's by default.")
@click.option("--session", "session_id", metavar="ID", default="", help="Its conversation.")
@click.option("--environment", "environment_id", metavar="ID", default="", help="Where it is worked on.")
@click.option("--repository", metavar="NAME", default="", help="Where the code is.")
@click.option("--branch", metavar="NAME", default="", help="Where the work is.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A word to find it by; repeatable.")
@click.option("--metadata", type=JSON, metavar="JSON", help="A JSON object, or @FILE.")
@json_option("Print one JSON document.")
def create(*, title: str, as_json: bool, **fields: Any) -> None:
    """Make a task.

    \b
    Examples:
      timeloom tasks create "Water the plants" --tag home
      timeloom tasks create "Fix the login" --repository ada/app --branch login --priority high
    """
    session = current()
    made = session.client.tasks.create(title, **fields)
    if as_json:
        session.print_document(made)
    else:
        click.echo(made.id)


@tasks.command()
@click.argument("task_id", metavar="TASK", type=click.UUID)
@click.option("--title", metavar="TEXT", help="For people.")
@click.option("--description", metavar="TEXT", help="What is to be done.")
@click.option("--status", type=TASK_STATUS, help="How far it is.")
@click.option("--priority", type=TASK_PRIORITY, help="How soon it is to be done.")
@click.option("--message", "status_message", metavar="TEXT", help="What to tell people about its status.")
@click.option("--branch", metavar="NAME", help="Where the work is.")
@click.option("--archive/--unarchive", "archived", default=None, help="Put it away, or bring it back.")
@click.option("--metadata", type=JSON, metavar="JSON", help="A JSON merge patch, or @FILE.")
@click.option("--etag", metavar="ETAG", default="", help="Refuse the change if the task has another one.")
@json_option("Print one JSON document.")
def update(*, task_id: UUID, as_json: bool, **fields: Any) -> None:
    """Change a task; what is not given stays as it is.

    \b
    Examples:
      timeloom tasks update 01931f3c-… --status completed
      timeloom tasks update 01931f3c-… --archive
    """
    if all(value is None for name, value in fields.items() if name != "etag"):
        raise click.UsageError("There is nothing to change; --help shows what can be")
    session = current()
    changed = session.client.tasks.update(str(task_id), **fields)
    if as_json:
        session.print_document(changed)
    else:
        session.console.print(_heading(changed))


@tasks.command()
@click.argument("task_id", metavar="TASK", type=click.UUID)
@click.option("--etag", metavar="ETAG", default="", help="Refuse it if the task has another one.")
def delete(*, task_id: UUID, etag: str) -> None:
    """Delete a task for good.

    \b
    Examples:
      timeloom tasks delete 01931f3c-…
    """
    session = current()
    session.client.tasks.delete(str(task_id), etag=etag)
    session.console.print(f"The task {task_id} is gone.")


def _print_table(session: Session, found: list[Task], *, limit: int | None) -> None:
    if not found:
        session.console.print("No tasks. Make one with `timeloom tasks create TITLE`.")
        return
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("task", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("priority", no_wrap=True)
    table.add_column("title", ratio=1)
    table.add_column("user")
    table.add_column("changed", justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            one.id,
            _status(one.status),
            _priority(one.priority),
            escape(one.title),
            escape(one.user_id),
            wording.ago(one.update_time, now=now),
        )
    session.console.print(table)
    if limit is not None and len(found) == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


def _heading(found: Task) -> Group:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("task", found.id)
    facts.add_row("status", _status(found.status))
    facts.add_row("priority", _priority(found.priority))
    for name, value in (
        ("message", found.status_message),
        ("user", found.user_id),
        ("session", found.session_id),
        ("environment", found.environment_id),
        ("repository", found.repository),
        ("branch", found.branch),
        ("tags", ", ".join(found.tags)),
        ("archived", "yes" if found.archived else ""),
    ):
        if value:
            facts.add_row(name, escape(value))
    if found.pull_request is not None:
        facts.add_row("pull request", Text(values.line(found.pull_request)))
    facts.add_row("changed", wording.ago(found.update_time, now=datetime.now(UTC)))
    facts.add_row("etag", found.etag)
    title = Text(found.title, style="bold")
    if not found.description:
        return Group(title, facts, Text())
    return Group(title, facts, Text(), Text(found.description), Text())


def _status(status: TaskStatus | None) -> Text:
    # One that this client does not know yet is shown as nothing.
    return Text() if status is None else Text(status.lower().replace("_", " "), style=_STYLES[status])


def _priority(priority: TaskPriority | None) -> str:
    return priority.lower() if priority else ""
