"""Train the zstd dictionary that the snapshots service compresses deltas with.

    python tools/train_dictionary.py services/snapshots/timeloom_snapshots/dictionaries/1.zdict

The samples are made here: deltas, effects and metadata as agents of the common frameworks produce them, with
text from `tools/dictionary/`. A dictionary is never trained again under its number, for what was compressed
with it could not be read any more; a better one gets the next number.
"""

from __future__ import annotations

import random
import sys
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard

from timeloom.state import canonical, delta

SIZE_BYTES = 16 * 1024
SAMPLES = 12_000
SEED = 1

_TEXTS = Path(__file__).parent / "dictionary"
_NOUNS = (_TEXTS / "nouns.txt").read_text(encoding="utf-8").split()
_TOOLS = [
    "search",
    "web_search",
    "read_file",
    "write_file",
    "list_files",
    "run_shell",
    "bash",
    "python",
    "fetch_url",
    "get_weather",
    "query_database",
    "send_email",
    "create_ticket",
    "retrieve",
    "lookup",
    "calculator",
    "browser",
]
_MODELS = [
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "o3-mini",
    "claude-sonnet-4",
    "claude-3-5-haiku",
    "gemini-2.0-flash",
    "mistral-large",
    "llama-3.3-70b",
    "deepseek-chat",
]
_STATUSES = [
    "pending",
    "running",
    "in_progress",
    "completed",
    "failed",
    "done",
    "success",
    "error",
    "cancelled",
]
_LISTS = [
    "messages",
    "history",
    "steps",
    "events",
    "documents",
    "results",
    "intermediate_steps",
    "observations",
]
_MAPS = [
    "scratchpad",
    "memory",
    "context",
    "variables",
    "metadata",
    "state",
    "notes",
    "cache",
    "config",
    "values",
]


class Author:
    """Writes samples; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._prose = (_TEXTS / "prose.txt").read_text(encoding="utf-8")
        self._code = (_TEXTS / "code.txt").read_text(encoding="utf-8")

    def sample(self) -> bytes:
        """One document as the service compresses it."""
        kind: Callable[[], bytes] = self._random.choices(
            [self._step, self._effect, self._scratch, self._graph], [6, 2, 2, 2]
        )[0]
        return kind()

    def _step(self) -> bytes:
        place = self._pick(_LISTS[:2] + ["messages"] * 4)
        length = self._random.randrange(200)
        new = [self._message() for _ in range(self._random.choice([1, 1, 1, 2, 3]))]
        operations: list[delta.Operation] = [delta.Splice((place,), length, 0, new)]
        if self._chance(0.4):
            operations.insert(0, delta.Splice((place,), 0, len(new), []))
        operations += self._sets(self._random.randrange(4))
        return delta.encode(operations)

    def _scratch(self) -> bytes:
        return delta.encode(self._sets(self._random.randrange(1, 6)))

    def _graph(self) -> bytes:
        """A step of a LangGraph agent, as its checkpointer sees it."""
        channels = ("channel_values", "messages")
        version = f"{self._random.randrange(1, 300):032}.0.{self._random.random()}"
        operations: list[delta.Operation] = [
            delta.Splice(channels, self._random.randrange(90), 0, [self._langchain_message()]),
            delta.Set(("channel_versions", "messages"), version),
            delta.Set(("versions_seen", self._pick(["agent", "tools", "__start__"]), "messages"), version),
            delta.Set(("id",), self._uuid()),
            delta.Set(("ts",), self._time()),
        ]
        return delta.encode(operations)

    def _effect(self) -> bytes:
        usage = {
            "prompt_tokens": self._count(),
            "completion_tokens": self._count(900),
            "total_tokens": self._count(),
        }
        response = {
            "id": f"chatcmpl-{self._hex(29)}",
            "object": "chat.completion",
            "created": 1_700_000_000 + self._count(90_000_000),
            "model": self._pick(_MODELS),
            "choices": [
                {
                    "index": 0,
                    "finish_reason": self._pick(["stop", "tool_calls", "length"]),
                    "logprobs": None,
                    "message": self._message(),
                }
            ],
            "usage": usage,
        }
        request = {
            "model": self._pick(_MODELS),
            "messages": [self._message() for _ in range(self._random.randrange(1, 4))],
            "temperature": self._pick([0, 0.2, 0.7, 1.0]),
            "max_tokens": self._pick([256, 1024, 4096]),
            "stream": False,
            "tools": [{"type": "function", "function": self._tool()}],
        }
        return canonical.encode(self._pick([request, response, self._tool_result()]))

    def _sets(self, count: int) -> list[delta.Operation]:
        place = self._pick(_MAPS)
        operations: list[delta.Operation] = []
        for _ in range(count):
            name = f"{self._pick(_NOUNS)}_{self._pick(_NOUNS)}" if self._chance(0.5) else self._pick(_NOUNS)
            path = (place, f"{name}_{self._random.randrange(40):02}" if self._chance(0.3) else name)
            operations.append(delta.Set(path, self._value()))
        if self._chance(0.3):
            operations.append(
                delta.Set((self._pick(["step", "iteration", "turn", "count"]),), self._count(99))
            )
        if self._chance(0.2):
            operations.append(
                delta.Set((self._pick(["status", "next", "current_step"]),), self._pick(_STATUSES))
            )
        return operations

    def _value(self) -> Any:
        return self._pick(
            [
                lambda: self._text(80),
                lambda: {"value": self._text(60), "updated_at": self._time()},
                lambda: {"text": self._text(80), "score": self._random.random(), "source": self._url()},
                lambda: {"n": self._count(1_000_000), "v": self._text(80)},
                lambda: {"id": self._uuid(), "name": self._pick(_NOUNS), "status": self._pick(_STATUSES)},
                lambda: [self._pick(_NOUNS) for _ in range(3)],
                self._count,
                lambda: self._pick([True, False, None]),
                self._random.random,
            ]
        )()

    def _message(self) -> dict[str, Any]:
        return self._random.choice(
            [
                self._openai_message,
                self._anthropic_message,
                self._plain_message,
                self._langchain_message,
                self._typed_message,
            ]
        )()

    def _plain_message(self) -> dict[str, Any]:
        message = {
            "id": self._uuid(),
            "role": self._pick(["user", "assistant", "system"]),
            "content": self._text(300),
        }
        if self._chance(0.5):
            message[self._pick(["created_at", "timestamp", "time"])] = self._time()
        if self._chance(0.3):
            message["ts"] = 1.7e9 + self._random.random() * 1e8
        if self._chance(0.4):
            message["usage"] = {"input_tokens": self._count(), "output_tokens": self._count(900)}
        return message

    def _openai_message(self) -> dict[str, Any]:
        if self._chance(0.3):
            return {
                "role": "tool",
                "tool_call_id": f"call_{self._hex(24)}",
                "name": self._pick(_TOOLS),
                "content": self._text(400),
            }
        if self._chance(0.5):
            call = {"name": self._pick(_TOOLS), "arguments": canonical.encode(self._arguments()).decode()}
            return {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "tool_calls": [{"id": f"call_{self._hex(24)}", "type": "function", "function": call}],
            }
        return {"role": "assistant", "content": self._text(400), "annotations": [], "refusal": None}

    def _anthropic_message(self) -> dict[str, Any]:
        part = self._pick(
            [
                {"type": "text", "text": self._text(300)},
                {
                    "type": "tool_use",
                    "id": f"toolu_{self._hex(24)}",
                    "name": self._pick(_TOOLS),
                    "input": self._arguments(),
                },
                {
                    "type": "tool_result",
                    "tool_use_id": f"toolu_{self._hex(24)}",
                    "content": self._text(300),
                    "is_error": False,
                },
                {"type": "thinking", "thinking": self._text(300), "signature": self._hex(60)},
            ]
        )
        return {
            "role": self._pick(["user", "assistant"]),
            "content": [part],
            "stop_reason": self._pick(["end_turn", "tool_use", None]),
            "usage": {
                "input_tokens": self._count(),
                "output_tokens": self._count(900),
                "cache_read_input_tokens": self._count(),
            },
        }

    def _langchain_message(self) -> dict[str, Any]:
        kind = self._pick(["human", "ai", "tool"])
        message: dict[str, Any] = {
            "type": kind,
            "content": self._text(300),
            "additional_kwargs": {},
            "id": self._pick([self._uuid(), f"run--{self._uuid()}-0"]),
            "name": None,
            "example": False,
            "response_metadata": {},
        }
        if kind == "ai":
            calls = [
                {
                    "name": self._pick(_TOOLS),
                    "args": self._arguments(),
                    "id": f"call_{self._hex(24)}",
                    "type": "tool_call",
                }
            ]
            message |= {
                "tool_calls": self._pick([[], calls]),
                "invalid_tool_calls": [],
                "usage_metadata": {
                    "input_tokens": self._count(),
                    "output_tokens": self._count(900),
                    "total_tokens": self._count(),
                },
                "response_metadata": {
                    "model_name": self._pick(_MODELS),
                    "finish_reason": "stop",
                    "token_usage": {"prompt_tokens": self._count(), "completion_tokens": self._count(900)},
                },
            }
        elif kind == "tool":
            message |= {"tool_call_id": f"call_{self._hex(24)}", "status": "success", "artifact": None}
        return message

    def _typed_message(self) -> dict[str, Any]:
        """A message made of parts, with the tool calls beside the text."""
        message: dict[str, Any] = {
            "id": self._uuid(),
            "role": self._pick(["user", "assistant", "tool"]),
            "content": self._text(300),
            "ts": 1.7e9 + self._random.random() * 1e8,
        }
        if message["role"] == "assistant":
            message["tool_calls"] = [
                {
                    "id": f"call_{self._hex(8)}",
                    "name": self._pick(_TOOLS),
                    self._pick(["args", "arguments", "input"]): self._arguments(),
                }
            ]
        elif message["role"] == "tool":
            message["tool_call_id"] = f"call_{self._hex(8)}"
        message["usage"] = {"input_tokens": self._count(), "output_tokens": self._count(900)}
        return message

    def _tool(self) -> dict[str, Any]:
        names = self._random.sample(_NOUNS, 3)
        kinds = [
            {"type": "string", "description": self._text(60)},
            {"type": "integer", "minimum": 0},
            {"type": "array", "items": {"type": "string"}},
            {"type": "boolean", "default": False},
        ]
        schema = {
            "type": "object",
            "properties": {name: self._pick(kinds) for name in names},
            "required": names[:1],
            "additionalProperties": False,
        }
        return {"name": self._pick(_TOOLS), "description": self._text(200), "parameters": schema}

    def _tool_result(self) -> dict[str, Any]:
        results = [
            {
                "title": self._text(50),
                "url": self._url(),
                "snippet": self._text(160),
                "score": round(self._random.random(), 4),
            }
            for _ in range(self._random.randrange(1, 5))
        ]
        return {"query": self._text(40), "results": results, "total": self._count(), "error": None}

    def _arguments(self) -> dict[str, Any]:
        return self._random.choice(
            [
                {"query": self._text(50), "limit": self._random.randrange(1, 50)},
                {"path": f"src/{self._pick(_NOUNS)}/{self._pick(_NOUNS)}.py"},
                {"command": self._line(self._code)},
                {"url": self._url()},
                {"q": self._text(40), "limit": self._random.randrange(1, 50)},
                {
                    "city": self._pick(["London", "Paris", "Berlin", "New York", "San Francisco"]),
                    "unit": "celsius",
                },
                {},
            ]
        )

    def _text(self, length: int) -> str:
        """Prose or code, cut anywhere, as long texts are when they are compared."""
        source = self._prose if self._chance(0.55) else self._code
        start = self._random.randrange(len(source) - length)
        return source[start : start + self._random.randrange(length // 2, length)]

    def _line(self, source: str) -> str:
        return self._random.choice([line.strip() for line in source.splitlines() if line.strip()])

    def _url(self) -> str:
        host = self._pick(["www.example.com", "docs.example.com", "example.org"])
        return f"https://{host}/{self._pick(_NOUNS)}"

    def _time(self) -> str:
        seconds = self._random.randrange(365 * 86_400)
        return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(0, seconds, self._count(10**6))).isoformat()

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _hex(self, length: int) -> str:
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def _count(self, limit: int = 9000) -> int:
        return self._random.randrange(limit)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _pick(self, choices: Sequence[Any]) -> Any:
        return self._random.choice(choices)


def main(arguments: list[str]) -> int:
    """Train a dictionary and write it to the file that is named."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(arguments[0])
    if target.exists():
        print(f"{target} exists: what was compressed with it needs it as it is", file=sys.stderr)
        return 1
    author = Author(SEED)
    samples: list[bytes | bytearray | memoryview[int]] = [author.sample() for _ in range(SAMPLES)]
    dictionary = zstandard.train_dictionary(SIZE_BYTES, samples, level=3)
    target.write_bytes(dictionary.as_bytes())
    print(f"{target}: {len(dictionary)} bytes from {sum(map(len, samples)):,} bytes of samples")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
