"""Actions that make an HTTP request.

`{"type": "http", "url", "method", "headers", "query", "json" | "body", "expect", "answerBytesMax"}` comes to
`{"status", "headers", "body"}`: the body as JSON if that is what it is, as text if it is text, else in base64
under `bodyBase64`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from timeloom_platform.outgoing.http_client import HttpAnswer
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import ActionError, Call, InvalidActionError
from timeloom_workflows.actions.http_client import HttpClient, parsed_url
from timeloom_workflows.limits import DOCUMENT_BYTES_MAX

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ANSWER_BYTES_MAX: Final = 1024 * 1024
"""Unless the action says otherwise."""

EXCERPT_LENGTH: Final = 300
"""Of an answer that was not expected, the error quotes so much."""

IDEMPOTENCY_HEADER: Final = "idempotency-key"
_TRIED_AGAIN: Final = frozenset({408, 409, 421, 423, 425, 429})
_SERVER_ERROR: Final = 500


class HttpRunner:
    """Makes requests."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def run(self, call: Call) -> bytes:
        """Makes one."""
        action = call.action
        method = fields.text(action, "method", "GET").upper()
        if method not in METHODS:
            raise InvalidActionError(f"`method` must be one of {', '.join(sorted(METHODS))}")
        url = parsed_url(fields.text(action, "url"), fields.query(action))
        content, headers = content_of(action)
        headers = with_defaults(headers, {IDEMPOTENCY_HEADER: call.idempotency_key})
        expected = Expected(action)
        answer = await self._client.request(
            method,
            url,
            headers=headers,
            content=content,
            timeout_seconds=call.timeout_seconds,
            answer_bytes_max=_answer_bytes_max(action),
        )
        expected.check(answer, f"{method} {url.scheme}://{url.netloc.decode('ascii')}{url.path}")
        return document_of(answer)


class Expected:
    """Which statuses an action counts as success: those from 200 to 299 unless it says."""

    def __init__(self, action: Mapping[str, Any]) -> None:
        """Read `expect`: a list of statuses, and of classes such as `"2xx"`.

        Raises:
            InvalidActionError: It is something else.
        """
        given = action.get("expect", ["2xx"])
        entries = cast("list[object]", given) if isinstance(given, list) else [given]
        self._ranges = [_statuses(each) for each in entries]

    def check(self, answer: HttpAnswer, asked: str) -> None:
        """Do nothing if the answer has such a status.

        Raises:
            ActionError: It has not. It is final where asking again cannot help.
        """
        if any(answer.status in each for each in self._ranges):
            return
        is_final = answer.status < _SERVER_ERROR and answer.status not in _TRIED_AGAIN
        excerpt = answer.content[: EXCERPT_LENGTH * 4].decode("utf-8", "replace")[:EXCERPT_LENGTH].strip()
        raise ActionError(
            "HttpError",
            f"{asked} was answered with status {answer.status}" + (f": {excerpt}" if excerpt else ""),
            is_final=is_final,
            retry_after_seconds=answer.retry_after_seconds,
        )


def content_of(action: Mapping[str, Any]) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the body of a request and its headers: `json` is encoded, `body` is sent as it is.

    Raises:
        InvalidActionError: Both are given, or the body is not a text.
    """
    headers = fields.headers(action)
    if action.get("json") is not None and action.get("body") is not None:
        raise InvalidActionError("Give `json` or `body`, not both")
    if action.get("json") is not None:
        return msgspec.json.encode(action["json"]), with_defaults(
            headers, {"content-type": "application/json"}
        )
    if action.get("body") is not None:
        content = fields.text(action, "body", "").encode()
        return content, with_defaults(headers, {"content-type": "text/plain; charset=utf-8"})
    return b"", headers


def with_defaults(headers: list[tuple[str, str]], defaults: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return headers with others that were not given."""
    given = {name for name, _ in headers}
    return headers + [(name, value) for name, value in defaults.items() if name not in given]


def document_of(answer: HttpAnswer) -> bytes:
    """Return an answer as a JSON document."""
    output: dict[str, Any] = {"status": answer.status, "headers": answer.headers}
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.content:
        output["body"] = None
    elif (media_type == "application/json" or media_type.endswith("+json")) and _is_json(answer.content):
        output["body"] = msgspec.Raw(answer.content)
    else:
        try:
            output["body"] = answer.content.decode()
        except UnicodeDecodeError:
            output["bodyBase64"] = base64.b64encode(answer.content).decode("ascii")
    return msgspec.json.encode(output)


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _statuses(entry: object) -> range:
    if isinstance(entry, int) and not isinstance(entry, bool) and 100 <= entry <= 599:
        return range(entry, entry + 1)
    if isinstance(entry, str) and len(entry) == 3 and entry[0] in "12345" and entry[1:] == "xx":
        return range(int(entry[0]) * 100, int(entry[0]) * 100 + 100)
    raise InvalidActionError('`expect` must be a list of statuses such as 200 and classes such as "2xx"')


def _answer_bytes_max(action: Mapping[str, Any]) -> int:
    value = action.get("answerBytesMax", ANSWER_BYTES_MAX)
    if not isinstance(value, int) or not 0 < value <= DOCUMENT_BYTES_MAX:
        raise InvalidActionError(f"`answerBytesMax` must be a number from 1 to {DOCUMENT_BYTES_MAX:,}")
    return value
