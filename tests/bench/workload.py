"""The states of an agent's execution, step by step: the same ones for the same seed, on every machine.

`grow` keeps all messages of the conversation: a step adds some 520 bytes, so that a state of 27 KB at the
first step is one of 550 KB at the thousandth. `window` keeps the newest 50: some 52 KB, in a list that
shifts with every step. Each state has a static part of 22 KB besides (instructions and tools) and a
scratchpad of 40 entries, 3 of which change in a step. The text compresses as that of real agents does: to
two thirds in a single message, to a third in a long conversation.

`TIMELOOM_BENCH_WORKLOAD` names a Python file whose `steps(n, mode, seed)` takes the place of the one here.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import random
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

Mode: TypeAlias = Literal["grow", "window"]
MODES: tuple[Mode, ...] = ("grow", "window")

State: TypeAlias = dict[str, Any]
Step: TypeAlias = tuple[int, State, State]
"""The step's index, the state after it, and the parts of that state which the step made."""

REPLACEMENT_VARIABLE = "TIMELOOM_BENCH_WORKLOAD"

_WINDOW_MESSAGES = 50
_SCRATCHPAD_ENTRIES = 40
_CHANGES_PER_STEP = 3
_TOOLS = 14
_FIRST_TIME = 1_790_000_000.0
_SECONDS_PER_STEP = 1.41

_CORPUS_SEED = 20_261_101
_CORPUS_LENGTH = 1_500_000
_RARE_WORDS = 2_500
_RECENT_WORDS = 10
_REPEATED_PART = 0.5
_MARKS = {
    " ": 60,
    ", ": 5,
    ". ": 5,
    "_": 6,
    ".": 4,
    "\n    ": 4,
    "\n            ": 10,
    "(": 4,
    ") ": 4,
    ' = "': 2,
    '" ': 2,
}
"""What follows a word, and how often."""
_COMMON_WORDS = Path(__file__).with_name("words.txt")
_ONSETS = (
    "b",
    "br",
    "c",
    "ch",
    "cl",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "pr",
    "qu",
    "r",
    "s",
    "sc",
    "sl",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_CORES = ("a", "ai", "e", "ea", "i", "ie", "o", "oa", "oo", "u")
_ENDS = ("", "", "", "ck", "ct", "l", "m", "n", "nd", "p", "r", "rt", "s", "st", "t", "x")


def steps(n: int = 1000, mode: Mode = "grow", seed: int = 7) -> Iterator[Step]:
    """Yields the steps of one execution; a state shares what did not change with the one before it."""
    replacement = os.environ.get(REPLACEMENT_VARIABLE)
    yield from _load(replacement).steps(n, mode, seed) if replacement else _steps(n, mode, seed)


def describe() -> str:
    """Says where the steps come from."""
    replacement = os.environ.get(REPLACEMENT_VARIABLE)
    return f"the workload of {replacement}" if replacement else "Timeloom's own workload"


def _steps(n: int, mode: Mode, seed: int) -> Iterator[Step]:
    rng = random.Random(seed)
    static = {"instructions": _text(rng, 8000), "tools": [_tool(rng, number) for number in range(_TOOLS)]}
    scratchpad = {f"key_{number:02d}": _note(rng) for number in range(_SCRATCHPAD_ENTRIES)}
    messages: list[State] = []
    for index in range(n):
        message = _message(rng, index)
        messages = [*messages, message]
        if mode == "window":
            messages = messages[-_WINDOW_MESSAGES:]
        changed = {name: _note(rng) for name in rng.sample(sorted(scratchpad), _CHANGES_PER_STEP)}
        scratchpad = {**scratchpad, **changed}
        state = {"messages": messages, "scratchpad": scratchpad, "static": static}
        yield index, state, {"messages": [message], "scratchpad": changed}


def _message(rng: random.Random, index: int) -> State:
    role = ("user", "assistant", "tool")[index % 3]
    message: State = {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "role": role,
        "content": _text(rng, rng.randrange(220, 400)),
        "ts": _FIRST_TIME + index * _SECONDS_PER_STEP + rng.random(),
        "usage": {"input_tokens": rng.randrange(9000), "output_tokens": rng.randrange(900)},
    }
    if role == "assistant":
        arguments = {"q": _text(rng, 40), "limit": rng.randrange(50)}
        tool = rng.choice(("search", "read_file", "run_shell"))
        message["tool_calls"] = [{"id": _call_id(rng), "name": tool, "args": arguments}]
    elif role == "tool":
        message["tool_call_id"] = _call_id(rng)
    return message


def _call_id(rng: random.Random) -> str:
    return f"call_{rng.getrandbits(32):08x}"


def _note(rng: random.Random) -> State:
    return {"v": _text(rng, 80), "n": rng.randrange(1_000_000)}


def _tool(rng: random.Random, number: int) -> State:
    parameters = {name: {"type": "string", "description": _text(rng, 60)} for name in "abcde"}
    schema = {"type": "object", "properties": parameters}
    return {"name": f"tool_{number}", "description": _text(rng, 400), "schema": schema}


def _text(rng: random.Random, length: int) -> str:
    corpus = _corpus()
    start = rng.randrange(len(corpus) - length)
    return corpus[start : start + length]


@functools.cache
def _corpus() -> str:
    """Text of no meaning with the habits of prose and code.

    Some words are far more frequent than others (Zipf's law), words come back soon, lines are indented.
    """
    rng = random.Random(_CORPUS_SEED)
    vocabulary = [*_COMMON_WORDS.read_text().split(), *_rare_words(rng)]
    weights = list(itertools.accumulate(1 / (rank + 4) for rank in range(len(vocabulary))))
    count = _CORPUS_LENGTH // 5
    words = rng.choices(vocabulary, cum_weights=weights, k=count)
    for index in range(_RECENT_WORDS, count):
        if rng.random() < _REPEATED_PART:
            words[index] = words[index - rng.randrange(1, _RECENT_WORDS)]
    marks = rng.choices(list(_MARKS), list(_MARKS.values()), k=count)
    return "".join(itertools.chain.from_iterable(zip(words, marks, strict=True)))[:_CORPUS_LENGTH]


def _rare_words(rng: random.Random) -> Iterator[str]:
    for _ in range(_RARE_WORDS):
        syllables = rng.randrange(1, 4)
        yield "".join(rng.choice(_ONSETS) + rng.choice(_CORES) + rng.choice(_ENDS) for _ in range(syllables))


@functools.cache
def _load(path: str) -> Any:
    """Runs a file that somebody else wrote, which need not lie on the import path."""
    specification = importlib.util.spec_from_file_location("replacement_workload", Path(path).resolve())
    if specification is None or specification.loader is None:
        raise ValueError(f"{REPLACEMENT_VARIABLE}={path} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module
