"""The services behind the gateway: which channel leads to each, and calls with bytes both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc.aio

from timeloom_gateway.contracts import Method


class Backends:
    """The channels by the full names of the services."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self._channels = channels

    def callable_for(self, method: Method) -> Any:
        """What calls the method. Messages pass as bytes: the gateway reads and writes them itself."""
        channel: Any = self._channels[method.contract.service]
        path = method.contract.path
        match (method.contract.streams_requests, method.contract.streams_responses):
            case (False, False):
                return channel.unary_unary(path)
            case (False, True):
                return channel.unary_stream(path)
            case (True, False):
                return channel.stream_unary(path)
            case _:
                return channel.stream_stream(path)
