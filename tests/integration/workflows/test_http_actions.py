"""Steps that make HTTP requests, call webhooks and ask language models: against real servers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.integration.workflows.http_server import Answer, HttpServer, Request, http_server
from timeloom_platform.outgoing.signing import signature
from timeloom_workflows.actions.call import ActionError, Call
from timeloom_workflows.actions.http import HttpRunner
from timeloom_workflows.actions.http_client import HttpClient, private_hosts
from timeloom_workflows.actions.llm import LlmRunner, LlmSettings
from timeloom_workflows.actions.running import Actions
from timeloom_workflows.actions.secrets import PREFIX, Secrets
from timeloom_workflows.actions.webhooks import WebhookRunner

EXECUTION = UUID(int=7)
TOKEN = '${ secret("TOKEN") }'


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server(lambda _: Answer.of({"ok": True})) as running:
        yield running


@pytest_asyncio.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(private_hosts("localhost"))
    yield client
    await client.close()


@pytest.fixture
def actions(client: HttpClient, server: HttpServer) -> Actions:
    defaults = LlmSettings(llm_model="small", llm_base_url=f"{server.url}/v1", llm_api_key="the own key")
    return Actions(
        {
            "http": HttpRunner(client),
            "webhook": WebhookRunner(client, clock=lambda: 1_700_000_000.5),
            "llm": LlmRunner(defaults=defaults, client=client, own_client=client),
        },
        secrets=Secrets({PREFIX + "TOKEN": "top-secret"}),
    )


def call(action: Mapping[str, Any], *, timeout_seconds: float = 10.0) -> Call:
    return Call(
        project_id=UUID(int=1),
        execution_id=EXECUTION,
        step_id="fetch",
        attempt=2,
        action=action,
        timeout_seconds=timeout_seconds,
    )


async def done(actions: Actions, action: Mapping[str, Any], **fields: Any) -> Any:
    return json.loads(await actions.run(call(action, **fields), template=action))


async def failed(actions: Actions, action: Mapping[str, Any], **fields: Any) -> ActionError:
    with pytest.raises(ActionError) as raised:
        await actions.run(call(action, **fields), template=action)
    return raised.value


async def test_a_request_is_made_as_it_is_described(actions: Actions, server: HttpServer) -> None:
    action = {
        "type": "http",
        "method": "POST",
        "url": f"{server.url}/orders?page=1",
        "query": {"tag": ["a b", "c"], "none": None, "n": 2, "flag": True},
        "headers": {"X-Trace": "7", "Authorization": f"Bearer {TOKEN}"},
        "json": {"name": "Ä"},
    }
    output = await done(actions, action)
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/orders?page=1&tag=a+b&tag=c&n=2&flag=true")
    assert request.json() == {"name": "Ä"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-trace"] == "7"
    assert request.headers["authorization"] == "Bearer top-secret"
    assert request.headers["idempotency-key"] == f"{EXECUTION}/fetch"
    assert (output["status"], output["body"]) == (200, {"ok": True})
    assert output["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer.of([1.0, 12345678901234567890]), {"body": [1.0, 12345678901234567890]}),
        (Answer(body=b"plain"), {"body": "plain"}),
        (Answer(body=b"{no json", headers={"content-type": "application/json"}), {"body": "{no json"}),
        (Answer(body=b"\xff\x00"), {"bodyBase64": "/wA="}),
        (Answer(), {"body": None}),
    ],
)
async def test_an_answer_is_what_it_is(
    actions: Actions, server: HttpServer, answer: Answer, expected: dict[str, Any]
) -> None:
    server.handler = lambda _: answer
    output = await done(actions, {"type": "http", "url": server.url})
    assert {name: output[name] for name in expected} == expected


@pytest.mark.parametrize("status", [302, 400, 404, 409, 429, 500])
async def test_an_unexpected_status_is_an_error(actions: Actions, server: HttpServer, status: int) -> None:
    server.handler = lambda _: Answer(status=status, body=b"why", headers={"retry-after": "12"})
    error = await failed(actions, {"type": "http", "url": f"{server.url}/a?key=x"})
    assert error.type == "HttpError"
    assert error.message == f"GET {server.url}/a was answered with status {status}: why"
    assert error.is_final is (status in {302, 400, 404})
    assert error.retry_after_seconds == 12.0


async def test_a_step_may_expect_others(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: Answer(status=404)
    output = await done(actions, {"type": "http", "url": server.url, "expect": ["2xx", 404]})
    assert output["status"] == 404


async def test_what_takes_too_long_is_given_up(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: Answer(is_silent=True)
    error = await failed(actions, {"type": "http", "url": server.url}, timeout_seconds=0.05)
    assert (error.type, error.is_final) == ("TimeoutError", False)


async def test_what_is_too_large_is_given_up(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: Answer(body=b"x" * 1001)
    error = await failed(actions, {"type": "http", "url": server.url, "answerBytesMax": 1000})
    assert (error.type, error.is_final) == ("AnswerTooLargeError", True)


async def test_connections_are_kept(actions: Actions, server: HttpServer) -> None:
    for _ in range(3):
        await done(actions, {"type": "http", "url": server.url})
    assert (len(server.requests), server.connections) == (3, 1)


async def test_nobody_is_there(actions: Actions) -> None:
    error = await failed(actions, {"type": "http", "url": "http://localhost:1/"})
    assert (error.type, error.is_final) == ("ConnectionError", False)


async def test_a_private_address_is_never_connected_to(server: HttpServer) -> None:
    client = HttpClient(private_hosts(""))
    runner = Actions({"http": HttpRunner(client)}, secrets=Secrets({}))
    for url in (server.url, server.url.replace("localhost", "127.0.0.1"), "http://169.254.169.254/latest"):
        error = await failed(runner, {"type": "http", "url": url})
        assert (error.type, error.is_final) == ("PrivateAddressError", True)
    await client.close()
    assert server.connections == 0


async def test_a_redirect_is_not_followed(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: Answer(status=302, headers={"location": "http://169.254.169.254/"})
    output = await done(actions, {"type": "http", "url": server.url, "expect": ["3xx"]})
    assert output["headers"]["location"] == "http://169.254.169.254/"
    assert len(server.requests) == 1


async def test_a_server_that_repeats_a_secret_does_not_get_it_told(
    actions: Actions, server: HttpServer
) -> None:
    def echo(request: Request) -> Answer:
        status = 200 if request.target == "/fine" else 401
        return Answer.of({"said": request.headers["authorization"]}, status=status)

    server.handler = echo
    action = {"type": "http", "url": f"{server.url}/fine", "headers": {"Authorization": TOKEN}}
    assert (await done(actions, action))["body"] == {"said": "***"}
    error = await failed(actions, {**action, "url": f"{server.url}/not"})
    assert "top-secret" not in error.message
    assert "***" in error.message


@pytest.mark.parametrize(
    "action",
    [
        {"url": "ftp://localhost/"},
        {"url": "/relative"},
        {"url": "http://"},
        {"url": "http://user:word@localhost/"},
        {"url": 7},
        {"method": "CONNECT"},
        {"headers": {"Host": "other"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"a b": "c"}},
        {"headers": {"a": "b\r\nc: d"}},
        {"headers": ["a"]},
        {"query": {"a": {"b": 1}}},
        {"json": {}, "body": "x"},
        {"expect": ["ok"]},
        {"expect": [99]},
        {"answerBytesMax": 0},
        {"headers": {"Authorization": '${ secret("NONE") }'}},
    ],
)
async def test_what_cannot_be_asked_is_refused_for_good(
    actions: Actions, server: HttpServer, action: dict[str, Any]
) -> None:
    error = await failed(actions, {"type": "http", "url": server.url, **action})
    assert (error.type, error.is_final) == ("InvalidActionError", True)
    assert server.requests == []


async def test_a_webhook_is_signed(actions: Actions, server: HttpServer) -> None:
    action = {"type": "webhook", "url": f"{server.url}/hook", "secret": TOKEN, "json": {"a": 1}}
    assert (await done(actions, action))["status"] == 200
    (request,) = server.requests
    assert request.headers["timeloom-signature"] == signature("top-secret", request.body, at=1_700_000_000)
    assert request.headers["timeloom-delivery"] == f"{EXECUTION}/fetch"


def completion(content: str | None, **message: Any) -> Answer:
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    return Answer.of({"model": "small-2026", "choices": [choice], "usage": usage})


async def test_a_language_model_is_asked_as_openai_is(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: completion("Hello.")
    action = {"type": "llm", "system": "Be short.", "prompt": "Greet.", "temperature": 0, "maxTokens": 9}
    output = await done(actions, action)
    (request,) = server.requests
    assert request.target == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer the own key"
    assert request.json() == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Greet."}],
        "temperature": 0,
        "max_tokens": 9,
    }
    assert output == {
        "text": "Hello.",
        "message": {"role": "assistant", "content": "Hello."},
        "model": "small-2026",
        "finishReason": "stop",
        "usage": {"promptTokens": 7, "completionTokens": 5, "totalTokens": 12},
    }


async def test_another_endpoint_never_gets_the_own_key(actions: Actions, server: HttpServer) -> None:
    server.handler = lambda _: completion("Hello.")
    action = {"type": "llm", "prompt": "Greet.", "baseUrl": f"{server.url}/other", "model": "large"}
    await done(actions, action)
    await done(actions, {**action, "apiKey": TOKEN})
    assert [each.headers.get("authorization") for each in server.requests] == [None, "Bearer top-secret"]
    assert server.requests[0].target == "/other/chat/completions"


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```'])
async def test_a_model_may_answer_in_json(actions: Actions, server: HttpServer, text: str) -> None:
    server.handler = lambda _: completion(text)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert (await done(actions, {"type": "llm", "prompt": "p", "schema": schema}))["json"] == {"a": 1}
    assert server.requests[0].json()["response_format"]["json_schema"]["schema"] == schema


async def test_a_model_may_call_tools(actions: Actions, server: HttpServer) -> None:
    tool_calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    server.handler = lambda _: completion(None, tool_calls=tool_calls)
    output = await done(actions, {"type": "llm", "messages": [{"role": "user", "content": "p"}]})
    assert (output["text"], output["message"]["tool_calls"]) == ("", tool_calls)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=429, headers={"retry-after": "3"}), ("HttpError", False)),
        (Answer(status=401), ("HttpError", True)),
        (Answer(body=b"<html>"), ("LanguageModelError", False)),
        (Answer.of({"choices": []}), ("LanguageModelError", False)),
        (completion("no json"), ("LanguageModelError", False)),
    ],
)
async def test_a_model_may_fail(
    actions: Actions, server: HttpServer, answer: Answer, expected: tuple[str, bool]
) -> None:
    server.handler = lambda _: answer
    error = await failed(actions, {"type": "llm", "prompt": "p", "json": True})
    assert (error.type, error.is_final) == expected


async def test_without_an_endpoint_there_is_no_model(client: HttpClient) -> None:
    runner = LlmRunner(defaults=LlmSettings(), client=client, own_client=client)
    error = await failed(Actions({"llm": runner}, secrets=Secrets({})), {"type": "llm", "prompt": "p"})
    assert (error.type, error.is_final) == ("NoLanguageModelError", True)
