"""`timeloom workflows`: definitions of what agents must do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from rich.markup import escape
from rich.table import Table

from timeloom import _workflow_files as files
from timeloom.cli import values, wording, workflow_places
from timeloom.cli.parameters import json_option, limit_option
from timeloom.cli.session import Session, current
from timeloom.cli.workflow_control import COMMANDS as CONTROL_COMMANDS
from timeloom.cli.workflow_executions import COMMANDS as EXECUTION_COMMANDS
from timeloom.cli.workflow_executions import print_execution
from timeloom.cli.workflow_parameters import is_execution
from timeloom.cli.workflow_running import COMMANDS as RUNNING_COMMANDS
from timeloom.cli.workflow_triggers import COMMANDS as TRIGGER_COMMANDS
from timeloom.errors import NotFoundError
from timeloom.state.changes import ChangeKind, changes
from timeloom.workflow_resources import Workflow

CHANGES_MAX: Final = 50

_SIGNS: Final = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}
_STYLES: Final = {ChangeKind.ADDED: "green", ChangeKind.REMOVED: "red", ChangeKind.CHANGED: "yellow"}

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def workflows() -> None:
    """Say what is to be done, and have it done whatever stops in between."""


for _command in (*RUNNING_COMMANDS, *EXECUTION_COMMANDS, *CONTROL_COMMANDS, *TRIGGER_COMMANDS):
    workflows.add_command(_command)


@workflows.command()
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=_FILE)
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="All its tags from now on; repeatable.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option("Print a JSON document a line.")
def apply(*, paths: tuple[Path, ...], tags: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Create the workflows that files define, or make new versions of those that changed.

    A file is JSON, or YAML where PyYAML is installed. What is wrong is told with its line; then nothing is
    changed, and the command exits with 1.

    \b
    Examples:
      timeloom workflows apply order.json
      timeloom workflows apply flows/*.yaml --dry-run
    """
    session = current()
    read = [(path, *_read(path)) for path in paths]
    if sum(_problem_count(session, path, text, definition) for path, text, definition in read):
        return 1
    for _, _, definition in read:
        before = _existing(session, files.id_of(definition))
        if not dry_run:
            made = session.client.workflows.apply(definition, tags=tags or None)
            if as_json:
                session.print_lines([made])
                continue
        _print_difference(session, before, definition)
    return 0


@workflows.command()
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=_FILE)
@json_option("Print a JSON document for each problem, a line each.")
def validate(*, paths: tuple[Path, ...], as_json: bool) -> int:
    """Say all that is wrong with definitions, with the lines; exit with 1 if anything is.

    \b
    Examples:
      timeloom workflows validate order.json
    """
    session, count = current(), 0
    for path in paths:
        text, definition = _read(path)
        if as_json:
            problems = session.client.workflows.validate(definition)
            session.print_lines(problems)
            count += len(problems)
        else:
            count += _problem_count(session, path, text, definition)
    if not count and not as_json:
        session.console.print(f"{wording.plural(len(paths), 'definition')} can be executed.")
    return 1 if count else 0


@workflows.command("list")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only those with this tag; repeatable.")
@click.option("--text", default="", help="Only those with this in their id or description.")
@limit_option(50)
@json_option("Print a JSON document a line.")
def list_(*, tags: tuple[str, ...], text: str, limit: int | None, as_json: bool) -> None:
    """List workflows; `timeloom workflows executions` lists their runs.

    \b
    Examples:
      timeloom workflows list
      timeloom workflows list --text report --json | jq -r .id
    """
    session = current()
    found = session.client.workflows.list(tags=tags, text=text, limit=limit)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("workflow", no_wrap=True)
    table.add_column("version", justify="right")
    table.add_column("kind")
    table.add_column("triggers")
    table.add_column("changed", no_wrap=True)
    table.add_column("description", overflow="ellipsis", no_wrap=True)
    for each in found:
        table.add_row(
            escape(each.id),
            str(each.version),
            each.kind.lower(),
            "on" if each.enabled else "off",
            f"{each.update_time.astimezone():%Y-%m-%d %H:%M}",
            escape(each.description),
        )
    session.console.print(
        table if table.row_count else "No workflows. Begin with `timeloom workflows templates`."
    )


@workflows.command()
@click.argument("name", metavar="WORKFLOW|EXECUTION")
@click.option("--version", type=click.IntRange(min=1), help="Of the workflow.")
@click.option("--versions", is_flag=True, help="List the versions of the workflow.")
@json_option("Print one JSON document.")
def show(*, name: str, version: int | None, versions: bool, as_json: bool) -> None:
    """Show a workflow with its definition, or an execution with its steps; `last` is the newest execution.

    \b
    Examples:
      timeloom workflows show order
      timeloom workflows show order --json | jq .definition > order.json
      timeloom workflows show last
    """
    session = current()
    if is_execution(name):
        print_execution(session, name, as_json=as_json)
        return
    if versions:
        _print_versions(session, name, as_json=as_json)
        return
    found = session.client.workflows.get(name, version=version or 0)
    if as_json:
        session.print_document(found)
        return
    session.console.print(f"[bold]{escape(found.id)}[/bold]  [dim]version {found.version}[/dim]")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("kind", found.kind.lower())
    facts.add_row("triggers", "on" if found.enabled else "off")
    if found.tags:
        facts.add_row("tags", escape(", ".join(found.tags)))
    facts.add_row("changed", f"{found.update_time.astimezone():%Y-%m-%d %H:%M:%S}")
    session.console.print(facts)
    values.print_value(session.console, found.definition)


@workflows.command()
@click.argument("workflow_id", metavar="WORKFLOW")
def enable(*, workflow_id: str) -> None:
    """Let a workflow's triggers fire."""
    session = current()
    made = session.client.workflows.enable(workflow_id)
    session.console.print(f"The triggers of {escape(made.id)} are on.")


@workflows.command()
@click.argument("workflow_id", metavar="WORKFLOW")
def disable(*, workflow_id: str) -> None:
    """Keep a workflow's triggers from firing; it can still be run."""
    session = current()
    made = session.client.workflows.disable(workflow_id)
    session.console.print(f"The triggers of {escape(made.id)} are off.")


@workflows.group(invoke_without_command=True)
@json_option("Print a JSON document a line.")
@click.pass_context
def templates(context: click.Context, *, as_json: bool) -> None:
    """List definitions to begin with.

    \b
    Examples:
      timeloom workflows templates
      timeloom workflows templates show rag-ingestion > ingestion.json
      timeloom workflows templates use rag-ingestion
    """
    if context.invoked_subcommand is not None:
        return
    session = current()
    found = session.client.workflows.templates()
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("template", no_wrap=True)
    table.add_column("what it does", overflow="fold")
    for each in found:
        table.add_row(escape(each.id), escape(each.description or each.title))
    session.console.print(table)


@templates.command("show")
@click.argument("template_id", metavar="TEMPLATE")
@click.option("--input", "example", is_flag=True, help="The input that it runs with, instead.")
def show_template(*, template_id: str, example: bool) -> None:
    """Print a template's definition as JSON."""
    found = current().client.workflows.template(template_id)
    click.echo(values.text(found.example_input if example else found.definition))


@templates.command("use")
@click.argument("template_id", metavar="TEMPLATE")
@click.option(
    "--id", "workflow_id", metavar="ID", default="", help="The workflow's; the template's if left out."
)
def use_template(*, template_id: str, workflow_id: str) -> None:
    """Create a workflow from a template, and say how to run it.

    \b
    Examples:
      timeloom workflows templates use incident-triage --id triage
    """
    session = current()
    found = session.client.workflows.template(template_id)
    definition = {**found.definition, "id": workflow_id or found.definition["id"]}
    _print_difference(session, _existing(session, definition["id"]), definition)
    session.client.workflows.apply(definition)
    example = json.dumps(found.example_input, ensure_ascii=False)
    session.console.print("[dim]Run it:[/dim]")
    click.echo(f"timeloom workflows run {definition['id']} --follow --input {_quoted(example)}")


def _read(path: Path) -> tuple[str, Any]:
    text = workflow_places.text_of(path)
    try:
        definition = files.parsed(text, of=path)
        files.id_of(definition)
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from None
    return text, definition


def _problem_count(session: Session, path: Path, text: str, definition: Any) -> int:
    problems = session.client.workflows.validate(definition)
    if problems:
        positions = workflow_places.positions_of(path, text)
        workflow_places.print_problems(session.console, path, positions, problems)
    return len(problems)


def _existing(session: Session, workflow_id: str) -> Workflow | None:
    try:
        return session.client.workflows.get(workflow_id)
    except NotFoundError:
        return None


def _print_difference(session: Session, before: Workflow | None, definition: Any) -> None:
    name = f"[bold]{escape(str(definition['id']))}[/bold]"
    if before is None:
        session.console.print(f"{name}  [green]new[/green], version 1")
        return
    found, truncated = changes(before.definition, definition, limit=CHANGES_MAX)
    if not found:
        session.console.print(f"{name}  [dim]unchanged, version {before.version}[/dim]")
        return
    session.console.print(
        f"{name}  version {before.version} → {before.version + 1}, {wording.plural(len(found), 'change')}"
    )
    for change in found:
        style = _STYLES[change.kind]
        session.console.print(f"  [{style}]{_SIGNS[change.kind]}[/{style}] {escape(change.path)}")
    if truncated:
        session.console.print("  [dim]… and others[/dim]")


def _print_versions(session: Session, workflow_id: str, *, as_json: bool) -> None:
    found = session.client.workflows.versions(workflow_id)
    if as_json:
        session.print_lines(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("version", justify="right")
    table.add_column("made", no_wrap=True)
    table.add_column("description", overflow="fold")
    for each in found:
        made = f"{each.update_time.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(str(each.version), made, escape(each.description))
    session.console.print(table)


def _quoted(text: str) -> str:
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"
