"""`timeloom projects`."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import grpc

from timeloom_stack import identity, locks
from timeloom_stack.commands.common import StackFailure, explaining, read_settings
from timeloom_stack.directory import DataDirectory
from timeloom_stack.secrets import read_internal_secret
from timeloom_stack.state import StackRecord


@click.group()
def projects() -> None:
    """Make and list the projects of the running stack: each is a tenant of its own."""


@projects.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def create(*, name: str, as_json: bool) -> None:
    """Make the project NAME and its first API key, which is shown only now."""
    with _installation() as installation:
        key = installation.create(name)
    if as_json:
        click.echo(json.dumps({"projectId": key.project_id, "apiKey": key.api_key}))
        return
    click.echo(f"project  {key.project_id}\nAPI key  {key.api_key}")
    click.echo("Keep the key: it cannot be shown again. Use it as TIMELOOM_API_KEY.", err=True)


@projects.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(*, as_json: bool) -> None:
    """List all projects, the oldest first."""
    with _installation() as installation:
        found = list(installation.list_all())
    if as_json:
        click.echo(json.dumps([{"id": each.id, "name": each.name} for each in found], indent=2))
        return
    for each in found:
        created = datetime.fromtimestamp(each.create_time, UTC).astimezone()
        click.echo(f"{each.id}  {created:%Y-%m-%d %H:%M}  {each.name}")


@contextmanager
def _installation() -> Generator[identity.Projects]:
    """Lends the projects of the stack that runs in the data directory."""
    directory = DataDirectory(read_settings().data_dir)
    record = StackRecord.read(directory.state_file)
    if record is None or not locks.is_held(directory.lock_file):
        raise StackFailure(f"Timeloom is not running in {directory.root}", ("start it: timeloom up",))
    try:
        with (
            explaining(),
            identity.connect(record.grpc_address, read_internal_secret(directory.secrets)) as found,
        ):
            yield found
    except PermissionError as error:
        raise StackFailure(
            f"{error.filename} is closed to you", ("ask as the user who runs Timeloom",)
        ) from error
    except grpc.RpcError as error:
        raise StackFailure(str(error.details())) from error
