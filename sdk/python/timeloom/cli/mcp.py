"""`timeloom mcp`: memories for a program that speaks the Model Context Protocol."""

from __future__ import annotations

import asyncio

import click

from timeloom.cli.session import current


@click.command()
@click.option("--agent", metavar="ID", default="", envvar="TIMELOOM_AGENT_ID", help="Act as this agent.")
def mcp(*, agent: str) -> None:
    """Serve memories over standard input and output, for a program that starts this command.

    The tools are remember, recall, context, share and forget. The gateway serves the same ones at /mcp.

    \b
    Examples:
      timeloom mcp --agent assistant
      claude mcp add timeloom -- timeloom mcp --agent assistant
    """
    from timeloom.mcp import memory_server  # noqa: PLC0415 - it takes a while to load

    session = current()
    client = session.asynchronous_client()
    memories = client.memory.as_agent(agent) if agent else client.memory

    async def serve() -> None:
        async with client:
            await memory_server(lambda _: memories).run_stdio_async()

    asyncio.run(serve())
