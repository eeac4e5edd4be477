"""Agents of four frameworks, observed by the programs of the guides: what they did is told whole.

Each runs with its framework's real client and real instrumentation, and sends to the running stack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.e2e import observed_programs
from tests.e2e.running_stack import RunningStack
from tests.helpers.fake_openai import ANSWER, fake_openai

pytestmark = pytest.mark.xdist_group("stack")

EXPECTED: Final = Path(__file__).parents[1] / "data" / "observed"

REFUSED: Final = """
with timeloom.observe(service_name="desk", instrument=["openai"]), timeloom.observe.session("refused-1"):
    try:
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "fail"}])
    except openai.RateLimitError as error:
        print(error)
"""
"""What the program of the first guide does besides: it is refused once."""


@pytest.fixture(scope="module")
def said(stack: RunningStack) -> Iterator[Mapping[str, str]]:
    """What the programs printed, by the names of their guides; they run at the same time."""
    programs = dict(observed_programs.programs())
    programs["OpenAI"] += REFUSED
    with fake_openai() as url:
        runs = [
            observed_programs.started(name, program, stack=stack, openai_url=url)
            for name, program in programs.items()
        ]
        yield {run.name: run.said() for run in runs}


@pytest.mark.parametrize(
    ("guide", "output", "session_ids"),
    [
        ("OpenAI", f"{ANSWER}\n{ANSWER}\nError code: 429 - Slow down\n", ["sky-1", "refused-1"]),
        ("LangChain and LangGraph", "It is sunny in Graz.\n", ["weather-1"]),
        ("Pydantic AI", "It is sunny in Graz.\n", ["weather-2"]),
        ("OpenAI Agents SDK", "It is sunny in Graz.\n", ["weather-3"]),
    ],
)
def test_what_an_agent_does_is_told_whole(
    client: httpx.Client, said: Mapping[str, str], guide: str, output: str, session_ids: list[str]
) -> None:
    assert said[guide] == output
    for session_id in session_ids:
        expected = json.loads((EXPECTED / f"{session_id}.json").read_text(encoding="utf-8"))
        assert observed_programs.events_of(client, session_id) == expected
