"""HTTP requests and responses as JSON."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from timeloom.replay import tape
from timeloom.replay.http import redaction
from timeloom.resources import EffectKind
from timeloom.state import canonical
from timeloom.state._kinds import kind_of

_BOUNDARY: Final = re.compile(rb'boundary="?([^";]+)"?')

# They describe how the body travelled, and not what it is.
_TRANSPORT_HEADERS: Final = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}
)


def question(
    *, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes | None
) -> tape.Question:
    """Return what a request asks. Its headers are kept for people; method, address and body must be equal."""
    pairs = list(headers)
    content_type = next((value for name, value in pairs if name.lower() == "content-type"), "")
    address = redaction.url(url)
    content = _request_body(body or b"", content_type)
    identity = {"method": method.upper(), "url": address, "body": content}
    return tape.question(
        EffectKind.HTTP,
        f"{method.upper()} {urlsplit(address).hostname or ''}",
        {**identity, "headers": redaction.headers(pairs)},
        identity=identity,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response.

    Attributes:
        headers: Without those that describe how the body travelled.
        body: As it was, unpacked.
        chunks: The sizes in which it came, if it was streamed.
        complete: False if its reader left before its end.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    chunks: tuple[int, ...] = ()
    complete: bool = True

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        kept = [(name, value) for name, value in self.headers if name.lower() not in _TRANSPORT_HEADERS]
        content_type = next((value for name, value in kept if name.lower() == "content-type"), "")
        body = _without_secrets(self.body, content_type)
        found: dict[str, Any] = {
            "status": self.status,
            "reason": self.reason,
            "headers": redaction.headers(kept),
            "body": _as_text(body),
        }
        if len(self.chunks) > 1 and body is self.body:
            found["chunks"] = list(self.chunks)
        if not self.complete:
            found["complete"] = False
        return found

    @classmethod
    def of(cls, document: Any) -> Reply:
        """Return the response that a document describes."""
        return cls(
            status=document["status"],
            reason=document["reason"],
            headers=tuple((name, value) for name, value in document["headers"]),
            body=_from_text(document["body"]),
            chunks=tuple(document.get("chunks", ())),
            complete=document.get("complete", True),
        )

    def parts(self) -> list[bytes]:
        """Return the body in the sizes in which it came."""
        if not self.chunks:
            return [self.body] if self.body else []
        found: list[bytes] = []
        start = 0
        for size in self.chunks:
            found.append(self.body[start : start + size])
            start += size
        return found


def _request_body(body: bytes, content_type: str) -> Any:
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return {"json": redaction.document(canonical.decode(body))}
        except canonical.CanonicalError:
            return _as_text(body)
    if kind == "application/x-www-form-urlencoded":
        return {"text": redaction.form(body.decode("utf-8", "replace"))}
    boundary = _BOUNDARY.search(content_type.encode()) if kind.startswith("multipart/") else None
    # It is another one each time, and means nothing.
    return _as_text(body.replace(boundary[1], b"boundary") if boundary else body)


def _without_secrets(body: bytes, content_type: str) -> bytes:
    """Return a body without secrets: the same object if it has none."""
    if "json" not in content_type.lower():
        return body
    try:
        value = json.loads(body)
    except ValueError:
        return body
    cleaned = redaction.document(value)
    return body if cleaned == value else json.dumps(cleaned, ensure_ascii=False).encode()


def _as_text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _from_text(document: Any) -> bytes:
    if kind_of(document) is not dict:
        return b""
    members = cast("dict[str, str]", document)
    return members["text"].encode() if "text" in members else base64.b64decode(members["base64"])
