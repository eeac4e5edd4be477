"""What a person may choose about the stack, from the environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from timeloom_platform.settings import secret

_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """Read by `timeloom_platform.settings.load`: `TIMELOOM_DATA_DIR`, `TIMELOOM_HTTP_PORT` and so on.

    `database_url` and `nats_url` name servers that are there already; the stack starts its own without them.
    """

    data_dir: Path = Path(".timeloom")
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    grpc_host: str = "127.0.0.1"
    grpc_port: int = 8081
    console_dir: str = ""
    metrics: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_url: str = secret(default="")
    nats_url: str = secret(default="")

    def __post_init__(self) -> None:
        for name, port in (("HTTP", self.http_port), ("GRPC", self.grpc_port)):
            if not 0 < port <= _PORT_MAX:
                raise ValueError(f"TIMELOOM_{name}_PORT must be a number from 1 to {_PORT_MAX}")
        if self.http_port == self.grpc_port:
            raise ValueError("TIMELOOM_HTTP_PORT and TIMELOOM_GRPC_PORT must differ")

    @property
    def http_url(self) -> str:
        """Where a program on this machine reaches REST and the console."""
        return f"http://{reachable(self.http_host)}:{self.http_port}"

    @property
    def grpc_address(self) -> str:
        """Where a program on this machine reaches gRPC."""
        return f"{reachable(self.grpc_host)}:{self.grpc_port}"


def reachable(host: str) -> str:
    """Turns an address that servers bind into one that clients can connect to."""
    if host in {"", "0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
