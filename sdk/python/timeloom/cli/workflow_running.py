"""`timeloom workflows run`, `tail` and `worker`: executions that somebody looks at while they get on."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click
from rich.live import Live
from rich.markup import escape

from timeloom.cli import values, workflow_tree
from timeloom.cli.parameters import JSON, json_option
from timeloom.cli.session import Session, current
from timeloom.cli.workflow_parameters import execution_id, pairs_of
from timeloom.cli.workflow_tree import StepTree
from timeloom.state._kinds import is_list
from timeloom.workflow_resources import (
    ExecutionChange,
    Step,
    WorkflowExecution,
    WorkflowExecutionFilter,
    WorkflowExecutionStatus,
)

if TYPE_CHECKING:
    from timeloom.workflows import Task, Workflow

FRAMES_A_SECOND: Final = 8
TAIL_SECONDS: Final = 1.0
TAIL_RUNNING_MAX: Final = 200
TAIL_ENDED_MAX: Final = 100
"""How many executions one look of `tail` sees: the newest that run, and those that ended last."""

_GOING_ON: Final = tuple(each for each in WorkflowExecutionStatus if not each.has_ended)
_ENDED: Final = tuple(each for each in WorkflowExecutionStatus if each.has_ended)


@click.command()
@click.argument("workflow_id", metavar="WORKFLOW")
@click.option("--input", "-i", "given", type=JSON, help="JSON, or @FILE.")
@click.option("--wait", is_flag=True, help="Until it has ended; print what it came to.")
@click.option("--follow", "-f", is_flag=True, help="Show its steps as they get on, until it has ended.")
@click.option("--version", type=click.IntRange(min=1), help="Instead of the newest.")
@click.option("--priority", type=click.IntRange(-100, 100), help="The higher ones begin first.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A word to find it by; repeatable.")
@click.option(
    "--attribute",
    "attributes",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value to find it by; repeatable.",
)
@click.option("--key", "idempotency_key", default="", help="With the same key again, no other one begins.")
@json_option("Print JSON: the execution, or with --follow a document a line.")
def run(
    *,
    workflow_id: str,
    given: Any,
    wait: bool,
    follow: bool,
    version: int | None,
    priority: int | None,
    tags: tuple[str, ...],
    attributes: tuple[str, ...],
    idempotency_key: str,
    as_json: bool,
) -> int:
    """Begin an execution of WORKFLOW.

    With --wait or --follow the command exits with 1 if the execution fails or is cancelled. Ctrl-C ends the
    looking, and not the execution.

    \b
    Examples:
      timeloom workflows run order --input '{"order": 7}' --follow
      timeloom workflows run report --input @july.json --wait --json | jq .output
      timeloom workflows run report --key report-2026-07
    """
    session = current()
    begun = session.client.workflows.execute(
        workflow_id,
        given,
        version=version or 0,
        priority=priority,
        tags=tags,
        attributes=pairs_of(attributes, option="--attribute") or None,
        idempotency_key=idempotency_key,
    )
    if follow:
        return follow_execution(session, begun, as_json=as_json)
    if not wait:
        if as_json:
            session.print_document(begun)
        else:
            session.console.print(f"[bold]{begun.id}[/bold]  [dim]{begun.status.lower()}[/dim]")
        return 0
    with session.waiting(f"{workflow_id} {begun.id}"):
        ended = session.client.workflows.executions.wait(begun.id)
    if as_json:
        session.print_document(ended)
    else:
        session.console.print(workflow_tree.heading(ended, datetime.now(UTC)))
        print_ending(session, ended)
    return exit_code(ended)


@click.command()
@click.argument("name", metavar="[EXECUTION]", default="")
@json_option("Print a JSON document a line.")
def tail(*, name: str, as_json: bool) -> int:
    """Show an execution as it gets on until it has ended; without one, tell how all of them stand, for ever.

    \b
    Examples:
      timeloom workflows tail last
      timeloom workflows tail --json | jq -r '[.id, .status] | @tsv'
    """
    session = current()
    if name:
        found = session.client.workflows.executions.get(execution_id(session, name))
        return follow_execution(session, found, as_json=as_json)
    for changed in changing(session):
        if as_json:
            session.print_lines([changed])
        else:
            session.console.print(workflow_tree.heading(changed, datetime.now(UTC)))
    return 0


@click.command()
@click.argument("source", metavar="MODULE[:NAME]")
@click.option(
    "--id", "worker_id", metavar="ID", help="What people see; made of the host and chance if left out."
)
@click.option("--executions", "executions_max", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--tasks", "tasks_max", type=click.IntRange(min=1), default=100, show_default=True)
def worker(*, source: str, worker_id: str | None, executions_max: int, tasks_max: int) -> None:
    """Run the workflows and tasks of a Python module, until Ctrl-C.

    MODULE is a module's name as in `import`, or its file; NAME one workflow or task, or a list of them.
    Without it all that the module has are run.

    \b
    Examples:
      timeloom workflows worker shop.orders
      timeloom workflows worker ./orders.py:order
    """
    from timeloom.workflows import Worker  # noqa: PLC0415 - it takes a while to load

    session = current()
    runs, tasks = loaded(source)
    configuration = session.client.configuration
    made = Worker(
        workflows=runs,
        tasks=tasks,
        grpc_address=configuration.grpc_address,
        api_key=configuration.api_key,
        worker_id=worker_id,
        executions_max=executions_max,
        tasks_max=tasks_max,
    )
    names = [*(each.id for each in runs), *(each.name for each in tasks)]
    click.echo(f"{made.id} works on {', '.join(names)}; Ctrl-C lets it end what it has begun.", err=True)
    made.run_blocking()


def follow_execution(session: Session, begun: WorkflowExecution, *, as_json: bool) -> int:
    """Show an execution until it has ended, and return the exit code that says how."""
    changes = session.client.workflows.executions.watch(begun.id)
    if as_json:
        last = begun
        for change in changes:
            session.print_lines([change])
            last = change.execution
        return exit_code(last)
    tree = StepTree(begun)
    with _hint(begun):
        if session.console.is_terminal:
            _show_live(session, tree, changes)
        else:
            _print_changes(session, tree, changes)
    print_ending(session, tree.execution)
    return exit_code(tree.execution)


def print_ending(session: Session, execution: WorkflowExecution) -> None:
    """Print what an execution came to."""
    if execution.output is not None:
        values.print_value(session.console, execution.output)
    if execution.error is not None:
        where = f" in step {execution.error.step_id}" if execution.error.step_id else ""
        session.console.print(
            f"[red bold]{escape(execution.error.type)}[/]{escape(where)}: {escape(execution.error.message)}",
            soft_wrap=True,
        )
        session.console.print(f"[dim]timeloom workflows retry {execution.id} takes it up again.[/dim]")


def exit_code(execution: WorkflowExecution) -> int:
    """Return 0 for an execution that succeeded, and else 1."""
    return 0 if execution.status is WorkflowExecutionStatus.SUCCEEDED else 1


def changing(session: Session) -> Iterator[WorkflowExecution]:
    """Yield executions whenever they stand otherwise than before, the first time as they stand now."""
    executions = session.client.workflows.executions
    running = WorkflowExecutionFilter(statuses=_GOING_ON)
    ended = WorkflowExecutionFilter(statuses=_ENDED)
    known: dict[str, tuple[Any, ...]] = {}
    while True:
        looks = [
            *executions.list(ended, order_by="endTime desc", limit=TAIL_ENDED_MAX),
            *executions.list(running, limit=TAIL_RUNNING_MAX),
        ]
        seen = {each.id: _standing(each) for each in looks}
        # What ended before the first look is no news.
        is_news = bool(known)
        for each in sorted(looks, key=lambda execution: execution.update_time):
            if known.get(each.id) != seen[each.id] and (is_news or not each.has_ended):
                yield each
        known = seen or {"": ()}
        time.sleep(TAIL_SECONDS)


def loaded(source: str) -> tuple[list[Workflow[..., Any]], list[Task]]:
    """Return the workflows and tasks of a module, or those that one of its names stands for.

    Raises:
        click.ClickException: There is no such module or name, or nothing that a worker could run.
    """
    from timeloom.workflows import Task, Workflow  # noqa: PLC0415 - it takes a while to load

    name, _, wanted = source.partition(":")
    module = _imported(name)
    if wanted and not hasattr(module, wanted):
        raise click.ClickException(f"{name} has no {wanted!r}")
    found: Any = getattr(module, wanted) if wanted else list(cast("dict[str, Any]", vars(module)).values())
    each_once: dict[int, Any] = {id(each): each for each in (found if is_list(found) else [found])}
    runs = [cast("Workflow[..., Any]", each) for each in each_once.values() if isinstance(each, Workflow)]
    tasks = [each for each in each_once.values() if isinstance(each, Task)]
    if not runs and not tasks:
        raise click.ClickException(f"{source} has no workflows or tasks: functions under @workflow or @task")
    return runs, tasks


def _imported(name: str) -> Any:
    path = Path(name)
    folder, module = (path.parent, path.stem) if path.suffix == ".py" else (Path(), name)
    # Like `python -m`, which finds what is in the folder where one stands.
    sys.path.insert(0, str(folder.resolve()))
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise click.ClickException(f"There is no module {module!r} in {folder.resolve()}") from None


def _standing(execution: WorkflowExecution) -> tuple[Any, ...]:
    return execution.status, execution.waiting_for, execution.cancelling, execution.retry_count


def _show_live(session: Session, tree: StepTree, changes: Iterable[ExecutionChange]) -> None:
    with Live(
        get_renderable=tree.render, console=session.console, refresh_per_second=FRAMES_A_SECOND
    ) as live:
        for change in changes:
            tree.take(change)
            live.refresh()


def _print_changes(session: Session, tree: StepTree, changes: Iterable[ExecutionChange]) -> None:
    said: dict[str, str] = {}
    for change in changes:
        tree.take(change)
        for step in change.steps:
            _print_step(session, step, said)
    session.console.print(workflow_tree.heading(tree.execution, datetime.now(UTC)))


def _print_step(session: Session, step: Step, said: dict[str, str]) -> None:
    """Print how a step stands, once for each way in which it does."""
    standing = f"{step.status} {step.attempt}"
    if said.get(step.id) != standing:
        said[step.id] = standing
        line = workflow_tree.step_line(step, datetime.now(UTC))
        session.console.print(line.append(f"  {step.status.lower()}", style="dim"))


@contextmanager
def _hint(execution: WorkflowExecution) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"It goes on; timeloom workflows tail {execution.id} shows it again.", err=True)
        raise


COMMANDS: Final = (run, tail, worker)
