"""What the gateway reads from its environment, besides the address of each room (see `rooms`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from timeloom_platform.settings import ProcessSettings, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What a client may ask for; a rate of zero means no limit."""

    body_bytes_max: int = 72 * 1024 * 1024
    upload_bytes_max: int = 1024 * 1024 * 1024
    rate_per_second: float = 500.0
    rate_burst: int = 2000
    failure_rate_per_second: float = 0.2
    failure_burst: int = 20
    requests_max: int = 1_000
    live_clients_max: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Read by `timeloom_platform.settings.load`."""

    process: ProcessSettings
    limits: LimitSettings
    database_url: str = secret()
    nats_url: str = secret()
    internal_secret: str = secret()
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    grpc_host: str = "127.0.0.1"
    grpc_port: int = 8081
    console_dir: Path | None = None
    cors_origins: str = ""
    """Origins with commas between them whose pages may call the API with a key; `*` for all."""
    trusted_proxies: str = ""
    """Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    secure_cookies: bool = False
    """For installations behind TLS: cookies for HTTPS only, and browsers told to stay there."""
    shapes_anonymous_key: str = secret(default="")
    """An API key of the scope `read`: whoever brings no credentials reads shapes with it."""
    access_log: bool = True
    pool_size: int = 8
