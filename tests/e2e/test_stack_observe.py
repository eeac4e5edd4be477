"""What `timeloom.observe()` sends to the running stack, by programs in interpreters of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import Final, cast

import pytest

from tests.e2e import observed_programs
from tests.e2e.running_stack import RunningStack
from tests.helpers.fake_openai import fake_openai
from timeloom import Timeloom
from timeloom.telemetry import Event, EventFilter, EventKind, EventType, NewEvent, Severity

pytestmark = pytest.mark.xdist_group("stack")

LIMIT_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.05
FOLLOWED: Final = EventFilter(names=["followed"])

# A program with a provider of its own, which is told of twice, and is closed between.
OWN_PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import timeloom

kept = InMemorySpanExporter()
provider = TracerProvider(resource=Resource.create({"service.name": "own"}))
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)

@timeloom.observe
def work(number):
    return number * 2

work(1)
first = timeloom.observe(instrument=[])
again = timeloom.observe(instrument=[], service_name="own")
with timeloom.observe.session("observe-1"):
    work(2)
print(again.flush(), again.tracer_provider is provider)
again.close()
again.close()
work(3)
with timeloom.observe(instrument=[]), timeloom.observe.user("ann"):
    work(4)
print(len(kept.get_finished_spans()))
try:
    timeloom.observe(service_name="other")
except timeloom.TimeloomError as error:
    print(error)
try:
    timeloom.observe(instrument=["nothing", "openai"])
except timeloom.TimeloomError as error:
    print(str(error).split(";")[0])
"""

LOGS_AND_METRICS = """
import logging

from opentelemetry import metrics

import timeloom

with timeloom.observe(service_name="logging", instrument=[], logs=True, metrics=True) as observation:
    metrics.get_meter("test").create_counter("refunds", unit="1").add(3)
    with timeloom.observe.session("observe-2"):

        @timeloom.observe
        def refund():
            try:
                raise KeyError("A7")
            except KeyError:
                logging.getLogger("desk").exception("no order %s", "A7")

        refund()
        print(observation.flush())
logging.getLogger("desk").info("after the end")
"""

WITHOUT_CONTENT = """
import openai

import timeloom

with timeloom.observe(instrument=["openai"], content=False), timeloom.observe.session("observe-3"):
    client = openai.OpenAI()
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "secret"}])
"""


@pytest.fixture(scope="module")
def client(stack: RunningStack) -> Iterator[Timeloom]:
    """A client of a project of its own."""
    key = json.loads(stack.run("projects", "create", "observe", "--json"))["apiKey"]
    with Timeloom(api_key=key, grpc_address=stack.grpc_address) as client:
        yield client


def said(program: str, client: Timeloom, stack: RunningStack) -> list[str]:
    """What a program prints that sends to the client's project."""
    with fake_openai() as url:
        run = observed_programs.started(
            "program", program, stack=stack, openai_url=url, api_key=client.configuration.api_key
        )
        return run.said().splitlines()


def test_a_provider_that_is_there_gets_a_processor_as_long_as_somebody_observes(
    stack: RunningStack, client: Timeloom
) -> None:
    assert said(OWN_PROVIDER, client, stack) == [
        "True True",
        "4",
        (
            "The program has a TracerProvider already, whose service is called 'own': "
            "'other' would have to be given to its resource"
        ),
        "There is no instrumentation of 'nothing'",
    ]
    found = list(client.observability.events.list(EventFilter(service_names=["own"]), order_by="start_time"))
    assert [(each.output_preview, each.session_id, each.user_id) for each in found] == [
        ("4", "observe-1", ""),
        ("8", "", "ann"),
    ]
    assert {each.kind for each in found} == {EventKind.CHAIN}


def test_logs_and_metrics_are_sent_with_the_span_that_they_belong_to(
    stack: RunningStack, client: Timeloom
) -> None:
    assert said(LOGS_AND_METRICS, client, stack) == ["True"]
    (span,) = client.observability.events.list(
        EventFilter(session_id="observe-2", types=[EventType.SPAN], names=["refund"])
    )
    (log,) = client.observability.events.list(EventFilter(service_names=["logging"], types=[EventType.LOG]))
    assert (log.message, log.severity, log.error_type) == ("no order A7", Severity.ERROR, "KeyError")
    assert (log.trace_id, log.span_id, log.session_id) == (span.trace_id, span.span_id, "observe-2")


def test_messages_are_not_told_if_they_must_not_be(stack: RunningStack, client: Timeloom) -> None:
    assert said(WITHOUT_CONTENT, client, stack) == []
    (call,) = client.observability.events.list(EventFilter(session_id="observe-3"))
    whole = client.observability.events.get(call.id)
    assert (whole.input, whole.output, whole.input_preview) == (None, None, "")
    assert whole.usage is not None
    assert whole.usage.total_tokens == 1200


def test_events_are_followed_from_their_commit_on(client: Timeloom) -> None:
    def first() -> Event:
        with closing(cast("Generator[Event]", client.observability.events.tail(FOLLOWED))) as events:
            return next(events)

    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(first)
        deadline = time.monotonic() + LIMIT_SECONDS
        created: set[str] = set()
        # Nobody says when the tail has begun: it is one of these.
        while not found.done() and time.monotonic() < deadline:
            created.update(client.observability.events.create(NewEvent(name="followed")))
            wait([found], timeout=PAUSE_SECONDS)
        assert found.result(timeout=LIMIT_SECONDS).id in created
