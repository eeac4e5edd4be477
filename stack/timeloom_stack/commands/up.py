"""`timeloom up`."""

import asyncio
import os

import click

from timeloom_stack.commands.common import StackFailure, explaining, read_settings
from timeloom_stack.console import Console
from timeloom_stack.detaching import start_detached
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import AlreadyRunningError
from timeloom_stack.settings import StackSettings
from timeloom_stack.stack import run_stack
from timeloom_stack.state import StackRecord
from timeloom_stack.welcome import welcome


@click.command()
@click.option("--detach", "-d", is_flag=True, help="Return when everything is ready, and leave it running.")
@click.option(
    "--verbose", "-v", is_flag=True, help="Show also what PostgreSQL and NATS say about themselves."
)
def up(*, detach: bool, verbose: bool) -> None:
    """Start PostgreSQL, NATS, all services and the gateway, and keep them running.

    Stays in the foreground with the logs of all of them until Ctrl-C. Data, logs and the API key are in
    .timeloom (TIMELOOM_DATA_DIR). The ports are 8080 for HTTP (TIMELOOM_HTTP_PORT) and 8081 for gRPC
    (TIMELOOM_GRPC_PORT), and 4317 and 4318 for OpenTelemetry over gRPC and HTTP (TIMELOOM_OTLP_GRPC_PORT,
    TIMELOOM_OTLP_HTTP_PORT). TIMELOOM_DATABASE_URL and TIMELOOM_NATS_URL name servers to use instead of own
    ones.
    """
    settings = read_settings()
    directory = DataDirectory(settings.data_dir)
    with explaining():
        try:
            if detach:
                click.echo(start_detached(directory))
            else:
                _run_in_foreground(settings, directory, verbose=verbose)
        except AlreadyRunningError as error:
            raise _with_whereabouts(error, directory) from error


def _run_in_foreground(settings: StackSettings, directory: DataDirectory, *, verbose: bool) -> None:
    console = Console()

    async def greet(record: StackRecord) -> None:
        for line in (await welcome(record, directory)).splitlines():
            console.print(line)

    try:
        asyncio.run(run_stack(settings, environ=os.environ, console=console, on_ready=greet, verbose=verbose))
    finally:
        console.close()


def _with_whereabouts(error: AlreadyRunningError, directory: DataDirectory) -> StackFailure:
    record = StackRecord.read(directory.state_file)
    where = (f"it serves {record.http_url} and {record.grpc_address} (gRPC)",) if record else ()
    return StackFailure(
        str(error),
        (*where, f"its data is in {directory.root}", "timeloom status shows it, timeloom down stops it"),
    )
