"""A replica of the echo service as a process of its own: `python -m tests.fault.platform.replica ADDRESS`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests.integration.platform.conftest import NoKeys
from tests.integration.platform.echo import TOKENS, Echo, EchoResponse, echo_binding
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.server import GrpcServer, run


class Replica(Echo):
    """Answers with its address."""

    async def answer(self, text: str, context: Any) -> Any:  # noqa: ARG002 - it has but one answer
        return EchoResponse(text=sys.argv[1])


async def main(stop: asyncio.Event) -> None:
    server = GrpcServer(
        listen=sys.argv[1],
        authenticator=CallAuthenticator(tokens=TOKENS, keys=NoKeys()),
        services=[echo_binding(Replica())],
    )
    await server.start()
    await stop.wait()
    await server.stop()


if __name__ == "__main__":
    sys.exit(run(main, service="echo"))
