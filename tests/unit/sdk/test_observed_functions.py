"""Functions whose calls are spans, without anything that is sent."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from timeloom import observe
from timeloom.errors import ConfigurationError
from timeloom.observing import _contents as contents
from timeloom.observing import _instrumentations as instrumentations
from timeloom.observing._surroundings import surroundings


class Spans:
    """The spans that were told, in the order in which they ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def one(self) -> ReadableSpan:
        (span,) = self.all()
        return span

    def attributes(self) -> dict[str, Any]:
        return dict(self.one().attributes or {})


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    found = Spans()
    monkeypatch.setattr(trace, "get_tracer", found.provider.get_tracer)
    yield found
    found.provider.shutdown()


def test_a_call_is_a_span_with_what_went_in_and_came_out(spans: Spans) -> None:
    @observe
    def add(a: int, *more: int, scale: float = 1.0, **units: str) -> float:
        """Adds."""
        assert units == {"unit": "m"}
        return (a + sum(more)) * scale

    assert add(1, 2, 3, scale=2.0, unit="m") == 12.0
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    assert spans.one().name == "add"
    assert spans.attributes() == {
        "openinference.span.kind": "CHAIN",
        "input.value": '{"a": 1, "more": [2, 3], "scale": 2.0, "unit": "m"}',
        "input.mime_type": "application/json",
        "output.value": "12.0",
        "output.mime_type": "application/json",
    }


@pytest.mark.parametrize(
    ("kind", "named"), [("agent", "gen_ai.agent.name"), ("tool", "gen_ai.tool.name"), ("llm", "")]
)
def test_a_kind_and_a_name_are_told(spans: Spans, kind: Any, named: str) -> None:
    @observe(name="weather", kind=kind, capture=False)
    def look_up(city: str) -> str:
        return f"sunny in {city}"

    look_up("Graz")
    told = {"openinference.span.kind": kind.upper()} | ({named: "weather"} if named else {})
    assert (spans.one().name, spans.attributes()) == ("weather", told)


def test_an_exception_is_told_and_goes_on_its_way(spans: Spans) -> None:
    @observe
    def fail() -> None:
        raise KeyError("nobody")

    with pytest.raises(KeyError):
        fail()
    span = spans.one()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "KeyError"
    assert [event.name for event in span.events] == ["exception"]


def test_calls_within_calls_are_a_tree_across_awaits(spans: Spans) -> None:
    @observe(kind="tool")
    async def inner(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @observe
    async def outer() -> list[int]:
        return list(await asyncio.gather(inner(1), inner(2)))

    assert asyncio.run(outer()) == [1, 2]
    *below, root = spans.all()
    assert (root.name, root.parent) == ("outer", None)
    assert root.context is not None
    assert [each.parent and each.parent.span_id for each in below] == [root.context.span_id] * 2


def test_a_generator_is_a_span_until_it_ends_and_not_its_callers(spans: Spans) -> None:
    @observe
    def answer() -> Iterator[str]:
        assert trace.get_current_span() is not trace.INVALID_SPAN
        yield "Short "
        yield "waves."

    pieces = answer()
    assert next(pieces) == "Short "
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert spans.all() == ()
    assert list(pieces) == ["waves."]
    assert spans.attributes()["output.value"] == "Short waves."


def test_what_is_sent_thrown_and_returned_passes_through_a_generator(spans: Spans) -> None:
    heard: list[object] = []

    @observe
    def talk() -> Generator[int, object, str]:
        try:
            heard.append((yield 1))
        except ValueError as error:
            heard.append(error)
        return "end"

    def whole(first: object) -> Any:
        running = talk()
        next(running)
        try:
            running.throw(first) if isinstance(first, Exception) else running.send(first)
        except StopIteration as stop:
            return stop.value

    problem = ValueError("no")
    assert (whole("hello"), whole(problem)) == ("end", "end")
    assert heard == ["hello", problem]
    abandoned = talk()
    next(abandoned)
    abandoned.close()
    assert [span.status.is_ok for span in spans.all()] == [True] * 3


def test_an_asynchronous_generator_is_a_span_until_it_ends(spans: Spans) -> None:
    @observe(name="stream")
    async def answer() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0)
        yield 2
        raise RuntimeError("cut")

    found: list[int] = []

    async def read() -> None:
        async for item in answer():
            found.append(item)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(RuntimeError):
        asyncio.run(read())
    assert found == [1, 2]
    assert spans.attributes()["output.value"] == "[1, 2]"
    assert spans.one().status.description == "cut"


def test_methods_do_not_tell_of_themselves(spans: Spans) -> None:
    class Desk:
        @observe
        def ask(self, question: str) -> str:
            return question.upper()

        @staticmethod
        @observe
        def plain(question: str) -> str:
            return question

    assert Desk().ask("why?") == "WHY?"
    assert Desk.plain("how?") == "how?"
    first, second = ((span.attributes or {})["input.value"] for span in spans.all())
    assert (first, second) == ('{"question": "why?"}', '{"question": "how?"}')


def test_tokens_are_told_of_the_span_that_runs(spans: Spans) -> None:
    @observe(kind="llm", capture=False)
    def ask() -> None:
        observe.usage(model="gpt-4o", provider="openai", input_tokens=10, output_tokens=0, cost=0.25)

    ask()
    assert spans.attributes() == {
        "openinference.span.kind": "LLM",
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 0,
        "gen_ai.usage.cost": 0.25,
    }


def test_blocks_of_sessions_and_users_lie_within_each_other() -> None:
    with observe.session("talk-7", user_id="ann", tags=["a"]):
        with observe.user("bob", tags=["b", "a"]):
            assert surroundings().attributes() == {
                "gen_ai.conversation.id": "talk-7",
                "user.id": "bob",
                "timeloom.tags": ("a", "b"),
            }
        assert surroundings().user_id == "ann"
    assert surroundings().attributes() == {}


def test_misuse_is_refused_with_the_reason() -> None:
    def function() -> None: ...

    for misused, reason in (
        (lambda: observe(staticmethod(function)), "below @staticmethod"),
        (lambda: observe(int), "decorates functions"),
        (lambda: observe(kind="tool")(3), "decorates functions"),  # type: ignore[type-var]  # it is misuse
        (lambda: observe(kind="robot")(function), "'robot' is no kind"),  # type: ignore[call-overload]
        (lambda: observe(name="x", logs=True), "logs, which is for beginning"),  # type: ignore[call-overload]
        (lambda: observe(function, name="x"), "not both"),  # type: ignore[call-overload]
        (lambda: observe(instrument="openai"), r'instrument=\["openai"\]'),
    ):
        with pytest.raises(TypeError, match=reason):
            misused()


def test_what_is_not_installed_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("timeloom.observing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r'pip install "timeloom\[observe\]"'):
        importlib.import_module("timeloom.observing")


@pytest.mark.parametrize(
    ("asked", "there", "chosen"),
    [
        (None, ["openai", "langchain", "pydantic-ai"], ["langchain", "pydantic-ai"]),
        (None, ["openai", "anthropic"], ["anthropic", "openai"]),
        (None, [], []),
        ([], ["openai"], []),
        (["OpenAI", "openai_agents", "openai"], ["openai", "openai-agents"], ["openai", "openai-agents"]),
    ],
)
def test_frameworks_go_before_the_clients_that_they_call_models_by(
    asked: list[str] | None, there: list[str], chosen: list[str]
) -> None:
    assert instrumentations.chosen(asked, dict.fromkeys(there)) == chosen


def test_an_instrumentation_that_is_not_there_is_told_with_its_package() -> None:
    with pytest.raises(ConfigurationError, match="pip install openinference-instrumentation-langchain"):
        instrumentations.chosen(["langchain"], {"openai": None})


@dataclass
class Customer:
    name: str
    password: str


class Difficult:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_secrets_and_what_cannot_be_looked_at_are_left_out() -> None:
    value = {"customer": Customer("Ann", "hunter2"), "api_key": "tl_x", "odd": Difficult(), "raw": b"abc"}
    text, media_type = contents.text_of(value)
    assert media_type == "application/json"
    assert json.loads(text) == {
        "customer": {"name": "Ann", "password": "[redacted]"},
        "api_key": "[redacted]",
        "odd": "<Difficult>",
        "raw": "<3 bytes>",
    }


def test_what_is_large_or_deep_or_endless_is_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert contents.text_of("x" * 50_000)[0] == "x" * contents.TEXT_LENGTH_MAX + contents.CUT
    assert len(json.loads(contents.text_of(list(range(5000)))[0])) == contents.ITEMS_MAX
    assert contents.text_of(endless)[0].count("[") == contents.DEPTH_MAX
    wide = contents.text_of([["word"] * 1000] * 1000)[0]
    assert len(json.loads(wide)) <= contents.ITEMS_MAX
    assert wide.count("word") <= contents.VALUES_MAX
    assert contents.text_of(["x" * 20_000] * 1000) == (
        json.dumps(["x" * 20_000] * 20)[: contents.CONTENT_LENGTH_MAX] + contents.CUT,
        "text/plain",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=20,
)


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_what_is_json_within_the_bounds_is_told_as_it_is(value: Any) -> None:
    text, media_type = contents.text_of(value)
    assert (json.loads(text), media_type) == (value, "application/json")
