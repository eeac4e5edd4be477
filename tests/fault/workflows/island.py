"""A network of its own, with one cable to the rest: what runs there is cut off when the cable is pulled.

Nothing of ours is on the way that could tell either side: packets are lost, as they are between machines. The
servers of the tests listen on the loopback of the mainland, so that a port on the shore passes on what comes
for each of them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.fault.workflows.proxy import Wire

_NETWORKS = 64 * 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Island:
    """A network namespace, and the two ends of its cable.

    Attributes:
        namespace: Its name.
        address: Where what runs there is reached.
        shore: The address of the mainland's end.
        cable: The mainland's end of the cable.
    """

    namespace: str
    address: str
    shore: str
    cable: str
    harbours: AsyncExitStack

    @property
    def command(self) -> tuple[str, ...]:
        """What a command begins with that is to run there."""
        return ("ip", "netns", "exec", self.namespace)

    async def cut(self) -> None:
        """Pulls the cable."""
        await _ip("link", "set", self.cable, "down")

    async def mend(self) -> None:
        """Plugs it in again."""
        await _ip("link", "set", self.cable, "up")

    async def url(self, url: str) -> str:
        """Returns how a server of the mainland's loopback is reached from there."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        location = f"{credentials}{at}{await self.harbour(parts.hostname or '', parts.port or 0)}"
        return urlunsplit((parts.scheme, location, parts.path, parts.query, parts.fragment))

    async def harbour(self, host: str, port: int) -> str:
        """Opens a port on the shore that passes on what comes to a server, and returns its address."""
        wire = Wire(host, port)
        server = await asyncio.start_server(wire.connect, self.shore, 0)
        self.harbours.callback(wire.close)
        self.harbours.callback(server.close)
        return f"{self.shore}:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def island() -> AsyncGenerator[Island]:
    """Lends a network of its own; skips the test where nobody may make one."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network namespace takes root, and the command `ip` of iproute2")
    # One after the other, and each test's own: a /30 within 10.192.0.0/10.
    number = os.getpid() % _NETWORKS
    name, octets = f"tl{number}", f"10.{192 + number // 256}.{number % 256}"
    made = Island(
        namespace=name,
        address=f"{octets}.2",
        shore=f"{octets}.1",
        cable=f"{name}a",
        harbours=AsyncExitStack(),
    )
    try:
        await _ip("netns", "add", name)
    except OSError as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    try:
        await _ip("link", "add", made.cable, "type", "veth", "peer", "name", f"{name}b", "netns", name)
        await _ip("address", "add", f"{made.shore}/30", "dev", made.cable)
        await _ip("-n", name, "address", "add", f"{made.address}/30", "dev", f"{name}b")
        await _ip("-n", name, "link", "set", "lo", "up")
        await _ip("-n", name, "link", "set", f"{name}b", "up")
        await made.mend()
        async with made.harbours:
            yield made
    finally:
        await _ip("netns", "delete", name)


async def _ip(*arguments: str) -> None:
    """Runs `ip`.

    Raises:
        OSError: It did not succeed.
    """
    process = await asyncio.create_subprocess_exec(
        "ip", *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    if process.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {told.decode().strip()}")
