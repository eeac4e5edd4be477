"""Who listens on a port, so that a person need not search."""

from dataclasses import dataclass

import psutil

from timeloom_platform.embedded import ports
from timeloom_stack.errors import PortTakenError

_COMMAND_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPort:
    """A port that the stack offers to people, and the setting that chooses it."""

    purpose: str
    host: str
    number: int
    variable: str


def refuse_taken(wanted: list[PublicPort]) -> None:
    """Raises a PortTakenError that names every taken port, who has it, and how to choose another."""
    taken = [port for port in wanted if not ports.is_free(port.number, port.host)]
    if not taken:
        return
    raise PortTakenError(
        "; ".join(
            f"port {port.number}, wanted for {port.purpose}, is taken by {describe_owner(port.number)}"
            for port in taken
        ),
        remedies=[f"choose another port: {port.variable}={port.number + 10} timeloom up" for port in taken],
    )


def describe_owner(port: int) -> str:
    """Names the process that listens on the port, as far as this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "a process that only root can see"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return _describe_process(connection.pid)
    return "a process that is just ending"


def _describe_process(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return f"process {pid}"
    return f"process {pid} ({command[:_COMMAND_CHARACTERS_MAX]})"
