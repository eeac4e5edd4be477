"""What a person reads when the stack is ready."""

import os
from pathlib import Path

import click

from timeloom_stack.console_link import request_link
from timeloom_stack.directory import DataDirectory
from timeloom_stack.errors import StackError
from timeloom_stack.state import StackRecord


async def welcome(record: StackRecord, directory: DataDirectory) -> str:
    """The addresses, where the key is, and what to do next; with a link to the console that works once."""
    rows = (
        (
            "Console",
            await _link(record, directory),
            "once, within ten minutes; timeloom console makes another",
        ),
        ("REST", f"{record.http_url}/api", f"reference: {record.http_url}/docs"),
        ("gRPC", record.grpc_address, "with reflection and health"),
        (
            "OTLP",
            record.otlp_endpoint,
            f"OpenTelemetry of agents, with the API key; over HTTP: {record.otlp_http_endpoint}",
        ),
        (
            "API key",
            short(directory.credentials_file),
            "of the project default; SDK and command line find it",
        ),
        ("Data", short(directory.root), "with the logs of all in its folder logs"),
    )
    title = click.style(f"Timeloom {record.version} is ready", bold=True)
    lines = [
        "",
        f"  {title} after {record.start_seconds or 0:.1f} s ({record.start_kind} start)",
        "",
        *(line for name, value, note in rows for line in _row(name, value, note)),
        "",
        "  Stop it with Ctrl-C or timeloom down.",
        "  In another terminal: make demo, timeloom status, timeloom logs -f",
        "",
    ]
    return "\n".join(lines)


def short(path: Path) -> str:
    """The path as the person at the terminal would write it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


async def _link(record: StackRecord, directory: DataDirectory) -> str:
    """A link to the console; all else runs without one."""
    try:
        return await request_link(record.http_url, directory)
    except StackError as error:
        return str(error)


def _row(name: str, value: str, note: str) -> tuple[str, str]:
    indent = " " * 13
    return f"    {click.style(f'{name:9}', dim=True)}{value}", f"{indent}{click.style(note, dim=True)}"
