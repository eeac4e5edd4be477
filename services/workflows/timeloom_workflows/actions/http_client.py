"""HTTP to hosts that definitions name, whose failures are those of actions."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

import httpx

from timeloom_platform.outgoing import http_client as outgoing
from timeloom_platform.outgoing.addresses import Addresses
from timeloom_platform.outgoing.errors import InvalidRequestError, OutgoingError
from timeloom_platform.outgoing.http_client import Headers, HttpAnswer
from timeloom_workflows.actions.call import ActionError, InvalidActionError

PRIVATE_HOSTS: Final = "TIMELOOM_WORKFLOWS_PRIVATE_HOSTS"
USER_AGENT: Final = "timeloom-workflows"


class HttpClient:
    """Keeps connections; closed by its owner."""

    def __init__(self, addresses: Addresses, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Take what may be connected to, and which certificates are believed; the usual ones if None."""
        self._client = outgoing.HttpClient(addresses, user_agent=USER_AGENT, ssl_context=ssl_context)

    async def request(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Headers = (),
        content: bytes = b"",
        timeout_seconds: float,
        answer_bytes_max: int,
    ) -> HttpAnswer:
        """Make a request and return its answer, whatever its status.

        Raises:
            ActionError: The host cannot be reached, says nothing in time, or says too much.
        """
        with failing_as_actions():
            return await self._client.request(
                method,
                url,
                headers=headers,
                content=content,
                timeout_seconds=timeout_seconds,
                answer_bytes_max=answer_bytes_max,
            )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()


def parsed_url(text: str, query: Sequence[tuple[str, str]] = ()) -> httpx.URL:
    """Return a URL of HTTP, with more parameters in its query.

    Raises:
        InvalidActionError: It is not one.
    """
    with failing_as_actions():
        return outgoing.parsed_url(text, query)


def private_hosts(hosts: str) -> Addresses:
    """Return what actions may connect to besides the public Internet.

    Raises:
        ValueError: A network is not one.
    """
    return Addresses(hosts, setting=PRIVATE_HOSTS)


@contextmanager
def failing_as_actions() -> Generator[None]:
    """Lets what fails on the way out fail as an action does."""
    try:
        yield
    except InvalidRequestError as error:
        raise InvalidActionError(error.message) from None
    except OutgoingError as error:
        raise ActionError(error.type, error.message, is_final=error.is_final) from None
