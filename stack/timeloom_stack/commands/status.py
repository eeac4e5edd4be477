"""`timeloom status`."""

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from timeloom_stack.commands.common import explaining, read_settings
from timeloom_stack.directory import DataDirectory
from timeloom_stack.state import ProcessState
from timeloom_stack.status import ProcessStatus, StackStatus, read_status

# As init scripts have it: 0 all is well, 1 something is not, 3 not running.
_EXIT_TROUBLED = 1
_EXIT_NOT_RUNNING = 3

_COLOURS = {
    ProcessState.READY: "green",
    ProcessState.RESTARTING: "red",
    ProcessState.FAILED: "red",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, as_json: bool) -> None:
    """Show what runs, where, since when, and how much memory it takes.

    The exit code is 0 if everything is ready, 1 if something is not, 3 if nothing runs.
    """
    with explaining():
        found = read_status(DataDirectory(read_settings().data_dir))
    if as_json:
        click.echo(json.dumps(found.to_document(), indent=2))
    else:
        _show(found)
    if not found.is_running:
        sys.exit(_EXIT_NOT_RUNNING)
    if not found.is_ready:
        sys.exit(_EXIT_TROUBLED)


def _show(found: StackStatus) -> None:
    console = Console(highlight=False)
    if not found.is_running:
        console.print(f"Timeloom is not running in {found.data_dir}; timeloom up starts it")
        return
    if found.record is None:
        console.print(
            "Timeloom is running, but its state file cannot be read; it is written again with the next change"
        )
        return
    record = found.record
    console.print(_table(found))
    console.print()
    start = (
        f"{record.start_kind} start in {record.start_seconds:.2f} s" if record.start_seconds else "starting"
    )
    facts = {
        "HTTP": record.http_url,
        "gRPC": record.grpc_address,
        "OTLP": f"{record.otlp_endpoint} (gRPC), {record.otlp_http_endpoint}",
        "Data": record.data_dir,
        "Start": start,
        "Memory": f"{_mebibytes(found.pss_bytes)} in all (PSS)",
        "Versions": ", ".join(f"{name} {number}" for name, number in found.versions.items()),
    }
    for name, value in facts.items():
        console.print(f"[dim]{name:10}[/dim]{value}", soft_wrap=True)


def _table(found: StackStatus) -> Table:
    assert found.record is not None
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("service", "state", "listens on"):
        table.add_column(heading)
    for heading in ("pid", "uptime", "restarts", "memory"):
        table.add_column(heading, justify="right")
    supervisor = _mebibytes(found.supervisor_pss_bytes)
    for each in found.processes:
        table.add_row(*_cells(each))
    table.add_row("supervisor", "", "", str(found.record.pid), "", "", supervisor, style="dim")
    return table


def _cells(each: ProcessStatus) -> tuple[str, ...]:
    record = each.record
    colour = _COLOURS.get(record.state, "yellow")
    return (
        record.name,
        f"[{colour}]{record.state}[/{colour}]",
        record.address,
        str(record.pid or ""),
        _duration(each.uptime_seconds),
        str(record.restarts),
        _mebibytes(each.pss_bytes),
    )


def _mebibytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1024 / 1024:.0f} MiB"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
