"""`timeloom snapshots`: list, show and compare the states of an agent."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import comparison, values, wording
from timeloom.cli.parameters import EXECUTION, KIND, json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.timeline import Timeline
from timeloom.resources import NOT_LOADED, Effect, Snapshot, SnapshotKind


@click.group()
def snapshots() -> None:
    """List, show and compare the states of an agent."""


@snapshots.command("list")
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.option("--kind", "kinds", type=KIND, multiple=True, help="Only this kind; repeatable.")
@click.option("--tag", metavar="TAG", default="", help="Only those with this tag.")
@click.option(
    "--after", "after_sequence", type=click.IntRange(min=0), default=0, help="Only those after this one."
)
@click.option(
    "--before", "before_sequence", type=click.IntRange(min=0), default=0, help="Only those before this one."
)
@click.option("--newest-first", is_flag=True, help="Newest first instead of oldest first.")
@limit_option(50)
@json_option("Print a JSON document a line.")
def list_(
    *,
    execution: str,
    kinds: tuple[SnapshotKind, ...],
    tag: str,
    after_sequence: int,
    before_sequence: int,
    newest_first: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """List the snapshots of an execution, without their states.

    \b
    Examples:
      timeloom snapshots list last
      timeloom snapshots list last --newest-first --limit 5
      timeloom snapshots list last --kind decision-point --json
    """
    session = current()
    found = session.client.snapshots.list(
        session.execution_id(execution),
        kinds=kinds,
        tag=tag,
        after_sequence=after_sequence,
        before_sequence=before_sequence,
        descending=newest_first,
        limit=limit,
    )
    if as_json:
        session.print_lines(found)
        return
    table = Timeline(head_sequence=0).table(found)
    if not table.row_count:
        session.console.print("No snapshots.")
        return
    session.console.print(table)
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]At most {limit}; --limit 0 shows all.[/dim]")


@snapshots.command()
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.argument("sequence", metavar="[SEQUENCE]", type=click.IntRange(min=1), default=None, required=False)
@click.option(
    "--path", metavar="POINTER", default="", help="Only the part of the state at this JSON pointer."
)
@click.option("--key", metavar="KEY", default="", help="The snapshot with this key, instead of a number.")
@click.option(
    "--effects", "with_effects", is_flag=True, help="Also what the outside world answered in the step."
)
@json_option("Print one JSON document, with everything.")
def show(
    *, execution: str, sequence: int | None, path: str, key: str, with_effects: bool, as_json: bool
) -> None:
    """Show the state of an agent after a step: the last one, if no SEQUENCE is given.

    \b
    Examples:
      timeloom snapshots show last
      timeloom snapshots show last 3 --path /messages/0
      timeloom snapshots show last 3 --json | jq .state
    """
    session = current()
    if sequence is not None and key:
        raise click.UsageError("Give either a SEQUENCE or --key, not both.")
    found = session.client.snapshots.get(session.execution_id(execution), sequence or 0, path=path, key=key)
    if as_json:
        session.print_document(found)
        return
    session.console.print(_heading(found, path))
    if found.state is not NOT_LOADED:
        values.print_value(session.console, found.state)
    if with_effects:
        _print_effects(session, found.effects)
    elif found.effects:
        session.console.print(
            f"[dim]{wording.plural(len(found.effects), 'effect')}; --effects shows them.[/dim]"
        )


def _heading(found: Snapshot, path: str) -> str:
    name = f"[bold]{escape(found.step_name or '(no name)')}[/bold]"
    place = f"[dim]at[/dim] [cyan]{escape(path)}[/cyan]  " if path else ""
    facts = f"{wording.size(found.state_bytes)}, sha256 {found.state_hash[:12]}"
    return f"[bold]#{found.sequence}[/bold] {name}  {place}[dim]{facts}[/dim]"


def _print_effects(session: Session, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        session.console.print(
            f"\n[yellow]{effect.kind.lower()}[/] [bold]{escape(effect.name)}[/] [dim]{escape(effect.key)}[/]"
        )
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim")
        grid.add_column(overflow="fold")
        if effect.request is not None:
            grid.add_row("asked", escape(values.text(effect.request)))
        grid.add_row("answered", escape(values.text(effect.response)))
        session.console.print(grid)


@snapshots.command()
@click.argument("execution", metavar="EXECUTION", type=EXECUTION)
@click.argument("older", metavar="OLDER", type=click.IntRange(min=0))
@click.argument("newer", metavar="[NEWER]", type=click.IntRange(min=0), default=0, required=False)
@click.option(
    "--with", "other", metavar="EXECUTION", type=EXECUTION, help="Take the newer state from this execution."
)
@click.option("--path", metavar="POINTER", default="", help="Only below this JSON pointer.")
@json_option("Print one JSON document.")
def diff(*, execution: str, older: int, newer: int, other: str | None, path: str, as_json: bool) -> None:
    """Compare two states: what was added, removed and changed from OLDER to NEWER.

    OLDER may be 0, the empty state before the first step. NEWER is the last state if it is left out.

    \b
    Examples:
      timeloom snapshots diff last 3 4
      timeloom snapshots diff last 1 --path /messages
      timeloom snapshots diff 01931f3c-… 5 5 --with 01931f40-…
    """
    session = current()
    found = session.client.snapshots.diff(
        session.execution_id(execution),
        older,
        newer,
        to_execution_id=session.execution_id(other) if other else "",
        path=path,
    )
    if as_json:
        session.print_document(found)
    else:
        comparison.print_diff(session.console, found)
