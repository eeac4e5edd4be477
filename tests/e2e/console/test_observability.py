"""Dashboards, events, search, traces and alerts, with what a real program reports over OpenTelemetry."""

from __future__ import annotations

import json
import re
import time
from typing import Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import StatusCode, Tracer, set_span_in_context
from playwright.sync_api import Locator, Page, expect

from tests.e2e.running_stack import RunningStack
from tests.helpers.console import expect_accessible
from timeloom import Timeloom, configuration
from timeloom.alerts import AlertComparison, AlertRule
from timeloom.telemetry import EventKind, NewEvent
from timeloom.telemetry_figures import Metric

pytestmark = [pytest.mark.xdist_group("console"), pytest.mark.timeout(240)]

SECOND_NS: Final = 1_000_000_000
LIMIT_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.1
QUESTION: Final = "The parcel arrived broken and the shop does not answer."
ANSWER: Final = "I am sorry. A replacement is on its way."
RULE: Final = "Anything at all"


@pytest.fixture(scope="module", autouse=True)
def telemetry(project: RunningStack, client: Timeloom) -> None:
    """Three agents' work, one of which failed, and a rule that fires because of it."""
    client.alerts.create_rule(
        AlertRule(
            name=RULE,
            metric=Metric.COUNT,
            comparison=AlertComparison.ABOVE,
            threshold=0,
            window_seconds=600,
        )
    )
    found = configuration.resolve(
        api_key=project.api_key, environ={"TIMELOOM_DATA_DIR": str(project.data_dir)}
    )
    exporter = OTLPSpanExporter(
        endpoint=found.otlp_endpoint, headers={"authorization": f"Bearer {project.api_key}"}
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "desk"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    for ago in (30, 60, 90):
        _work(provider.get_tracer("test"), began_ns=time.time_ns() - ago * SECOND_NS, fails=ago == 30)
    provider.shutdown()


def _work(tracer: Tracer, *, began_ns: int, fails: bool) -> None:
    """An agent asks a model, which has it look something up."""
    common = {"gen_ai.conversation.id": "talk-1", "user.id": "ann", "gen_ai.agent.name": "support"}
    root = tracer.start_span(
        "support", start_time=began_ns, attributes={**common, "gen_ai.operation.name": "invoke_agent"}
    )
    within = set_span_in_context(root)
    call: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200,
        "gen_ai.input.messages": _message("user", QUESTION),
        "gen_ai.output.messages": _message("assistant", ANSWER),
    }
    chat = tracer.start_span("chat", within, start_time=began_ns, attributes={**common, **call})
    chat.end(began_ns + 2 * SECOND_NS)
    look = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find order"}
    if fails:
        look["error.type"] = "TimeoutError"
    tool = tracer.start_span(
        "find order", within, start_time=began_ns + 2 * SECOND_NS, attributes={**common, **look}
    )
    if fails:
        tool.set_status(StatusCode.ERROR, "the shop does not answer")
    tool.end(began_ns + 3 * SECOND_NS)
    root.end(began_ns + 4 * SECOND_NS)


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _rows(page: Page, table: str) -> Locator:
    return (
        page.get_by_role("grid", name=table)
        .get_by_role("row")
        .filter(has_not=page.get_by_role("columnheader"))
    )


def test_a_dashboard_leads_to_the_events_that_it_is_made_of(page: Page) -> None:
    page.goto("/observability?range=1h")
    expect(page.get_by_role("link", name="Traces 3")).to_be_visible()
    expect(page.get_by_role("link", name="Cost $0.00081")).to_be_visible()
    page.get_by_text("Tools", exact=True).last.click()
    expect(page.get_by_role("table", name="Tools with most events").get_by_text("33.3 %")).to_be_visible()
    page.get_by_role("switch", name="Time before").click()
    expect(page).to_have_url(re.compile("compare=true"))
    page.get_by_role("button", name="Duration: show as a table").click()
    expect(page.get_by_role("table", name="Duration").get_by_text("4 s").first).to_be_visible()
    page.get_by_role("button", name="find order", exact=True).click()
    expect(page).to_have_url(
        re.compile(r"/observability/events\?.*toolNames=.*find.order.*range=1h|range=1h.*toolNames")
    )
    expect(page.get_by_role("list", name="Filter").get_by_role("listitem")).to_have_text(["Toolfind order"])
    expect(_rows(page, "Events")).to_have_count(3)
    page.get_by_role("group", name="Status").get_by_role("checkbox", name="Error").check()
    expect(_rows(page, "Events")).to_have_count(1)
    expect_accessible(page)


def test_a_search_says_why_something_was_found(page: Page, client: Timeloom) -> None:
    _wait_until_searchable(client)
    page.goto("/observability/search")
    expect(page.get_by_role("heading", name="Find it by what was said")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("broken parcel")
    first = page.get_by_role("list", name="Results").get_by_role("listitem").first
    expect(first.locator("mark").first).to_have_text(re.compile("parcel|broken", re.IGNORECASE))
    expect(first).to_contain_text(re.compile(r"Score.*Words#\d+: .*broken.*Meaning"))
    first.get_by_role("button").click()
    details = page.get_by_role("complementary", name="Details of the event")
    expect(details.get_by_text(ANSWER)).to_be_visible()
    details.get_by_role("link", name="Open its trace").click()
    expect(page.get_by_role("tree", name="Spans").get_by_role("treeitem", selected=True)).to_have_count(1)


def _wait_until_searchable(client: Timeloom) -> None:
    """Words can be found within seconds of the commit."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not any(each.words for each in client.observability.events.search("broken parcel").matches):
        assert time.monotonic() < deadline, "nothing can be found yet"
        time.sleep(PAUSE_SECONDS)


def test_events_are_followed_and_held_back(page: Page, client: Timeloom) -> None:
    page.goto("/observability/events?names=%5B%22followed%22%5D")
    expect(page.get_by_role("heading", name="No event is like that")).to_be_visible()
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    client.observability.events.create(NewEvent(name="followed", kind=EventKind.TOOL, message="the first"))
    expect(_rows(page, "Events")).to_have_count(1)
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    client.observability.events.create(NewEvent(name="followed", message="the second"))
    page.get_by_role("button", name="1 waiting").click()
    expect(_rows(page, "Events")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    details = page.get_by_role("complementary", name="Details of the event")
    expect(details.get_by_text("the second")).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()


def test_a_trace_is_walked_through_by_keys(page: Page, client: Timeloom) -> None:
    trace = next(each for each in client.observability.traces.list() if each.error_count == 1)
    page.goto(f"/observability/traces/{trace.id}")
    tree = page.get_by_role("tree", name="Spans")
    expect(tree.get_by_role("treeitem")).to_have_count(3)
    tree.press("ArrowLeft")
    expect(tree.get_by_role("treeitem")).to_have_count(1)
    tree.press("ArrowRight")
    tree.press("e")
    tree.press("Enter")
    details = page.get_by_role("complementary", name="Details of the span")
    expect(details.get_by_role("heading", name="find order")).to_be_visible()
    expect(details.get_by_text("the shop does not answer")).to_be_visible()
    expect(page).to_have_url(re.compile("event="))
    tree.press("+")
    expect(page.get_by_role("button", name="The whole time (0)")).to_be_enabled()
    expect_accessible(page)
    details.get_by_role("tab", name="Scores").click()
    details.get_by_label("What is judged").fill("helpfulness")
    details.get_by_label("Value").fill("0.5")
    details.get_by_role("button", name="Add the score").click()
    expect(details.get_by_role("button", name="Take back the score helpfulness")).to_be_visible()
    page.get_by_role("searchbox", name="Search the spans").fill("chat")
    expect(page.get_by_text("1", exact=True)).to_be_visible()
    (score,) = client.scores.list(trace_id=trace.id)
    assert (score.name, score.value) == ("helpfulness", 0.5)


def test_a_rule_is_tried_on_the_past_and_its_alert_is_seen(page: Page, client: Timeloom) -> None:
    page.goto("/observability/alerts?tab=rules")
    expect(_rows(page, "Rules")).to_have_count(1)
    page.get_by_role("button", name="New rule").click()
    form = page.get_by_role("complementary", name="New rule")
    form.get_by_role("button", name="Create the rule").click()
    expect(form.get_by_text("must not be empty")).to_be_visible()
    form.get_by_label("Name").fill("Many failures")
    form.get_by_label("Threshold").fill("10")
    form.get_by_label("From events").fill("2")
    expect(form.get_by_text(re.compile(r"It would (not have fired|have fired \w+)"))).to_be_visible()
    form.get_by_role("button", name="Create the rule").click()
    expect(_rows(page, "Rules").filter(has_text="Share that failed is above 10 % over 1h")).to_have_count(1)
    (made,) = [each for each in client.alerts.rules() if each.name == "Many failures"]
    assert (made.threshold, made.event_count_min) == (0.1, 2)
    page.get_by_text("Alerts", exact=False).get_by_text("firing").click()
    alert = _rows(page, "Alerts").filter(has_text=RULE)
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert.get_by_role("button", name="Acknowledge")).to_be_hidden()
    alert.click()
    details = page.get_by_role("complementary", name="Details of the alert")
    expect(details.get_by_text("Events is above 0 over 10m")).to_be_visible()
    expect_accessible(page)
    assert all(each.acknowledge_time for each in client.alerts.list() if each.rule_name == RULE)
