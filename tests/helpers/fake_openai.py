"""An endpoint that answers as OpenAI's does, always the same: so that real clients run without a model.

What it answers follows from the last message: a question is answered, with a call of the first tool if there
are tools; the result of a tool is put into a sentence; "fail" is refused.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

MODEL: Final = "gpt-4o-mini-2024-07-18"
ANSWER: Final = "Short waves scatter more."
_CREATED: Final = 1_795_391_478


@contextmanager
def fake_openai() -> Generator[str]:
    """Serves for the block; yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, name="fake-openai")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a chat."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["messages"][-1].get("content") == "fail":
            error = {"message": "Slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            self._send(429, "application/json", json.dumps({"error": error}))
        elif request.get("stream"):
            self._send(200, "text/event-stream", "".join(_chunks()))
        else:
            self._send(200, "application/json", json.dumps(_answer(request)))

    def _send(self, status: int, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        # Nobody is to wait before the same refusal comes again.
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
        """Say nothing."""


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    last, tools = request["messages"][-1], request.get("tools")
    message: dict[str, Any] = {"role": "assistant", "content": ANSWER}
    reason = "stop"
    if last["role"] == "tool":
        message["content"] = f"It is {last['content']}."
    elif tools:
        call = {"name": tools[0]["function"]["name"], "arguments": '{"city": "Graz"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        }
        reason = "tool_calls"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": _CREATED,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": _USAGE,
    }


_USAGE: Final = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "total_tokens": 1200,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def _chunks() -> Iterator[str]:
    words = ANSWER.split(" ")
    for index, word in enumerate(words):
        delta: dict[str, Any] = {"content": word if index == 0 else f" {word}"}
        if index == 0:
            delta["role"] = "assistant"
        yield _event([{"index": 0, "delta": delta, "finish_reason": None}])
    yield _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    yield _event([], usage=_USAGE)
    yield "data: [DONE]\n\n"


def _event(choices: list[dict[str, Any]], **more: Any) -> str:
    chunk = {
        "id": "chatcmpl-2",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": MODEL,
        "choices": choices,
        **more,
    }
    return f"data: {json.dumps(chunk)}\n\n"
