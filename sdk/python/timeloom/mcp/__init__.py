"""Timeloom's memories over the Model Context Protocol: `timeloom mcp`, or `/mcp` of the gateway."""

from timeloom.mcp.server import memory_server

__all__ = ["memory_server"]
