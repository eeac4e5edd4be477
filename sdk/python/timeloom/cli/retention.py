"""`timeloom retention`: what is kept when snapshots are pruned by themselves."""

from __future__ import annotations

from datetime import timedelta

import click
from rich.table import Table

from timeloom.cli import wording
from timeloom.cli.parameters import KIND, SPAN, json_option
from timeloom.cli.session import Session, current
from timeloom.resources import SnapshotKind
from timeloom.time_travel import RetentionPolicy


@click.group()
def retention() -> None:
    """Say what is kept when snapshots are pruned by themselves, once an hour."""


@retention.command()
@json_option("Print one JSON document.")
def get(*, as_json: bool) -> None:
    """Show the project's policy."""
    session = current()
    _print(session, session.client.retention.get(), as_json=as_json)


@retention.command("set")
@click.option("--keep-last", type=click.IntRange(min=0), default=0, help="The newest so many of each.")
@click.option("--keep-tagged", is_flag=True, help="Those with a tag or label.")
@click.option("--keep-younger-than", type=SPAN, help="Those younger than this: 12h, 30d.")
@click.option("--keep-kind", "kinds", type=KIND, multiple=True, help="Those of this kind; repeatable.")
@click.option("--delete-ended-after", type=SPAN, help="Delete whole executions that ended longer ago.")
@json_option("Print one JSON document.")
def set_(
    *,
    keep_last: int,
    keep_tagged: bool,
    keep_younger_than: timedelta | None,
    kinds: tuple[SnapshotKind, ...],
    delete_ended_after: timedelta | None,
    as_json: bool,
) -> None:
    """Set the project's policy: a snapshot is kept if any rule keeps it. It takes an administrator's key.

    \b
    Examples:
      timeloom retention set --keep-last 100 --keep-tagged --keep-younger-than 30d
    """
    session = current()
    policy = RetentionPolicy(
        keep_last=keep_last,
        keep_tagged=keep_tagged,
        keep_younger_than=keep_younger_than,
        keep_kinds=kinds,
        delete_ended_after=delete_ended_after,
    )
    _print(session, session.client.retention.set(policy), as_json=as_json)


@retention.command()
def clear() -> None:
    """Take the policy away: then everything is kept."""
    session = current()
    session.client.retention.clear()
    session.console.print("Everything is kept.")


def _print(session: Session, policy: RetentionPolicy | None, *, as_json: bool) -> None:
    if as_json:
        session.print_document(policy)
        return
    if policy is None:
        session.console.print("There is no policy: everything is kept.")
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("keep last", str(policy.keep_last or "-"))
    facts.add_row("keep tagged", "yes" if policy.keep_tagged else "-")
    facts.add_row("keep younger than", _span(policy.keep_younger_than))
    facts.add_row("keep kinds", ", ".join(wording.kind(each).plain for each in policy.keep_kinds) or "-")
    facts.add_row("delete ended after", _span(policy.delete_ended_after))
    session.console.print(facts)


def _span(span: timedelta | None) -> str:
    if span is None:
        return "-"
    days, rest = divmod(span.total_seconds(), 86_400)
    return wording.plural(int(days), "day") if not rest else wording.duration(span.total_seconds())
