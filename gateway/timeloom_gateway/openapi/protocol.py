"""What HTTP adds to the contracts: headers, credentials, and the few routes that serve no rpc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from timeloom_gateway.openapi import forms
from timeloom_gateway.openapi.problems import references

SECURITY_SCHEMES: Final = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A project's API key, `tl_…`. Its scope is read, write or admin.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "timeloom_session",
        "description": "The console's session, with `X-CSRF-Token` on every request that changes something.",
    },
}

SOCKET_SECURITY: Final[list[dict[str, list[str]]]] = [{"apiKey": []}, {"session": []}, {}]
"""A WebSocket's handshake may come without credentials; then its first message brings them."""

TAGS: Final = (
    {"name": "Live", "description": "What is committed, as it happens."},
    {"name": "Session", "description": "The console's session."},
    {"name": "Health", "description": "Whether Timeloom works."},
)

REQUEST_TIMEOUT: Final[Mapping[str, Any]] = {
    "name": "Request-Timeout",
    "in": "header",
    "description": "How long the answer may take, in seconds.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": 600},
}
IDEMPOTENCY_KEY: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "A repeated request with the same key takes effect once: for 24 hours it gets the recorded answer."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
IF_MATCH: Final[Mapping[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "description": "The etag that was read; the change is refused if the resource has another by now.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}
IF_NONE_MATCH: Final[Mapping[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The etag that is known; the answer is 304 if the resource still has it.",
    "schema": {"type": "string"},
}
LAST_EVENT_ID: Final[Mapping[str, Any]] = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that arrived; the stream goes on after it.",
}

RESPONSE_HEADERS: Final = {
    "X-Request-Id": {
        "description": "Names this request in the logs; the request's own, if it has one.",
        "schema": {"type": "string"},
    },
}
ETAG_HEADER: Final = {"description": "The resource's etag.", "schema": {"type": "string"}}
REPLAYED_HEADER: Final = {
    "description": "Present when the answer is the recorded one of an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
DISPOSITION_HEADER: Final = {
    "description": "The name under which to keep the file.",
    "schema": {"type": "string"},
}

SWITCHING: Final = {"101": {"description": "The connection is a WebSocket from now on."}}

_EVENT: Final = {"$ref": "#/components/schemas/Event"}
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_POSITION: Final = {"type": "string", "pattern": r"^\d{1,19}$"}


def sse(data: Any) -> dict[str, Any]:
    """The schema of a server-sent event whose data is such a document, or the last problem."""
    content = {"anyOf": [data, _PROBLEM]}
    document = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    properties = {"event": {"type": "string"}, "data": document, "id": {"type": "string"}}
    return {"type": "object", "required": ["event", "data"], "properties": properties}


def line(data: Any) -> dict[str, Any]:
    """The schema of a line of a stream that is such a document, or tells the last problem."""
    error = {"type": "object", "required": ["error"], "properties": {"error": _PROBLEM}}
    return {"anyOf": [data, error]}


def paths() -> dict[str, Any]:
    """The path items of the protocol routes."""
    return {
        "/api/stream": {"get": _stream()},
        "/api/ws": {"get": _socket()},
        "/auth/session": {"get": _session(), "post": _begin_session(), "delete": _end_session()},
        "/healthz": {"get": _health("checkHealth", "Answers as long as the gateway runs")},
        "/readyz": {"get": _ready()},
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _stream() -> dict[str, Any]:
    return {
        "operationId": "streamEvents",
        "tags": ["Live"],
        "summary": "Follows topics as server-sent events",
        "description": (
            "Sends every event of the topics as it is committed: `event` is its kind, `id` its position. "
            "The WebSocket at `/api/ws` offers the same, with subscriptions that change."
        ),
        "parameters": [
            {
                "name": "topic",
                "in": "query",
                "required": True,
                "description": "A topic such as `executions` or `executions/{id}`; may be repeated.",
                "schema": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 100,
                    "items": {"type": "string", "minLength": 1, "maxLength": 512},
                },
            },
            {
                "name": "position",
                "in": "query",
                "description": "The `id` of the last event that arrived; from now on if absent.",
                "schema": _POSITION,
            },
            {**LAST_EVENT_ID, "description": "As `position`, which it overrides.", "schema": _POSITION},
        ],
        "responses": {
            "200": {"description": "The events", "content": {"text/event-stream": {"schema": sse(_EVENT)}}},
            **references(400, 401, 403, 406, 410, 429, 500, 503),
        },
        "x-scope": "read",
    }


def _socket() -> dict[str, Any]:
    return {
        "operationId": "openSocket",
        "tags": ["Live"],
        "summary": "Follows topics over a WebSocket",
        "description": forms.LIVE_SOCKET,
        "responses": {**SWITCHING, **references(400, 401, 403, 426, 429, 500, 503)},
        "security": SOCKET_SECURITY,
        "x-scope": "read",
        "x-websocket": {},
    }


def _session() -> dict[str, Any]:
    return {
        "operationId": "getConsoleSession",
        "tags": ["Session"],
        "summary": "Tells whose session the cookie is, and its anti-forgery token",
        "responses": {
            "200": {"description": "The session", "content": _json(_SESSION_SCHEMA)},
            **references(401, 429, 500, 503),
        },
        "security": [{"session": []}],
    }


def _begin_session() -> dict[str, Any]:
    return {
        "operationId": "beginConsoleSession",
        "tags": ["Session"],
        "summary": "Begins a session with an API key, which the browser need not keep",
        "description": "The cookies are set with the answer. The session ends when its key does.",
        "responses": {
            "201": {"description": "The session", "content": _json(_SESSION_SCHEMA)},
            **references(401, 403, 429, 500, 503),
        },
        "security": [{"apiKey": []}],
    }


def _end_session() -> dict[str, Any]:
    return {
        "operationId": "endConsoleSession",
        "tags": ["Session"],
        "summary": "Ends the session",
        "responses": {
            "204": {"description": "The session has ended"},
            **references(401, 403, 429, 500, 503),
        },
        "security": [{"session": []}],
    }


_SESSION_SCHEMA: Final = {
    "type": "object",
    "required": ["projectId", "scope", "csrfToken", "expireTime"],
    "properties": {
        "projectId": {"type": "string", "format": "uuid"},
        "scope": {"type": "string", "enum": ["READ", "WRITE", "ADMIN"]},
        "csrfToken": {"type": "string", "description": "For the header `X-CSRF-Token`."},
        "expireTime": {"type": "string", "format": "date-time"},
    },
}

_STATUS_SCHEMA: Final = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string"},
        "missing": {
            "type": "object",
            "description": "What does not answer, and why.",
            "additionalProperties": {"type": "string"},
        },
    },
}


def _health(operation: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "tags": ["Health"],
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": "Well", "content": _json(_STATUS_SCHEMA)}},
    }


def _ready() -> dict[str, Any]:
    operation = _health("checkReadiness", "Tells whether everything that the gateway needs answers")
    missing = _json(_STATUS_SCHEMA)
    operation["responses"]["503"] = {"description": "Something is missing", "content": missing}
    return operation
