"""The documented errors: which problems a route can answer, by status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from timeloom_gateway.problems import PROBLEM_JSON, Reason, Reasons
from timeloom_gateway.transcoding.forms import Form
from timeloom_gateway.transcoding.rest import Route

PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {
            "type": "string",
            "description": "Identifies the kind of problem; a link to its description.",
        },
        "title": {"type": "string", "description": "The kind of problem, in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What went wrong this time."},
        "code": {"type": "string", "description": "The reason, for programs."},
        "violations": {
            "type": "array",
            "description": "The fields that are wrong.",
            "items": {
                "type": "object",
                "required": ["field", "description"],
                "properties": {
                    "field": {"type": "string", "examples": ["snapshots[2].stepName"]},
                    "description": {"type": "string", "examples": ["must be a string"]},
                },
            },
        },
        "metadata": {
            "type": "object",
            "description": "Facts for programs, such as the head that a stale parent should have been.",
            "additionalProperties": {"type": "string"},
        },
        "requestId": {"type": "string", "description": "Names this request in the logs."},
    },
}

_NEVER: Final = frozenset({"UNIMPLEMENTED", "METHOD_NOT_ALLOWED"})
"""The reasons of requests that match no documented route."""

_CONFLICTS: Final = frozenset(
    {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""The statuses that only a change can be answered with, unless a reason says otherwise."""

_ONLY_WITH: Final[Mapping[str, str]] = {
    "MALFORMED_JSON": "body",
    "TOO_LARGE": "body",
    "UNSUPPORTED_MEDIA_TYPE": "body",
    "ETAG_MISMATCH": "etag",
    "CSRF_REJECTED": "change",
    "IDEMPOTENCY_KEY_REUSED": "key",
    "IDEMPOTENCY_KEY_IN_USE": "key",
    "INVALID_PAGE_TOKEN": "page",
    "POSITION_DROPPED": "stream",
    "INVALID_EXPRESSION": "body",
    "NOT_ACCEPTABLE": "answer",
    "UPGRADE_REQUIRED": "socket",
    "BODY_TIMEOUT": "upload",
}
"""What a route must have for a reason to arise; other reasons, also of services to come, may always."""


def statuses_of(route: Route, reasons: Reasons, *, takes_key: bool) -> list[int]:
    """The statuses of the problems that a route may answer."""
    has = {
        "body": bool(route.binding.body),
        "etag": route.request.takes_etag,
        "change": route.method.has_side_effects,
        "key": takes_key,
        "page": "page_token" in route.method.request.fields_by_name,
        "stream": route.form is Form.EVENTS,
        "socket": route.form is Form.SOCKET,
        "answer": route.form is not Form.SOCKET,
        "upload": route.form is Form.UPLOAD,
    }
    found = {
        reason.http_status
        for reason in reasons
        if reason.name not in _NEVER and has.get(_needed_for(reason), True)
    }
    return sorted(found)


def _needed_for(reason: Reason) -> str:
    return _ONLY_WITH.get(reason.name, "change" if reason.http_status in _CONFLICTS else "")


def references(*statuses: int) -> dict[str, Any]:
    """Refers to the responses of these statuses."""
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}


def components(reasons: Reasons) -> dict[str, Any]:
    """The responses that the routes refer to: one for each status, which explains its codes."""
    by_status: dict[int, list[Reason]] = {}
    for reason in reasons:
        by_status.setdefault(reason.http_status, []).append(reason)
    return {_name(status): _response(status, found) for status, found in sorted(by_status.items())}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _response(status: int, reasons: list[Reason]) -> dict[str, Any]:
    lines = "\n".join(f"- `{reason.name}`: {reason.title}" for reason in reasons)
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}\n\n{lines}",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-status": status,
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = {"type": "integer", "minimum": 0}
        description = "When to try again, in seconds."
        response["headers"] = {"Retry-After": {"description": description, "schema": seconds}}
    return response
