"""`timeloom memory`: what agents remember."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import memory_files, values, wording
from timeloom.cli.memory_agreement import COMMANDS as AGREEMENT_COMMANDS
from timeloom.cli.memory_upkeep import COMMANDS as UPKEEP_COMMANDS
from timeloom.cli.parameters import (
    JSON,
    MEMORY_KIND,
    TIME,
    agent_option,
    json_option,
    limit_option,
    memories_of,
    namespaces_option,
)
from timeloom.cli.session import Session, current
from timeloom.memories import SCORE_MIN, Memory, MemoryFilter, MemoryKind, SearchResult, Signals

_SIGNALS = (
    "semantic",
    "keyword",
    "context",
    "context_semantic",
    "recency",
    "importance",
    "frequency",
    "time",
)


@click.group()
def memory() -> None:
    """Remember, search and look after what agents know."""


@memory.command()
@click.argument("content", metavar="TEXT")
@click.option("--namespace", "-n", metavar="NAME", default="", help="Where, such as agent/researcher.")
@click.option("--key", metavar="KEY", default="", help="Your own identifier, unique in the namespace.")
@click.option("--kind", type=MEMORY_KIND, help="What it is about.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A word to find it by; repeatable.")
@click.option("--session", "session_id", metavar="ID", default="", help="The conversation that it is from.")
@click.option("--importance", type=click.FloatRange(1, 10), default=5, show_default=True)
@click.option("--at", "occur_time", type=TIME, help="When it happened: 2026-05-01T12:00, or 3d ago as 3d.")
@click.option("--metadata", type=JSON, help="Any JSON to keep with it, or @FILE.")
@agent_option
@json_option("Print one JSON document.")
def add(
    *,
    content: str,
    namespace: str,
    key: str,
    kind: MemoryKind | None,
    tags: tuple[str, ...],
    session_id: str,
    importance: float,
    occur_time: datetime | None,
    metadata: Any,
    agent: str,
    as_json: bool,
) -> None:
    """Remember TEXT; `-` reads it from standard input.

    \b
    Examples:
      timeloom memory add "The staging database is db-7." -n team/ops --tag database
      git log -1 --format=%B | timeloom memory add - --agent coder --kind task-execution
    """
    session = current()
    made = memories_of(session, agent).add(
        sys.stdin.read().strip() if content == "-" else content,
        namespace=namespace,
        key=key,
        kind=kind,
        tags=tags,
        session_id=session_id,
        importance=importance,
        occur_time=occur_time,
        metadata=metadata,
    )
    if as_json:
        session.print_document(made)
    else:
        session.console.print(f"[bold]{made.id}[/bold]  [dim]in[/dim] {escape(made.namespace)}")


@memory.command()
@click.argument("query")
@namespaces_option
@click.option("--kind", "kinds", type=MEMORY_KIND, multiple=True, help="Only this kind; repeatable.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only those with this tag; repeatable.")
@click.option("--as-of", type=TIME, help="As it was known then.")
@click.option("--archived", is_flag=True, help="Also what was put away.")
@click.option("--explain", is_flag=True, help="Show what each signal contributed.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--score-min", type=click.FloatRange(0, 1), help="Only what scores at least this.")
@agent_option
@json_option("Print a JSON document a line.")
def search(
    *,
    query: str,
    namespaces: tuple[str, ...],
    kinds: tuple[MemoryKind, ...],
    tags: tuple[str, ...],
    as_of: datetime | None,
    archived: bool,
    explain: bool,
    limit: int,
    score_min: float | None,
    agent: str,
    as_json: bool,
) -> None:
    """Find memories by meaning, words and time, best first.

    \b
    Examples:
      timeloom memory search "which database is staging?"
      timeloom memory search "what did Ann say last week?" -n agent/assistant --explain
    """
    session = current()
    found = memories_of(session, agent).search(
        query,
        namespaces=namespaces,
        filter=MemoryFilter(kinds=kinds, tags=tags, as_of=as_of, include_archived=archived),
        limit=limit,
        explain=explain,
        score_min=score_min,
    )
    if as_json:
        session.print_lines(found)
        return
    if found.time_range is not None:
        named = found.time_range
        session.console.print(
            f"[dim]{escape(named.words)}: {_day(named.from_time)} to {_day(named.to_time)}[/dim]"
        )
    for place, result in enumerate(found, start=1):
        _print_result(session, place, result)
    if not found:
        session.console.print("Nothing found.")


@memory.command()
@click.argument("query")
@namespaces_option
@click.option("--max-tokens", type=click.IntRange(1), default=1000, show_default=True)
@click.option(
    "--group-by", type=click.Choice(["date", "namespace", "kind", "session", "none"]), default="date"
)
@click.option(
    "--score-min",
    type=click.FloatRange(0, 1),
    default=SCORE_MIN,
    show_default=True,
    help="Only what scores at least this; 0 takes whatever there is.",
)
@agent_option
@json_option("Print one JSON document, with the sources.")
def context(
    *,
    query: str,
    namespaces: tuple[str, ...],
    max_tokens: int,
    group_by: str,
    score_min: float,
    agent: str,
    as_json: bool,
) -> None:
    """Put the best memories for QUERY together, to paste into a prompt.

    \b
    Examples:
      timeloom memory context "plan Ann's birthday" --max-tokens 500
      timeloom memory context "anything about the sea" --score-min 0
    """
    session = current()
    made = memories_of(session, agent).context(
        query, namespaces=namespaces, max_tokens=max_tokens, group_by=group_by, score_min=score_min
    )
    if as_json:
        session.print_document(made)
        return
    click.echo(made.text)
    click.echo(f"{made.token_count:,} tokens of {made.tokenizer}", err=True)


@memory.command("list")
@namespaces_option
@click.option("--kind", "kinds", type=MEMORY_KIND, multiple=True, help="Only this kind; repeatable.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only those with this tag; repeatable.")
@click.option(
    "--order", default="", metavar="FIELD", help="create_time, occur_time or importance, + ' desc'."
)
@click.option("--archived", is_flag=True, help="Also what was put away.")
@click.option("--deleted", is_flag=True, help="Also what was deleted and not yet purged.")
@limit_option(50)
@agent_option
@json_option("Print a JSON document a line.")
def list_(
    *,
    namespaces: tuple[str, ...],
    kinds: tuple[MemoryKind, ...],
    tags: tuple[str, ...],
    order: str,
    archived: bool,
    deleted: bool,
    limit: int | None,
    agent: str,
    as_json: bool,
) -> None:
    """List memories, newest first.

    \b
    Examples:
      timeloom memory list -n team/ops
      timeloom memory list --kind skill --order "importance desc" --json
    """
    session = current()
    found = memories_of(session, agent).list(
        namespaces=namespaces,
        filter=MemoryFilter(kinds=kinds, tags=tags, include_archived=archived, include_deleted=deleted),
        order_by=order,
        limit=limit,
    )
    if as_json:
        session.print_lines(found)
        return
    table = _table(found)
    session.console.print(table if table.row_count else "No memories.")
    if limit is not None and table.row_count == limit:
        session.console.print(f"[dim]At most {limit}; --limit 0 shows all.[/dim]")


@memory.command()
@click.argument("memory_id", metavar="MEMORY")
@click.option("--version", type=click.IntRange(min=1), help="As it was in this version.")
@agent_option
@json_option("Print one JSON document.")
def get(*, memory_id: str, version: int | None, agent: str, as_json: bool) -> None:
    """Show a memory."""
    session = current()
    found = memories_of(session, agent).get(memory_id, version=version or 0)
    if as_json:
        session.print_document(found)
        return
    session.console.print(escape(found.content))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    for name, value in _facts(found):
        facts.add_row(name, escape(value))
    session.console.print(facts)
    if found.metadata is not None:
        values.print_value(session.console, found.metadata)


@memory.command()
@click.argument("memory_id", metavar="MEMORY")
@agent_option
@json_option("Print a JSON document a line.")
def history(*, memory_id: str, agent: str, as_json: bool) -> None:
    """List the versions of a memory, newest first: what changed, when and why."""
    session = current()
    versions = memories_of(session, agent).history(memory_id)
    if as_json:
        session.print_lines(versions)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("version", "known from", "change", "by", "content", "reason"):
        table.add_column(column, overflow="fold" if column in ("content", "reason") else "ellipsis")
    for each in versions:
        change, content = each.change.lower(), each.memory.content
        who = each.agent_id or "-"
        table.add_row(
            str(each.memory.version),
            _day(each.known_from),
            change,
            escape(who),
            escape(content),
            escape(each.reason),
        )
    session.console.print(table)


@memory.command()
@click.argument("memory_ids", metavar="MEMORY…", nargs=-1, required=True)
@click.option("--purge", is_flag=True, help="Remove them with all versions, for good.")
@click.option("--reason", default="", help="Why, for their history.")
@agent_option
def delete(*, memory_ids: tuple[str, ...], purge: bool, reason: str, agent: str) -> None:
    """Delete memories; `timeloom memory restore` takes that back until they are purged."""
    session = current()
    memories = memories_of(session, agent)
    for memory_id in memory_ids:
        memories.delete(memory_id, purge=purge, reason=reason)
    verb = "purged" if purge else "deleted"
    session.console.print(f"{_count(len(memory_ids))} {verb}")


@memory.command()
@click.argument("memory_ids", metavar="MEMORY…", nargs=-1, required=True)
@agent_option
def restore(*, memory_ids: tuple[str, ...], agent: str) -> None:
    """Take deletions back."""
    session = current()
    memories = memories_of(session, agent)
    for memory_id in memory_ids:
        memories.restore(memory_id)
    session.console.print(f"{_count(len(memory_ids))} restored")


@memory.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@namespaces_option
@click.option("--vectors", "with_vectors", is_flag=True, help="With their vectors.")
@agent_option
def export(*, file: TextIO, namespaces: tuple[str, ...], with_vectors: bool, agent: str) -> None:
    """Write memories to FILE, a JSON document a line; `-` is standard output.

    \b
    Examples:
      timeloom memory export memories.jsonl -n agent/researcher
    """
    session = current()
    with session.counting("Exporting") as progress:
        memories = memories_of(session, agent)
        count = memory_files.write(file, memories, namespaces, with_vectors=with_vectors, progress=progress)
    click.echo(f"{_count(count)} written to {file.name}", err=True)


@memory.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--namespace", "-n", metavar="NAME", default="", help="Where those go that name none.")
@click.option("--into", metavar="NAME", default="", help="Where all go, whatever they name; as new memories.")
@agent_option
def import_(*, file: TextIO, namespace: str, into: str, agent: str) -> None:
    """Remember what FILE says, a JSON document a line; `-` is standard input.

    A line needs `content`, and may have whatever an exported one has. Importing a file again changes nothing.

    \b
    Examples:
      timeloom memory import memories.jsonl
      jq -c '{content: .text, occurTime: .date}' notes.json | timeloom memory import - -n agent/notes
    """
    session = current()
    new = memory_files.read(file, into=into)
    with session.counting("Importing") as progress:
        count = memories_of(session, agent).add_many(new, namespace=namespace, progress=progress)
    session.console.print(f"{_count(count)} imported")


def _print_result(session: Session, place: int, result: SearchResult) -> None:
    found = result.memory
    when = _day(found.occur_time or found.create_time)
    more = f"  +{wording.plural(len(result.duplicate_ids), 'duplicate')}" if result.duplicate_ids else ""
    session.console.print(
        f"[bold]{place}[/bold] {escape(found.content)}\n"
        f"  [dim]{result.score:.4f}  {when}  {escape(found.namespace)}  {found.id}{more}[/dim]"
    )
    if result.signals is not None:
        session.console.print(f"  [dim]{_signals(result.signals)}[/dim]")


def _signals(signals: Signals) -> str:
    parts: list[str] = []
    for name in _SIGNALS:
        signal = getattr(signals, name)
        if signal is not None:
            rank = f"#{signal.rank} " if signal.rank else ""
            parts.append(f"{name} {rank}{signal.value:.3g} → {signal.contribution:.3g}")
    return "  ".join(parts)


def _table(found: Iterable[Memory]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("memory", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("namespace", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("content", overflow="ellipsis", no_wrap=True)
    for each in found:
        when = _day(each.occur_time or each.create_time)
        kind = each.kind.lower().replace("_", " ")
        table.add_row(each.id, when, escape(each.namespace), kind, escape(" ".join(each.content.split())))
    return table


def _facts(found: Memory) -> Iterable[tuple[str, str]]:
    yield "memory", f"{found.id}, version {found.version}"
    yield "namespace", found.namespace
    yield "kind", found.kind.lower().replace("_", " ")
    for name, value in (
        ("key", found.key),
        ("agent", found.agent_id),
        ("session", found.session_id),
        ("tags", ", ".join(found.tags)),
        ("happened", _day(found.occur_time)),
        ("holds from", _day(found.valid_from)),
        ("held until", _day(found.valid_to)),
        ("expires", _day(found.expire_time)),
        ("superseded by", found.superseded_by),
        ("deleted", _day(found.delete_time)),
    ):
        if value:
            yield name, value
    yield "importance", f"{found.importance:g}, confidence {found.confidence:.2f}"
    yield "used", wording.plural(found.access_count, "time")


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _count(count: int) -> str:
    return f"{count:,} memory" if count == 1 else f"{count:,} memories"


for _command in (*AGREEMENT_COMMANDS, *UPKEEP_COMMANDS):
    memory.add_command(_command)
