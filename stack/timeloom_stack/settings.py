"""What a person may choose about the stack, from the environment."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from timeloom_platform.settings import secret

_PORT_MAX = 65_535
_CHECKOUTS_CONSOLE = Path(__file__).parents[2] / "web/apps/console/dist"


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
    otlp_host: str = "127.0.0.1"
    otlp_grpc_port: int = 4317
    otlp_http_port: int = 4318
    console_dir: str = ""
    metrics: bool = False
    self_telemetry: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_url: str = secret(default="")
    nats_url: str = secret(default="")

    def __post_init__(self) -> None:
        ports = {
            "HTTP": self.http_port,
            "GRPC": self.grpc_port,
            "OTLP_GRPC": self.otlp_grpc_port,
            "OTLP_HTTP": self.otlp_http_port,
        }
        for name, port in ports.items():
            if not 0 < port <= _PORT_MAX:
                raise ValueError(f"TIMELOOM_{name}_PORT must be a number from 1 to {_PORT_MAX}")
        for (name, port), (other, another) in itertools.combinations(ports.items(), 2):
            if port == another:
                raise ValueError(f"TIMELOOM_{name}_PORT and TIMELOOM_{other}_PORT must differ")

    @property
    def http_url(self) -> str:
        """Where a program on this machine reaches REST and the console."""
        return f"http://{reachable(self.http_host)}:{self.http_port}"

    @property
    def console(self) -> Path | None:
        """Where the built console is: as named, or in this checkout; None if there is none."""
        if self.console_dir:
            return Path(self.console_dir).resolve()
        return _CHECKOUTS_CONSOLE if (_CHECKOUTS_CONSOLE / "index.html").is_file() else None

    @property
    def grpc_address(self) -> str:
        """Where a program on this machine reaches gRPC."""
        return f"{reachable(self.grpc_host)}:{self.grpc_port}"

    @property
    def otlp_endpoint(self) -> str:
        """Where a program on this machine sends OpenTelemetry over gRPC."""
        return f"http://{reachable(self.otlp_host)}:{self.otlp_grpc_port}"

    @property
    def otlp_http_endpoint(self) -> str:
        """Where it sends OpenTelemetry over HTTP."""
        return f"http://{reachable(self.otlp_host)}:{self.otlp_http_port}"


def reachable(host: str) -> str:
    """Turns an address that servers bind into one that clients can connect to."""
    if host in {"", "0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
