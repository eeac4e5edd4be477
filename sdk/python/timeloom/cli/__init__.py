"""The `timeloom` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any, cast

import click

from timeloom.cli.session import Session
from timeloom.errors import TimeloomError

PLUGIN_GROUP = "timeloom.commands"
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

_OWN_COMMANDS = (
    metadata.EntryPoint("mcp", "timeloom.cli.mcp:mcp", PLUGIN_GROUP),
    metadata.EntryPoint("memory", "timeloom.cli.memory:memory", PLUGIN_GROUP),
    metadata.EntryPoint("migrate", "timeloom.cli.migrate:migrate", PLUGIN_GROUP),
    metadata.EntryPoint("play", "timeloom.cli.play:play", PLUGIN_GROUP),
    metadata.EntryPoint("api-keys", "timeloom.cli.api_keys:api_keys", PLUGIN_GROUP),
    metadata.EntryPoint("retention", "timeloom.cli.retention:retention", PLUGIN_GROUP),
    metadata.EntryPoint("executions", "timeloom.cli.executions:executions", PLUGIN_GROUP),
    metadata.EntryPoint("snapshots", "timeloom.cli.snapshots:snapshots", PLUGIN_GROUP),
    metadata.EntryPoint("tasks", "timeloom.cli.tasks:tasks", PLUGIN_GROUP),
    metadata.EntryPoint("environments", "timeloom.cli.environments:environments", PLUGIN_GROUP),
    metadata.EntryPoint("preferences", "timeloom.cli.preferences:preferences", PLUGIN_GROUP),
    metadata.EntryPoint("agent-sessions", "timeloom.cli.agent_sessions:agent_sessions", PLUGIN_GROUP),
    metadata.EntryPoint("workflows", "timeloom.cli.workflows:workflows", PLUGIN_GROUP),
    metadata.EntryPoint("events", "timeloom.cli.events:events", PLUGIN_GROUP),
    metadata.EntryPoint("traces", "timeloom.cli.traces:traces", PLUGIN_GROUP),
    metadata.EntryPoint("sessions", "timeloom.cli.traces:sessions", PLUGIN_GROUP),
    metadata.EntryPoint("metrics", "timeloom.cli.metrics:metrics", PLUGIN_GROUP),
    metadata.EntryPoint("alerts", "timeloom.cli.alerts:alerts", PLUGIN_GROUP),
    metadata.EntryPoint("scores", "timeloom.cli.scores:scores", PLUGIN_GROUP),
    metadata.EntryPoint("prices", "timeloom.cli.scores:prices", PLUGIN_GROUP),
)

_EPILOG = """\b
Where Timeloom is and which key opens it is found in the options, else in
TIMELOOM_API_KEY, TIMELOOM_GRPC_ADDRESS and TIMELOOM_URL, else in the nearest
.timeloom/credentials.json upwards from here.

\b
Completion for your shell (bash, zsh, fish):
  eval "$(_TIMELOOM_COMPLETE=bash_source timeloom)"
"""


class _CommandLine(click.Group):
    """A group whose commands are loaded when they are asked for; other distributions add theirs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(entry.name for entry in _entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        entry = next((entry for entry in _entries() if entry.name == cmd_name), None)
        return None if entry is None else cast("click.Command", entry.load())

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever reads the output has seen enough, as in `timeloom executions list | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None


def _entries() -> list[metadata.EntryPoint]:
    return [*_OWN_COMMANDS, *metadata.entry_points(group=PLUGIN_GROUP)]


@click.group(cls=_CommandLine, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--api-key", metavar="KEY", help="The key of the project to work in.")
@click.option("--grpc-address", metavar="HOST:PORT", help="Timeloom's gRPC front; https://HOST:PORT for TLS.")
@click.option("--url", metavar="URL", help="Timeloom's REST front, for the links that are shown.")
@click.version_option(package_name="timeloom", message="timeloom %(version)s")
@click.pass_context
def command_line(
    ctx: click.Context, *, api_key: str | None, grpc_address: str | None, url: str | None
) -> None:
    """Record what AI agents do, and step back through it."""
    ctx.obj = ctx.with_resource(Session(api_key=api_key, grpc_address=grpc_address, url=url))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 if it did what it should, 1 if it could not, 2 if it was misused."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        outcome: Any = command_line.main(arguments, prog_name="timeloom", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    except TimeloomError as error:
        click.secho("Error: ", nl=False, err=True, fg="red", bold=True)
        click.echo(str(error), err=True)
        return EXIT_FAILED
    return outcome if isinstance(outcome, int) else 0
