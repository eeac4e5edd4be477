"""`timeloom memory`: sharing, and what becomes of memories over time."""

from __future__ import annotations

from datetime import datetime

import click
from rich.markup import escape
from rich.table import Table

from timeloom.cli import values, wording
from timeloom.cli.parameters import PERMISSION, TIME, agent_option, json_option, limit_option, memories_of
from timeloom.cli.session import Session, current
from timeloom.client import Memories
from timeloom.memories import Job, JobState, MemoryFilter, Permission


@click.command()
@click.argument("principal")
@click.option("--namespace", "-n", metavar="NAME", default="", help="A namespace, with all below it.")
@click.option("--memory", "memory_id", metavar="ID", default="", help="A single memory.")
@click.option("--permission", type=PERMISSION, default=Permission.READ, show_default=True)
@click.option("--until", type=TIME, help="When it ends.")
@agent_option
@json_option("Print one JSON document.")
def share(
    *,
    principal: str,
    namespace: str,
    memory_id: str,
    permission: Permission,
    until: datetime | None,
    agent: str,
    as_json: bool,
) -> None:
    """Let PRINCIPAL (agent/ID, team/ID or project) read or write memories.

    \b
    Examples:
      timeloom memory share team/support -n agent/researcher
      timeloom memory share agent/writer --memory 01931f3c-… --permission write
    """
    if bool(namespace) == bool(memory_id):
        raise click.UsageError("Give either --namespace or --memory.")
    session = current()
    made = memories_of(session, agent).share(
        principal=principal,
        namespace=namespace,
        memory_id=memory_id,
        permission=permission,
        expire_time=until,
    )
    if as_json:
        session.print_document(made)
    else:
        session.console.print(
            f"[bold]{made.id}[/bold]  {escape(made.principal)} may {made.permission.lower()}"
        )


@click.command()
@click.option("--namespace", "-n", metavar="NAME", default="", help="Only those on this namespace.")
@click.option("--principal", default="", help="Only those of agent/ID, team/ID or project.")
@limit_option(100)
@agent_option
@json_option("Print a JSON document a line.")
def grants(*, namespace: str, principal: str, limit: int | None, agent: str, as_json: bool) -> None:
    """List who may read and write what, besides its owners."""
    session = current()
    found = memories_of(session, agent).grants(namespace=namespace, principal=principal, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("grant", "principal", "may", "what"):
        table.add_column(column, no_wrap=True)
    for each in found:
        what = each.namespace or each.memory_id
        table.add_row(each.id, escape(each.principal), each.permission.lower(), escape(what))
    session.console.print(table if table.row_count else "No grants.")


@click.command()
@click.argument("grant_id", metavar="GRANT")
@agent_option
def revoke(*, grant_id: str, agent: str) -> None:
    """Take a grant back, at once."""
    session = current()
    memories_of(session, agent).revoke(grant_id)
    session.console.print("Revoked.")


@click.command()
@click.argument("prefix", default="", required=False)
@limit_option(100)
@agent_option
@json_option("Print a JSON document a line.")
def namespaces(*, prefix: str, limit: int | None, agent: str, as_json: bool) -> None:
    """List namespaces: all, or PREFIX with those below it."""
    session = current()
    found = memories_of(session, agent).namespaces(prefix, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("namespace", no_wrap=True)
    table.add_column("memories", justify="right")
    table.add_column("model", no_wrap=True)
    table.add_column("description", overflow="fold")
    for each in found:
        model = each.embedding_model or "-"
        table.add_row(escape(each.name), f"{each.memory_count:,}", escape(model), escape(each.description))
    session.console.print(table if table.row_count else "No namespaces.")


@click.command()
@click.argument("namespace")
@click.option("--about", "query", metavar="QUERY", default="", help="What it should be about.")
@click.option("--max-tokens", type=click.IntRange(1), default=300, show_default=True)
@click.option("--since", type=TIME, help="Only what happened since then: 7d, or 2026-05-01.")
@click.option("--save", is_flag=True, help="Also remember the summary.")
@agent_option
@json_option("Print one JSON document, with the sources.")
def summarize(
    *,
    namespace: str,
    query: str,
    max_tokens: int,
    since: datetime | None,
    save: bool,
    agent: str,
    as_json: bool,
) -> None:
    """Say in short what the memories of NAMESPACE say, in their own sentences.

    \b
    Examples:
      timeloom memory summarize team/support --since 7d --max-tokens 200
    """
    session = current()
    made = memories_of(session, agent).summarize(
        namespace,
        query=query,
        max_tokens=max_tokens,
        filter=MemoryFilter(occur_after=since),
        save=save,
    )
    if as_json:
        session.print_document(made)
        return
    click.echo(made.text)
    click.echo(f"{wording.plural(len(made.source_ids), 'source')}, {made.token_count:,} tokens", err=True)


@click.command()
@click.argument("namespace")
@click.option("--anew", is_flag=True, help="Cluster it first, and wait for that.")
@click.option(
    "--count", "cluster_count", type=click.IntRange(0, 1000), default=0, help="How many, with --anew."
)
@agent_option
@json_option("Print a JSON document a line.")
def clusters(*, namespace: str, anew: bool, cluster_count: int, agent: str, as_json: bool) -> None:
    """List what the memories of NAMESPACE are about.

    \b
    Examples:
      timeloom memory clusters team/support --anew
    """
    session = current()
    memories = memories_of(session, agent)
    if anew:
        _finish(session, memories, memories.cluster(namespace, cluster_count=cluster_count))
    found = memories.clusters(namespace)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("cluster", no_wrap=True)
    table.add_column("memories", justify="right")
    table.add_column("fit", justify="right")
    table.add_column("terms", overflow="fold")
    for each in found:
        fit = f"{each.silhouette:.2f}"
        table.add_row(escape(each.name), f"{each.memory_count:,}", fit, escape(", ".join(each.terms)))
    session.console.print(table if table.row_count else "No clusters; --anew makes them.")


@click.command()
@click.argument("namespace")
@click.option(
    "--task", "tasks", multiple=True, help="duplicates, archive, clusters or summaries; repeatable."
)
@click.option("--apply-proposals", is_flag=True, help="Merge near-duplicates at once.")
@click.option("--yes", is_flag=True, help="Do it; without this, only report what would be done.")
@agent_option
@json_option("Print the job, with its report, as one JSON document.")
def optimize(
    *, namespace: str, tasks: tuple[str, ...], apply_proposals: bool, yes: bool, agent: str, as_json: bool
) -> None:
    """Look after NAMESPACE: duplicates, what to archive, clusters, summaries.

    \b
    Examples:
      timeloom memory optimize team/support
      timeloom memory optimize team/support --task duplicates --yes
    """
    session = current()
    memories = memories_of(session, agent)
    begun = memories.optimize(namespace, tasks=tasks, apply_proposals=apply_proposals, dry_run=not yes)
    done = _finish(session, memories, begun)
    if as_json:
        session.print_document(done)
        return
    values.print_value(session.console, done.report)
    if not yes:
        session.console.print("[dim]Nothing was changed; --yes does it.[/dim]")


@click.command()
@click.argument("namespace")
@click.argument("embedding_model", metavar="MODEL")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Show how it gets on until it ends.")
@agent_option
@json_option("Print the job as one JSON document.")
def reembed(*, namespace: str, embedding_model: str, wait: bool, agent: str, as_json: bool) -> None:
    """Make the vectors of NAMESPACE anew by MODEL; it is read and written meanwhile.

    \b
    Examples:
      timeloom memory reembed project/wiki openai:text-embedding-3-small
      timeloom memory reembed project/wiki all-minilm-l6-v2 --no-wait
    """
    session = current()
    memories = memories_of(session, agent)
    job = memories.reembed(namespace, embedding_model)
    if wait:
        job = _finish(session, memories, job)
    if as_json:
        session.print_document(job)
    elif wait:
        session.console.print(f"{wording.plural(job.done_count, 'vector')} by {escape(embedding_model)}")
    else:
        session.console.print(f"[bold]{job.id}[/bold]  [dim]timeloom memory jobs shows how it gets on[/dim]")


@click.command()
@click.option("--namespace", "-n", metavar="NAME", default="", help="Only this namespace's.")
@limit_option(20)
@agent_option
@json_option("Print a JSON document a line.")
def jobs(*, namespace: str, limit: int | None, agent: str, as_json: bool) -> None:
    """List what was done in the background, newest first."""
    session = current()
    found = memories_of(session, agent).jobs(namespace, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("job", "kind", "namespace", "state", "phase"):
        table.add_column(column, no_wrap=True)
    for each in found:
        phase = f"{each.phase} {each.done_count:,}/{each.total_count:,}" if each.total_count else each.phase
        table.add_row(each.id, each.kind.lower(), escape(each.namespace), each.state.lower(), escape(phase))
    session.console.print(table if table.row_count else "No jobs.")


@click.command()
@agent_option
@json_option("Print one JSON document.")
def stats(*, agent: str, as_json: bool) -> None:
    """Count memories, and say how the index and the models are."""
    session = current()
    found = memories_of(session, agent).stats()
    if as_json:
        session.print_document(found)
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("memories", f"{found.memory_count:,} in {wording.plural(found.version_count, 'version')}")
    facts.add_row("archived", f"{found.archived_count:,}")
    facts.add_row("superseded", f"{found.superseded_count:,}")
    facts.add_row("deleted", f"{found.deleted_count:,}")
    for name, counts in (("kinds", found.kinds), ("agents", found.agents), ("namespaces", found.namespaces)):
        facts.add_row(name, escape(", ".join(f"{each.name} {each.count:,}" for each in counts)) or "-")
    for shard in found.shards:
        what = f"{shard.namespace}: {shard.vector_count:,} x {shard.dimension}, {shard.structure.lower()}"
        facts.add_row("shard", f"{escape(what)}, {wording.size(shard.size_bytes)}")
    for model in found.models:
        state = "loaded" if model.loaded else "not loaded"
        hits = f"{model.text_count:,} texts, {model.cache_hit_count:,} from the cache"
        facts.add_row("model", f"{escape(model.embedding_model)}, {state}, {hits}")
    session.console.print(facts)


def _finish(session: Session, memories: Memories, job: Job) -> Job:
    """Wait for a job, showing how it gets on.

    Raises:
        click.ClickException: It failed.
    """
    with session.counting(job.kind.lower()) as progress:
        for job in memories.watch(job.id):  # noqa: B020, PLR1704 - the same one, later
            progress(job.done_count, total=job.total_count, what=job.phase)
    if job.state is not JobState.SUCCEEDED:
        raise click.ClickException(
            f"The job {job.state.lower()}: {job.error}" if job.error else "It was cancelled."
        )
    return job


COMMANDS = (share, grants, revoke, namespaces, summarize, clusters, optimize, reembed, jobs, stats)
