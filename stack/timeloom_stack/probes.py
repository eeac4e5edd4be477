"""Small questions to servers: does it listen, does it answer?"""

import asyncio
import json
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

CONNECT_TIMEOUT_SECONDS = 1.0
ANSWER_TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 1024 * 1024
_INTERVAL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes


async def listens(host: str, port: int) -> bool:
    """Tells whether somebody accepts connections there."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def request(
    url: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
) -> Answer:
    """Asks over HTTP/1.0, whose answers simply end: an HTTP client library would cost more than the question.

    Raises:
        OSError: There was no answer, or not in time (TimeoutError is one), or none that is HTTP.
    """
    parts = urlsplit(url)
    lines = [f"{method} {parts.path or '/'} HTTP/1.0", f"Host: {parts.netloc}", "Content-Length: 0"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    async with asyncio.timeout(timeout_seconds):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode())
            raw = await _read_to_end(reader)
        finally:
            writer.close()
    return _parse(raw)


async def answers(url: str) -> bool:
    """Tells whether a GET succeeds."""
    try:
        return (await request(url, timeout_seconds=CONNECT_TIMEOUT_SECONDS)).status == 200
    except OSError:
        return False


async def is_complete(url: str) -> bool:
    """Tells whether a gateway says of itself that it has all that it needs, and reaches all rooms."""
    try:
        answer = await request(url, timeout_seconds=CONNECT_TIMEOUT_SECONDS)
    except OSError:
        return False
    return answer.status == 200 and _status_in(answer.body) == "ready"


async def wait_until_complete(url: str) -> None:
    """Returns when a gateway says that nothing is missing; the caller sets the limit."""
    while not await is_complete(url):  # noqa: ASYNC110 - what another process does sets no event of ours
        await asyncio.sleep(_INTERVAL_SECONDS)


def _status_in(body: bytes) -> object:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return cast("dict[str, object]", document).get("status") if isinstance(document, dict) else None


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    raw = bytearray()
    while chunk := await reader.read(65536):
        raw += chunk
        if len(raw) > ANSWER_BYTES_MAX:
            raise OSError("the answer is too long")
    return bytes(raw)


def _parse(raw: bytes) -> Answer:
    head, separator, body = raw.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise OSError("the answer is not HTTP")
    return Answer(status=int(words[1]), body=body)
