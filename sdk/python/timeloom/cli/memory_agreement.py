"""`timeloom memory`: what no longer holds, what agents think of it, and sides that are brought into line."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli.parameters import (
    CONFLICT_POLICY,
    TIME,
    agent_option,
    json_option,
    limit_option,
    memories_of,
)
from timeloom.cli.session import current
from timeloom.memories import ConflictPolicy


@click.command()
@click.argument("memory_id", metavar="MEMORY")
@click.argument("content", metavar="TEXT")
@click.option("--from", "valid_from", type=TIME, help="From when on TEXT holds; now if left out.")
@click.option("--reason", default="", help="Why, for the history.")
@agent_option
@json_option("Print what holds now as one JSON document.")
def supersede(
    *, memory_id: str, content: str, valid_from: datetime | None, reason: str, agent: str, as_json: bool
) -> None:
    """Say that TEXT holds in the place of MEMORY. Both stay, and each knows the other.

    \b
    Examples:
      timeloom memory supersede 01931f3c-… "Ann lives in Linz." --reason "she told us"
      timeloom memory supersede 01931f3c-… "The staging database is db-8." --from 2026-05-01
    """
    session = current()
    made = memories_of(session, agent).supersede(memory_id, content, valid_from=valid_from, reason=reason)
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  [dim]in the place of[/dim] {escape(memory_id)}")


@click.command()
@click.argument("memory_id", metavar="MEMORY")
@click.option("--confirm", is_flag=True, help="Say that it is right.")
@click.option("--contradict", is_flag=True, help="Say that it is wrong.")
@click.option("--note", default="", help="What was found out, with --confirm or --contradict.")
@click.option("--shown-by", metavar="MEMORY", default="", help="The memory that shows it.")
@limit_option(50)
@agent_option
@json_option("Print a JSON document a line; with --confirm or --contradict, the confidence.")
def evidence(
    *,
    memory_id: str,
    confirm: bool,
    contradict: bool,
    note: str,
    shown_by: str,
    limit: int | None,
    agent: str,
    as_json: bool,
) -> None:
    """List what agents think of MEMORY, newest first, or say what --agent thinks of it.

    Each agent has one voice for each memory: its last word.

    \b
    Examples:
      timeloom memory evidence 01931f3c-…
      timeloom memory evidence 01931f3c-… --confirm --agent tester --note "seen in the log"
      timeloom memory evidence 01931f3c-… --contradict --agent deployer
    """
    if confirm and contradict:
        raise click.UsageError("Give either --confirm or --contradict.")
    if (note or shown_by) and not (confirm or contradict):
        raise click.UsageError("--note and --shown-by go with --confirm or --contradict.")
    session = current()
    memories = memories_of(session, agent)
    if confirm or contradict:
        say = memories.confirm if confirm else memories.contradict
        confidence = say(memory_id, note=note, evidence_memory_id=shown_by)
        if as_json:
            session.print_document({"memoryId": memory_id, "confidence": confidence})
        else:
            session.console.print(f"confidence {confidence:.2f}")
        return
    found = memories.evidence(memory_id, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("agent", "stance", "note", "shown by"):
        table.add_column(column, overflow="fold" if column == "note" else "ellipsis")
    for each in found:
        table.add_row(
            escape(each.agent_id), each.stance.lower(), escape(each.note), each.evidence_memory_id or "-"
        )
    session.console.print(table if table.row_count else "No evidence.")


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--source-session", metavar="ID", default="", help="Only this session of SOURCE.")
@click.option("--target-session", metavar="ID", default="", help="Only this session of TARGET.")
@click.option(
    "--policy",
    type=CONFLICT_POLICY,
    default=ConflictPolicy.NEWEST,
    show_default=True,
    help="Which stays where both have the same key, or near-duplicates.",
)
@click.option("--similarity", type=click.FloatRange(0, 1), default=0.0, help="Of near-duplicates; 0.95.")
@click.option("--both-ways", is_flag=True, help="Also bring what TARGET has to SOURCE.")
@click.option("--yes", is_flag=True, help="Do it; without this, only tell what would be done.")
@agent_option
@json_option("Print a JSON document a line: what becomes of each memory.")
def sync(
    *,
    source: str,
    target: str,
    source_session: str,
    target_session: str,
    policy: ConflictPolicy,
    similarity: float,
    both_ways: bool,
    yes: bool,
    agent: str,
    as_json: bool,
) -> None:
    """Bring what the namespace SOURCE remembers to TARGET. What gives way is superseded, not lost.

    \b
    Examples:
      timeloom memory sync team/physics project/wiki
      timeloom memory sync agent/ann agent/bob --policy importance --both-ways --yes
    """
    session = current()
    outcomes = memories_of(session, agent).sync(
        source,
        target,
        source_session_id=source_session,
        target_session_id=target_session,
        policy=policy,
        similarity=similarity,
        both_ways=both_ways,
        dry_run=not yes,
    )
    if as_json:
        session.print_lines(outcomes)
        return
    counts = Counter(each.action.lower().replace("_", " ") for each in outcomes)
    told = ", ".join(f"{count:,} {action}" for action, count in sorted(counts.items()))
    session.console.print(told or "Nothing to bring over.")
    if not yes:
        session.console.print("[dim]Nothing was changed; --yes does it.[/dim]")


COMMANDS = (supersede, evidence, sync)
