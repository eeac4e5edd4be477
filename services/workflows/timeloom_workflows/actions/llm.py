"""Actions that ask a language model: any service with OpenAI's endpoint `POST <base URL>/chat/completions`.

`{"type": "llm", "prompt" | "messages", "system", "model", "temperature", "maxTokens", "topP", "stop", "seed",
"tools", "toolChoice", "schema" | "json", "baseUrl", "apiKey", "extra"}` comes to `{"text", "message", "json",
"model", "finishReason", "usage": {"promptTokens", "completionTokens", "totalTokens"}}`. What the step leaves
out comes from the settings; a step with a `baseUrl` of its own is never given their key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from timeloom_platform import settings
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import ActionError, Call, InvalidActionError
from timeloom_workflows.actions.http import IDEMPOTENCY_HEADER, Expected
from timeloom_workflows.actions.http_client import HttpClient, parsed_url
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX

_PASSED_ON: Final = {
    "temperature": "temperature",
    "maxTokens": "max_tokens",
    "topP": "top_p",
    "stop": "stop",
    "seed": "seed",
    "tools": "tools",
    "toolChoice": "tool_choice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    """The language model of steps that name no other.

    Attributes:
        llm_model: Its name at the endpoint; steps must name theirs if empty.
        llm_base_url: Where it is; there is none if empty.
        llm_api_key: What opens it; none is sent if empty.
    """

    llm_model: str = ""
    llm_base_url: str = ""
    llm_api_key: str = settings.secret(default="")

    def __post_init__(self) -> None:
        if self.llm_base_url and urlsplit(self.llm_base_url).scheme not in {"http", "https"}:
            raise ValueError("TIMELOOM_LLM_BASE_URL must begin with http:// or https://")


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class _Choice(msgspec.Struct):
    message: dict[str, Any]
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    model: str = ""
    usage: _Usage | None = None


class LlmRunner:
    """Asks language models."""

    def __init__(self, *, defaults: LlmSettings, client: HttpClient, own_client: HttpClient) -> None:
        """Take what steps need not name.

        Args:
            defaults: The model of the settings.
            client: For endpoints that steps name.
            own_client: For the one of the settings, which may be anywhere.
        """
        self._defaults = defaults
        self._client = client
        self._own_client = own_client

    async def run(self, call: Call) -> bytes:
        """Asks one."""
        action = call.action
        client, base_url, api_key = self._endpoint(action)
        headers = [
            *fields.headers(action),
            ("content-type", "application/json"),
            (IDEMPOTENCY_HEADER, call.idempotency_key),
        ]
        if api_key:
            headers.append(("authorization", f"Bearer {api_key}"))
        answer = await client.request(
            "POST",
            parsed_url(base_url.rstrip("/") + "/chat/completions"),
            headers=headers,
            content=msgspec.json.encode(self._question(action)),
            timeout_seconds=call.timeout_seconds,
            answer_bytes_max=DOCUMENT_BYTES_MAX,
        )
        Expected({}).check(answer, "The language model's endpoint")
        return _output(answer.content, wants_json=_wants_json(action))

    def _endpoint(self, action: Mapping[str, Any]) -> tuple[HttpClient, str, str]:
        if base_url := fields.text(action, "baseUrl", ""):
            return self._client, base_url, fields.text(action, "apiKey", "")
        if not self._defaults.llm_base_url:
            raise ActionError(
                "NoLanguageModelError",
                "There is no language model: give `baseUrl`, or set TIMELOOM_LLM_BASE_URL for the service",
                is_final=True,
            )
        own_key = fields.text(action, "apiKey", "") or self._defaults.llm_api_key
        return self._own_client, self._defaults.llm_base_url, own_key

    def _question(self, action: Mapping[str, Any]) -> dict[str, Any]:
        model = fields.text(action, "model", "") or self._defaults.llm_model
        if not model:
            raise InvalidActionError("Give `model`, or set TIMELOOM_LLM_MODEL where the service runs")
        question: dict[str, Any] = {"model": model, "messages": _messages(action)}
        question |= {
            theirs: action[ours] for ours, theirs in _PASSED_ON.items() if action.get(ours) is not None
        }
        if (schema := action.get("schema")) is not None:
            question["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema, "strict": True},
            }
        elif _wants_json(action):
            question["response_format"] = {"type": "json_object"}
        return {**fields.mapping(action, "extra"), **question}


def _messages(action: Mapping[str, Any]) -> list[Any]:
    messages = action.get("messages")
    if (messages is None) == (action.get("prompt") is None):
        raise InvalidActionError("Give either `prompt` or `messages`")
    if messages is None:
        messages = [{"role": "user", "content": fields.text(action, "prompt")}]
    given = fields.elements(messages)
    if not given:
        raise InvalidActionError("`messages` must be a list that is not empty")
    system = fields.text(action, "system", "")
    return [{"role": "system", "content": system}, *given] if system else list(given)


def _wants_json(action: Mapping[str, Any]) -> bool:
    return action.get("schema") is not None or fields.flag(action, "json", default=False)


def _output(content: bytes, *, wants_json: bool) -> bytes:
    try:
        answer = msgspec.json.decode(content, type=_Answer)
    except msgspec.DecodeError:
        raise ActionError("LanguageModelError", "The language model answered in an unknown form") from None
    if not answer.choices:
        raise ActionError("LanguageModelError", "The language model answered nothing")
    choice = answer.choices[0]
    said = choice.message.get("content")
    text = said if isinstance(said, str) else ""
    usage = answer.usage or _Usage()
    output: dict[str, Any] = {
        "text": text,
        "message": choice.message,
        "model": answer.model,
        "finishReason": choice.finish_reason or "",
        "usage": {
            "promptTokens": usage.prompt_tokens,
            "completionTokens": usage.completion_tokens,
            "totalTokens": usage.total_tokens or usage.prompt_tokens + usage.completion_tokens,
        },
    }
    if wants_json:
        output["json"] = _json_of(text)
    return msgspec.json.encode(output)


def _json_of(text: str) -> Any:
    """Return the JSON that a model wrote; many put it into a fence all the same."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```"):
        bare = bare.removesuffix("```").partition("\n")[2]
    try:
        return msgspec.json.decode(bare)
    except msgspec.DecodeError:
        # Another try may bring another answer.
        raise ActionError("LanguageModelError", "The language model answered with what is not JSON") from None
