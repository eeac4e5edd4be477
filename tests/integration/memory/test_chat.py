"""Summaries by a language model, over a real HTTP endpoint that answers as it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from timeloom_memory.upkeep.chat import Chat
from timeloom_platform.errors import DeadlineExceededError, TimeloomError, UnavailableError

ANSWER = {"choices": [{"message": {"role": "assistant", "content": " Ann drinks tea. "}}]}
Request = tuple[str, dict[str, str], Any]


@asynccontextmanager
async def endpoint(
    status: int, body: bytes, *, answers: bool = True, told: Callable[[Request], None] = lambda _: None
) -> AsyncIterator[str]:
    """Serves one answer to whatever is asked, or none."""

    served: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.Event())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        content = await reader.readexactly(int(headers["content-length"]))
        told((line, headers, json.loads(content)))
        if answers:
            writer.write(b"HTTP/1.1 %d Told\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))
            await writer.drain()
        else:
            await reader.read()
        writer.close()
        await writer.wait_closed()
        served[-1].set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        for each in served:
            await each.wait()


async def summarised(base_url: str, *, deadline_seconds: float = 10.0) -> str:
    chat = Chat(base_url=base_url, model="small", api_key="key", deadline_seconds=deadline_seconds)
    try:
        return await chat.summarise("2026-05-01: Ann drinks tea.", query="what drinks Ann", tokens_max=50)
    finally:
        await chat.close()


async def test_the_model_is_asked_as_openai_is() -> None:
    seen: list[Request] = []
    async with endpoint(200, json.dumps(ANSWER).encode(), told=seen.append) as base_url:
        assert await summarised(base_url) == "Ann drinks tea."
    ((line, headers, request),) = seen
    assert line.startswith("POST /v1/chat/completions ")
    assert headers["authorization"] == "Bearer key"
    assert (request["model"], request["max_tokens"]) == ("small", 50)
    assert "2026-05-01: Ann drinks tea." in request["messages"][1]["content"]
    assert "what drinks Ann" in request["messages"][1]["content"]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, b"secret details", "The language model answered with status 500."),
        (401, b"{}", "The language model answered with status 401."),
        (200, b"<html>", "The language model answered in an unknown form."),
        (200, b'{"choices": []}', "The language model answered with no text."),
        (200, b'{"choices": [{"message": {"content": null}}]}', "The language model answered with no text."),
    ],
)
async def test_what_a_model_answers_wrongly_is_told_without_its_words(
    status: int, body: bytes, message: str
) -> None:
    async with endpoint(status, body) as base_url:
        with pytest.raises(UnavailableError) as raised:
            await summarised(base_url)
    assert raised.value.message == message


async def test_a_model_that_is_silent_is_not_waited_for() -> None:
    async with endpoint(200, b"", answers=False) as base_url:
        with pytest.raises(DeadlineExceededError):
            await summarised(base_url, deadline_seconds=0.05)


async def test_a_model_that_is_not_there_is_said_to_be_so() -> None:
    async with endpoint(200, b"") as base_url:
        pass
    with pytest.raises(TimeloomError, match="cannot be reached"):
        await summarised(base_url)
