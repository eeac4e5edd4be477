"""`timeloom executions fork`, `rollback`, `history`, `bisect`, `compare`, `timeline`, `verify` and `tag`."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from timeloom.cli import values, wording
from timeloom.cli.parameters import EXECUTION, JSON, json_option, limit_option
from timeloom.cli.session import current
from timeloom.time_travel import AlignmentKind, TimelineEntry

EXIT_DIFFERENT = 1
EXIT_BROKEN = 1
COMPARED_STEPS_SHOWN = 50

_ALIGNMENT_STYLES = {
    AlignmentKind.SAME: (" ", "dim"),
    AlignmentKind.DIFFERENT: ("~", "yellow"),
    AlignmentKind.MISSING: ("-", "red"),
    AlignmentKind.EXTRA: ("+", "green"),
}

execution_argument = click.argument("execution", metavar="EXECUTION", type=EXECUTION)


@click.command()
@execution_argument
@click.argument("sequence", metavar="[SEQUENCE]", type=click.IntRange(min=0), default=0, required=False)
@click.option("--name", metavar="TEXT", default="", help="A name for the fork.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag for the fork; repeatable.")
@click.option("--patch", type=JSON, help="A JSON Patch on the state (RFC 6902).")
@json_option("Print one JSON document.")
def fork(
    *, execution: str, sequence: int, name: str, tags: tuple[str, ...], patch: Any, as_json: bool
) -> None:
    """Begin a new execution that shares the snapshots up to SEQUENCE: up to the head, if it is left out.

    \b
    Examples:
      timeloom executions fork last 5 --name "with less money"
      timeloom executions fork last 5 --patch '[{"op": "replace", "path": "/budget", "value": 400}]'
    """
    session = current()
    made = session.client.executions.fork(
        session.execution_id(execution), sequence, name=name, tags=tags, patch=patch
    )
    if as_json:
        session.print_document(made)
        return
    origin = made.forked_from
    place = f"#{origin.sequence} of {origin.execution_id}" if origin else "another execution"
    session.console.print(f"[bold]{made.id}[/bold] forked from {place}", soft_wrap=True)


@click.command()
@execution_argument
@click.argument("sequence", metavar="SEQUENCE", type=click.IntRange(min=1))
@click.option("--expect", type=click.IntRange(min=1), default=None, help="Refuse if the head is another one.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for those who look at it later.")
@click.option("--reopen", is_flag=True, help="Let an execution that has ended run again.")
@json_option("Print one JSON document.")
def rollback(
    *, execution: str, sequence: int, expect: int | None, reason: str, reopen: bool, as_json: bool
) -> None:
    """Move the head of an execution to another snapshot. Nothing is deleted.

    What the outside world did on the way is listed: no rollback undoes it.

    \b
    Examples:
      timeloom executions rollback last 5 --reason "wrong hotel"
      timeloom executions rollback 01931f3c-… 5 --expect 9 --reopen
    """
    session = current()
    done = session.client.executions.rollback(
        session.execution_id(execution),
        sequence,
        expected_head_sequence=expect or 0,
        reason=reason,
        reopen=reopen,
    )
    if as_json:
        session.print_document(done)
        return
    move = done.head_move
    session.console.print(f"head [bold]{move.from_sequence} → {move.to_sequence}[/bold]")
    if done.effects:
        session.console.print("[yellow]Not undone:[/yellow]")
        for passed in done.effects:
            session.console.print(Text(f"  {passed}"), soft_wrap=True)
    if done.effects_truncated:
        session.console.print("[dim]  … and more[/dim]")


@click.command()
@execution_argument
@click.argument("path", metavar="POINTER")
@click.option("--at", "sequence", type=click.IntRange(min=0), default=0, help="The past of this snapshot.")
@limit_option(50)
@json_option("Print a JSON document a line.")
def history(*, execution: str, path: str, sequence: int, limit: int | None, as_json: bool) -> None:
    """Tell when the value at a JSON pointer changed, from what to what, at which step.

    \b
    Examples:
      timeloom executions history last /budget
      timeloom executions history last /messages/0/content --json
    """
    session = current()
    found = session.client.executions.history(
        session.execution_id(execution), path, sequence=sequence, limit=limit
    )
    if as_json:
        session.print_lines(found)
        return
    count = 0
    for count, change in enumerate(found, 1):  # noqa: B007 - it is counted for after the loop
        sign = {"ADDED": "+", "REMOVED": "-", "CHANGED": "~"}[change.kind]
        lines = [Text.assemble((f"#{change.sequence}", "bold"), f" {sign} {change.step_name}")]
        if sign != "+":
            lines.append(Text(f"    - {values.line(change.old_value)}", style="red"))
        if sign != "-":
            lines.append(Text(f"    + {values.line(change.new_value)}", style="green"))
        session.console.print(*lines, sep="\n", soft_wrap=True)
    if not count:
        session.console.print("It never had a value.")


@click.command()
@execution_argument
@click.argument("expression", metavar="[EXPRESSION]", default="", required=False)
@click.option("--good", type=click.IntRange(min=0), default=0, help="A snapshot known to be good.")
@click.option("--bad", type=click.IntRange(min=0), default=0, help="A snapshot known to be bad.")
@click.option("--good-execution", type=EXECUTION, help="An execution in which all went well.")
@click.option("--exhaustive", is_flag=True, help="Ask of every state, to see whether it is monotone.")
@json_option("Print one JSON document.")
def bisect(
    *,
    execution: str,
    expression: str,
    good: int,
    bad: int,
    good_execution: str | None,
    exhaustive: bool,
    as_json: bool,
) -> None:
    """Find the first bad state. EXPRESSION is CEL over `state`, `snapshot` and `good`, true of bad states.

    \b
    Examples:
      timeloom executions bisect last 'state.trip.total > 700'
      timeloom executions bisect last --good-execution 01931f3c-…
      timeloom executions bisect last 'size(state.messages) > 9' --good 2 --exhaustive
    """
    session = current()
    if not expression and not good_execution:
        raise click.UsageError("Give an EXPRESSION, or --good-execution.")
    found = session.client.executions.bisect(
        session.execution_id(execution),
        expression,
        good_sequence=good,
        bad_sequence=bad,
        good_execution_id=session.execution_id(good_execution) if good_execution else "",
        exhaustive=exhaustive,
    )
    if as_json:
        session.print_document(found)
        return
    for evaluation in found.evaluations:
        word = "[red]bad[/red]" if evaluation.bad else "[green]good[/green]"
        session.console.print(f"  #{evaluation.sequence:<6} {word}")
    if found.first_bad_sequence:
        session.console.print(
            f"First bad: [bold]#{found.first_bad_sequence}[/bold], after #{found.last_good_sequence}"
        )
    else:
        session.console.print("No state is bad.")
    if found.not_monotone:
        flips = ", ".join(f"#{sequence}" for sequence in found.flips)
        where = f"It flips at {flips}." if flips else "--exhaustive tells where it flips."
        session.console.print(f"[yellow]The predicate is not monotone.[/yellow] {where}")


@click.command()
@execution_argument
@click.argument("other", metavar="OTHER", type=EXECUTION)
@json_option("Print one JSON document.")
def compare(*, execution: str, other: str, as_json: bool) -> int:
    """Compare two executions step by step. Exits with 1 if they differ, like diff.

    \b
    Examples:
      timeloom executions compare 01931f3c-… last
      timeloom executions compare 01931f3c-… last --json | jq .firstDivergence
    """
    session = current()
    found = session.client.executions.compare(session.execution_id(execution), session.execution_id(other))
    if as_json:
        session.print_document(found)
        return 0 if found.identical else EXIT_DIFFERENT
    shown = [step for step in found.steps if step.kind is not AlignmentKind.SAME]
    for step in shown[:COMPARED_STEPS_SHOWN]:
        sign, style = _ALIGNMENT_STYLES[step.kind]
        numbers = f"{step.sequence or '·'} ↔ {step.other_sequence or '·'}"
        session.console.print(Text(f"{sign} {numbers:<14} {step.step_name}", style=style), soft_wrap=True)
    if len(shown) > COMPARED_STEPS_SHOWN:
        session.console.print(f"[dim]… and {len(shown) - COMPARED_STEPS_SHOWN} more[/dim]")
    session.console.print(Text(str(found)), soft_wrap=True)
    return 0 if found.identical else EXIT_DIFFERENT


@click.command()
@execution_argument
@click.option("--newest-first", is_flag=True, help="Newest first instead of oldest first.")
@limit_option(200)
@json_option("Print a JSON document a line.")
def timeline(*, execution: str, newest_first: bool, limit: int | None, as_json: bool) -> None:
    """List all that happened: snapshots, effects, moves of the head, forks, beginning and end.

    \b
    Examples:
      timeloom executions timeline last
      timeloom executions timeline last --newest-first --limit 20
    """
    session = current()
    found = session.client.executions.timeline(
        session.execution_id(execution), descending=newest_first, limit=limit
    )
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("time", no_wrap=True, style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("what", ratio=1)
    for entry in found:
        number, what = _entry(entry)
        table.add_row(f"{entry.time:%H:%M:%S.%f}"[:-3], number, what)
    session.console.print(table)


def _entry(entry: TimelineEntry) -> tuple[str, Text]:
    if entry.snapshot is not None:
        found = entry.snapshot
        name = Text.assemble((found.step_name or "(no name)", "bold"), "  ", wording.kind(found.kind))
        return str(found.sequence), name
    if entry.effect is not None:
        effect = entry.effect.effect
        return "", Text.assemble(("  " + effect.kind.lower(), "yellow"), f" {effect.name}")
    if entry.head_move is not None:
        move = entry.head_move
        reason = f"  {move.reason}" if move.reason else ""
        return "", Text(f"head {move.from_sequence} → {move.to_sequence}{reason}", style="magenta")
    if entry.fork is not None:
        fork_name = f" {entry.fork.name}" if entry.fork.name else ""
        return str(entry.fork.sequence), Text(f"forked: {entry.fork.execution_id}{fork_name}", style="cyan")
    return "", wording.status(entry.status) if entry.status is not None else Text()


@click.command()
@execution_argument
@json_option("Print one JSON document.")
def verify(*, execution: str, as_json: bool) -> int:
    """Check that all that is stored of an execution is as it was recorded. Exits with 1 if it is not.

    \b
    Examples:
      timeloom executions verify last && echo intact
    """
    session = current()
    with session.waiting("Verifying"):
        found = session.client.executions.verify(session.execution_id(execution))
    if as_json:
        session.print_document(found)
    else:
        style = "green" if found.intact else "red"
        session.console.print(Text(str(found), style=style), soft_wrap=True)
        if found.truncated:
            session.console.print("[dim]  … and more[/dim]")
    return 0 if found.intact else EXIT_BROKEN


@click.command()
@execution_argument
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@click.option("--remove", metavar="TAG", multiple=True, help="Take this tag away; repeatable.")
@click.option("--snapshot", type=click.IntRange(min=1), help="Replace the tags of this snapshot instead.")
@click.option("--label", metavar="TEXT", help="Set the label of that snapshot.")
@json_option("Print one JSON document.")
def tag(
    *,
    execution: str,
    tags: tuple[str, ...],
    remove: tuple[str, ...],
    snapshot: int | None,
    label: str | None,
    as_json: bool,
) -> None:
    """Add tags to an execution and take tags away, or mark one of its snapshots.

    \b
    Examples:
      timeloom executions tag last good --remove unchecked
      timeloom executions tag last --snapshot 5 --label "before the hotel" turning-point
    """
    session = current()
    execution_id = session.execution_id(execution)
    if snapshot is None:
        if label is not None:
            raise click.UsageError("Only snapshots have a label: give --snapshot.")
        changed: Any = session.client.executions.modify_tags(execution_id, add=tags, remove=remove)
    elif remove:
        raise click.UsageError("The tags of a snapshot are replaced: leave out --remove.")
    else:
        changed = session.client.snapshots.update(execution_id, snapshot, label=label, tags=tags or None)
    if as_json:
        session.print_document(changed)
    else:
        session.console.print(Text(" ".join(f"#{each}" for each in changed.tags) or "No tags.", style="blue"))


COMMANDS = (fork, rollback, history, bisect, compare, timeline, verify, tag)
