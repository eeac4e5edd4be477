"""`timeloom events`, `traces`, `sessions`, `metrics`, `scores`, `alerts`, `prices` on the running stack."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, Final

import click
import pytest
from click.testing import CliRunner
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode, Tracer, set_span_in_context

from tests.e2e.running_stack import RunningStack
from timeloom import cli, configuration

pytestmark = pytest.mark.xdist_group("stack")

SECOND_NS: Final = 1_000_000_000
FINDABLE_LIMIT_SECONDS: Final = 30.0


class Command:
    """Runs `timeloom` in a project of its own."""

    def __init__(self, stack: RunningStack, api_key: str) -> None:
        self._arguments = ["--api-key", api_key, "--grpc-address", stack.grpc_address]

    def __call__(self, *arguments: str) -> list[str]:
        """What it says, without the spaces of tables."""
        done = CliRunner().invoke(
            cli.command_line, [*self._arguments, *arguments], catch_exceptions=False, standalone_mode=False
        )
        return [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip()]

    def documents(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self(*arguments, "--json")]

    def document(self, *arguments: str) -> Any:
        return json.loads("\n".join(self(*arguments, "--json")))


@pytest.fixture(scope="module")
def api_key(stack: RunningStack) -> str:
    """The admin key of a project in which an agent failed to look something up."""
    key = str(json.loads(stack.run("projects", "create", "telemetry", "--json"))["apiKey"])
    found = configuration.resolve(api_key=key, environ={"TIMELOOM_DATA_DIR": str(stack.data_dir)})
    exporter = OTLPSpanExporter(endpoint=found.otlp_endpoint, headers={"authorization": f"Bearer {key}"})
    provider = TracerProvider(resource=Resource.create({"service.name": "desk"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _work(provider.get_tracer("test"), began_ns=time.time_ns() - 60 * SECOND_NS)
    provider.shutdown()
    return key


def _work(tracer: Tracer, *, began_ns: int) -> None:
    common = {"gen_ai.conversation.id": "talk-1", "user.id": "ann"}
    root = tracer.start_span(
        "support",
        start_time=began_ns,
        attributes={**common, "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"},
    )
    within = set_span_in_context(root)
    call: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200,
        "output.value": "I look it up.",
    }
    chat = tracer.start_span("chat", within, start_time=began_ns, attributes={**common, **call})
    chat.end(began_ns + 2 * SECOND_NS)
    look = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "find order",
        "gen_ai.tool.call.arguments": '{"order": "A7"}',
        "error.type": "TimeoutError",
    }
    tool = tracer.start_span(
        "find order", within, start_time=began_ns + 2 * SECOND_NS, attributes={**common, **look}
    )
    tool.set_status(StatusCode.ERROR, "the shop does not answer")
    tool.end(began_ns + 3 * SECOND_NS)
    root.end(began_ns + 4 * SECOND_NS)


@pytest.fixture
def command(stack: RunningStack, api_key: str) -> Command:
    return Command(stack, api_key)


def test_events_are_listed_shown_and_counted(command: Command) -> None:
    found = command.documents("events", "list", "--status", "error", "--since", "1h")
    assert [(each["name"], each["errorType"]) for each in found] == [("find order", "TimeoutError")]
    (event,) = found
    whole = command.document("events", "get", event["id"])
    assert whole["input"] == {"order": "A7"}
    heading, *_ = command("events", "get", event["id"])
    assert heading == "find order ✗ error"
    table = command("events", "list", "--order", "duration desc", "--limit", "1")
    assert table[1].startswith("01") and " support " in table[1]  # noqa: PT018 - one line of the table
    assert table[2] == "The first 1; --limit 0 shows all."
    counted = command("events", "count", "--by", "kind")
    assert (counted[0], sorted(counted[2:])) == ("3 events", ["1 AGENT", "1 LLM", "1 TOOL"])
    assert command("events", "list", "--name", "nothing")[0].startswith("No events.")


def test_a_trace_is_listed_and_shown_as_a_tree(command: Command) -> None:
    (trace,) = command.documents("traces", "list", "--user", "ann")
    assert (trace["name"], trace["spanCount"], trace["usage"]["totalTokens"]) == ("support", 3, 1200)
    lines = command("traces", "show", "last")
    assert lines[0] == "support ✓ 4.0 s 3 spans 1.0k → 200 $0.00027 1 error"
    tree = [line.split("━")[0].strip() for line in lines[3:]]
    assert tree == [
        "agent support",
        "├ llm chat gpt-4o-mini",
        "└ tool find order TimeoutError: the shop does not answer",
    ]
    (session,) = command.documents("sessions", "list", "--user", "ann")
    assert (session["id"], session["traceCount"], session["errorCount"]) == ("talk-1", 1, 0)


def test_metrics_are_a_table_with_a_line_over_time(command: Command) -> None:
    header, *lines = command("metrics", "count", "duration-max", "cost", "--by", "kind", "--since", "1h")
    assert header == "kind events max cost events over time"
    shown = {line.split(" ")[0]: re.sub(r"[▁█ ]+$", "", line) for line in lines[:3]}
    assert shown == {"AGENT": "AGENT 1 4.0 s $0", "LLM": "LLM 1 2.0 s $0.00027", "TOOL": "TOOL 1 1.0 s $0"}
    whole = command.document("metrics", "error-rate", "--since", "1h")["whole"]
    assert whole["series"][0]["metrics"][0]["values"] == [{"value": pytest.approx(1 / 3)}]


def test_events_are_exported_oldest_first(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    command("events", "export", str(file), "--session", "talk-1")
    names = [json.loads(line)["name"] for line in file.read_text(encoding="utf-8").splitlines()]
    assert (set(names[:2]), names[2]) == ({"support", "chat"}, "find order")


def test_words_are_found_with_the_reason(command: Command) -> None:
    # They are made findable soon after the commit, by themselves.
    deadline = time.monotonic() + FINDABLE_LIMIT_SECONDS
    found = command.document("events", "search", "shop answer", "--mode", "words")
    while not found["matches"] and time.monotonic() < deadline:
        found = command.document("events", "search", "shop answer", "--mode", "words")
    assert [(each["event"]["name"], each["wordRank"]) for each in found["matches"]] == [("find order", 1)]


def test_scores_alerts_and_prices_are_looked_after(command: Command) -> None:
    score = command.document("scores", "add", "helpfulness", "0.5", "--session", "talk-1", "--label", "poor")
    assert command("scores", "list", "--session", "talk-1")[1].startswith(
        f"{score['id']} helpfulness 0.5 poor"
    )
    assert command("scores", "delete", score["id"]) == [f"The score {score['id']} is gone."]

    rule = ("Errors", "--metric", "error-rate", "--above", "0.9", "--window", "1h", "--each", "tool_name")
    made = command.document("alerts", "add", *rule, "--event", "shop.down")
    assert (made["metric"], made["windowSeconds"], made["enabled"]) == ("ERROR_RATE", 3600, True)
    (line,) = command("alerts", "rules")[1:]
    assert "error-rate > 0.9 in 1 h tool_name event shop.down" in line
    assert command("alerts", "delete", made["id"]) == [f"The rule {made['id']} is gone."]

    price = command.document("prices", "add", "house-model", "--input", "0.2", "--output", "0.8")
    assert command("prices", "list", "house-model")[1].endswith(f"$0.2 $0.8 {price['id']}")
    command("prices", "delete", price["id"])
    assert command("prices", "list", "house-model") == ["No prices."]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("alerts", "add", "x", "--metric", "cost"), "Give one of --above"),
        (("alerts", "add", "x", "--metric", "cost", "--above", "1", "--since", "1h"), "do not belong"),
        (("scores", "add", "x"), "Give a value, or a --label"),
        (("metrics", "--since", "2020-01-02", "--until", "2020-01-01"), "--since must be before"),
        (("events", "list", "--kind", "robot"), "'robot' is none of agent"),
    ],
)
def test_misuse_is_refused_with_the_reason(command: Command, arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(click.UsageError, match=re.escape(reason)):
        command(*arguments)
