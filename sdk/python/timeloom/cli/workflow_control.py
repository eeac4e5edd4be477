"""`timeloom workflows pause` and the like: the hand on executions, one by one or all that a filter means."""

from __future__ import annotations

from typing import Any, Final

import click
from rich.markup import escape

from timeloom.cli import wording
from timeloom.cli.parameters import EXECUTION, JSON, json_option
from timeloom.cli.session import Session, current
from timeloom.cli.workflow_parameters import execution_id, filter_of, pairs_of, where_option
from timeloom.cli.workflow_running import follow_execution
from timeloom.workflow_resources import ControlAction, WorkflowExecution

_DONE: Final = {
    ControlAction.PAUSE: "paused",
    ControlAction.RESUME: "resumed",
    ControlAction.CANCEL: "cancelled",
    ControlAction.RETRY: "retried",
    ControlAction.DELETE: "deleted",
}
_HELP: Final = {
    ControlAction.PAUSE: "Pause executions: steps that run end and are kept, and no other begins.",
    ControlAction.RESUME: "Let paused executions go on.",
    ControlAction.CANCEL: "Cancel executions: what runs is stopped, and what is done is compensated.",
    ControlAction.RETRY: "Take up executions that failed or were cancelled, from the steps that failed.",
    ControlAction.DELETE: "Delete executions that have ended, with their steps and histories.",
}


def _control_command(action: ControlAction) -> click.Command:
    name = action.lower()

    @click.command(
        name,
        help=f"""{_HELP[action]}

        Which ones is said by their identifiers (`last` is the newest), or by --where.

        \b
        Examples:
          timeloom workflows {name} last
          timeloom workflows {name} --where workflow=order --where since=2h --dry-run
        """,
    )
    @click.argument("names", metavar="[EXECUTION…]", nargs=-1, type=EXECUTION)
    @where_option
    @click.option("--dry-run", is_flag=True, help="With --where: only count them.")
    @click.option("--yes", "-y", is_flag=True, help="With --where: do not ask.")
    @click.option("--reason", default="", help="Why, for their histories.")
    @json_option("Print JSON.")
    def command(
        *,
        names: tuple[str, ...],
        conditions: tuple[str, ...],
        dry_run: bool,
        yes: bool,
        reason: str,
        as_json: bool,
    ) -> None:
        if bool(names) == bool(conditions):
            raise click.UsageError("Give either executions or --where.")
        session = current()
        if names:
            _control_each(session, action, names, reason, as_json=as_json)
        else:
            _control_all(session, action, conditions, reason, dry_run=dry_run, yes=yes, as_json=as_json)

    return command


def _control_each(
    session: Session, action: ControlAction, names: tuple[str, ...], reason: str, *, as_json: bool
) -> None:
    executions = session.client.workflows.executions
    for name in names:
        found_id = execution_id(session, name)
        if action is ControlAction.DELETE:
            executions.delete(found_id)
            session.console.print(f"{found_id}  deleted")
            continue
        do = {
            ControlAction.PAUSE: executions.pause,
            ControlAction.RESUME: executions.resume,
            ControlAction.CANCEL: executions.cancel,
            ControlAction.RETRY: executions.retry,
        }[action]
        _print_outcome(session, do(found_id, reason=reason), as_json=as_json)


def _control_all(
    session: Session,
    action: ControlAction,
    conditions: tuple[str, ...],
    reason: str,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    executions, wanted = session.client.workflows.executions, filter_of(conditions)
    if dry_run or not yes:
        counted = executions.control(action, wanted, dry_run=True)
        about = wording.plural(counted.changed_count, "execution") + (" or more" if counted.more else "")
        if dry_run:
            if as_json:
                session.print_document(counted)
            else:
                session.console.print(f"{about} would be {_DONE[action]}.")
            return
        if counted.changed_count:
            click.confirm(f"{about} will be {_DONE[action]}. Go on?", abort=True)
    done = executions.control(action, wanted, reason=reason)
    if as_json:
        session.print_document(done)
        return
    said = f"{wording.plural(done.changed_count, 'execution')} {_DONE[action]}"
    skipped = f", {done.skipped_count:,} changed meanwhile" if done.skipped_count else ""
    session.console.print(f"{said}{skipped}.")


@click.command()
@click.argument("name", metavar="EXECUTION", type=EXECUTION)
@click.option(
    "--step", "step_id", metavar="ID", default="", help="This step and all that began after it run again."
)
@click.option("--version", type=click.IntRange(min=1), help="Go on with this version of the workflow.")
@click.option("--reason", default="", help="Why, for its history.")
@click.option("--follow", "-f", is_flag=True, help="Show its steps as they get on.")
@json_option("Print JSON.")
def rerun(*, name: str, step_id: str, version: int | None, reason: str, follow: bool, as_json: bool) -> int:
    """Take up one execution from a step, perhaps with another version of its workflow.

    \b
    Examples:
      timeloom workflows rerun last --step summarise --version 4 --follow
    """
    session = current()
    made = session.client.workflows.executions.retry(
        execution_id(session, name), from_step=_step(step_id), version=version or 0, reason=reason
    )
    if follow:
        return follow_execution(session, made, as_json=as_json)
    _print_outcome(session, made, as_json=as_json)
    return 0


@click.command()
@click.argument("name", metavar="EXECUTION", type=EXECUTION)
@click.option("--at-step", "step", metavar="STEP", default="", help="The last step it has had: an id, or 3.")
@click.option("--set", "edits", metavar="PLACE=VALUE", multiple=True, help="Another value there; repeatable.")
@click.option("--input", "-i", "given", type=JSON, help="Another input: JSON, or @FILE.")
@click.option("--version", type=click.IntRange(min=1), help="Go on with this version of the workflow.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Its tags; the original's if left out.")
@click.option("--reason", default="", help="Why, for the history of the original.")
@click.option("--follow", "-f", is_flag=True, help="Show its steps as they get on.")
@json_option("Print JSON.")
def fork(
    *,
    name: str,
    step: str,
    edits: tuple[str, ...],
    given: Any,
    version: int | None,
    tags: tuple[str, ...],
    reason: str,
    follow: bool,
    as_json: bool,
) -> int:
    """Begin an execution that has had the same steps up to one of them, with other values where you say so.

    A place is one of the state that time travel shows: input.language, steps.fetch.output.title, or a JSON
    pointer such as /steps/fetch/output/0. A value is JSON, or else a text. The original stays as it is.

    \b
    Examples:
      timeloom workflows fork last --at-step 3 --set steps.fetch.output.title=Hello --follow
      timeloom workflows fork last --input '{"order": 8}'
      timeloom executions compare last ORIGINAL
    """
    session = current()
    try:
        made = session.client.workflows.executions.fork(
            execution_id(session, name),
            _step(step),
            edits=pairs_of(edits, option="--set"),
            input=given,
            version=version or 0,
            reason=reason,
            tags=tags,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None
    if follow:
        return follow_execution(session, made, as_json=as_json)
    _print_outcome(session, made, as_json=as_json)
    return 0


@click.command()
@click.argument("name", metavar="EXECUTION", type=EXECUTION)
@click.argument("signal_name", metavar="SIGNAL")
@click.argument("data", metavar="[JSON]", type=JSON, required=False)
@click.option("--id", "signal_id", default="", help="Of your own: the same signal again counts once.")
@json_option("Print one JSON document.")
def signal(*, name: str, signal_name: str, data: Any, signal_id: str, as_json: bool) -> None:
    """Send SIGNAL to an execution; it is kept until a step waits for it.

    \b
    Examples:
      timeloom workflows signal last paid '{"amount": 12}'
    """
    session = current()
    made = session.client.workflows.executions.signal(
        execution_id(session, name), signal_name, data, signal_id=signal_id
    )
    _print_outcome(session, made, as_json=as_json)


def _decision_command(name: str, answer: str) -> click.Command:
    @click.command(
        name,
        help=f"""Say {answer} to what a step of an execution asks.

        STEP may be left out if only one asks.

        \b
        Examples:
          timeloom workflows {name} last --comment "as discussed"
          timeloom workflows executions --where waiting=approval
        """,
    )
    @click.argument("execution", metavar="EXECUTION", type=EXECUTION)
    @click.argument("step_id", metavar="[STEP]", default="")
    @click.option("--by", "decided_by", metavar="WHO", default="", help="Who decides.")
    @click.option("--comment", default="", help="Why.")
    @click.option("--data", type=JSON, help="What else they say: JSON, or @FILE.")
    @json_option("Print one JSON document.")
    def command(
        *, execution: str, step_id: str, decided_by: str, comment: str, data: Any, as_json: bool
    ) -> None:
        session = current()
        executions = session.client.workflows.executions
        decide = executions.approve if name == "approve" else executions.reject
        step = decide(
            execution_id(session, execution), step_id, decided_by=decided_by, comment=comment, data=data
        )
        if as_json:
            session.print_document(step)
        else:
            session.console.print(f"{escape(step.id)}  [dim]{step.status.lower()}[/dim]")

    return command


def _step(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _print_outcome(session: Session, made: WorkflowExecution, *, as_json: bool) -> None:
    if as_json:
        session.print_document(made)
    else:
        standing = "cancelling" if made.cancelling and not made.has_ended else made.status.lower()
        session.console.print(f"[bold]{made.id}[/bold]  [dim]{standing}[/dim]")


COMMANDS: Final = (
    *(_control_command(action) for action in ControlAction),
    rerun,
    fork,
    signal,
    _decision_command("approve", "yes"),
    _decision_command("reject", "no"),
)
