"""`timeloom agent-sessions`: conversations between people and agents, as apps keep them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import values, wording
from timeloom.cli.parameters import AGENT_SESSION_TYPE, json_option, limit_option
from timeloom.cli.session import current
from timeloom.records import AgentSessionType


@click.group("agent-sessions")
def agent_sessions() -> None:
    """List and show conversations between people and agents, as apps keep them."""


@agent_sessions.command("list")
@click.option(
    "--type", "types", type=AGENT_SESSION_TYPE, multiple=True, help="Only those of this type; repeatable."
)
@click.option("--user", "user_id", metavar="ID", help="Only this user's.")
@click.option("--agent", "agent_id", metavar="ID", default="", help="Only those with this agent.")
@click.option("--active/--ended", default=None, help="Only those that go on, or do not.")
@click.option("--query", metavar="WORDS", default="", help="Only those whose titles say these words.")
@limit_option(20)
@json_option("Print a JSON document a line.")
def list_(*, limit: int | None, as_json: bool, **filters: Any) -> None:
    """List agent sessions; those in which something was said last come first.

    \b
    Examples:
      timeloom agent-sessions list --active
      timeloom agent-sessions list --type voice --json
    """
    session = current()
    found = session.client.agent_sessions.list(**filters, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    now = datetime.now(UTC)
    table = Table(
        "session", "type", "title", "agent", "user", "active", "last word", box=None, pad_edge=False
    )
    for one in found:
        table.add_row(
            one.id,
            _type(one.type),
            escape(one.title),
            escape(one.agent_id),
            escape(one.user_id),
            "yes" if one.active else "no",
            wording.ago(one.last_interaction_time, now=now) if one.last_interaction_time else "",
        )
    if not table.row_count:
        session.console.print("No agent sessions.")
        return
    session.console.print(table)
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]The first {limit}; --limit 0 shows all.[/dim]")


@agent_sessions.command()
@click.argument("agent_session_id", metavar="SESSION", type=click.UUID)
@json_option("Print one JSON document.")
def show(*, agent_session_id: UUID, as_json: bool) -> None:
    """Show an agent session with what its app keeps of it.

    \b
    Examples:
      timeloom agent-sessions show 01931f3c-… --json
    """
    session = current()
    found = session.client.agent_sessions.get(str(agent_session_id))
    if as_json:
        session.print_document(found)
        return
    session.console.print(f"[bold]{escape(found.title or found.id)}[/bold], {_type(found.type)}")
    values.print_value(session.console, found.data)


@agent_sessions.command()
@click.argument("agent_session_id", metavar="SESSION", type=click.UUID)
def delete(*, agent_session_id: UUID) -> None:
    """Delete an agent session for good.

    \b
    Examples:
      timeloom agent-sessions delete 01931f3c-…
    """
    session = current()
    session.client.agent_sessions.delete(str(agent_session_id))
    session.console.print(f"The agent session {agent_session_id} is gone.")


def _type(kind: AgentSessionType | None) -> str:
    return kind.lower().replace("_", "-") if kind else ""
