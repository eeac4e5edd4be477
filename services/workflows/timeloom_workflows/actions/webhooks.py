"""Webhooks: calls that carry a signature, and addresses that others call back.

A call's header `Timeloom-Signature` is `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`,
under the secret that the step names; `Timeloom-Delivery` is the same in every try.

The address of a call back has a token: the execution and the step, and a code that only this installation can
make. So nothing has to be stored for it, and whoever has it can end that step, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final
from uuid import UUID

from msgspec import Struct

from timeloom_platform.outgoing.signing import DELIVERY_HEADER, SIGNATURE_HEADER, signature
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import Call, InvalidActionError
from timeloom_workflows.actions.http import (
    ANSWER_BYTES_MAX,
    IDEMPOTENCY_HEADER,
    Expected,
    content_of,
    document_of,
    with_defaults,
)
from timeloom_workflows.actions.http_client import HttpClient, parsed_url

CALLBACK_PATH: Final = "/api/workflows/callbacks/"

_CODE_BYTES: Final = 16
_UUID_BYTES: Final = 16
_PURPOSE: Final = b"timeloom workflows callback 1"


class CallbackTarget(Struct, frozen=True, kw_only=True):
    """The step that a call back ends."""

    project_id: UUID
    execution_id: UUID
    step_id: str


class CallbackTokens:
    """Makes and reads the tokens of call backs."""

    def __init__(self, secret: str) -> None:
        """Take the installation's secret."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def token(self, target: CallbackTarget) -> str:
        """Return the token of a step."""
        named = target.project_id.bytes + target.execution_id.bytes + target.step_id.encode()
        return base64.urlsafe_b64encode(self._code(named) + named).rstrip(b"=").decode("ascii")

    def target(self, token: str) -> CallbackTarget | None:
        """Return the step of a token; None if it is not one of this installation."""
        try:
            content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        code, named = content[:_CODE_BYTES], content[_CODE_BYTES:]
        if len(named) <= 2 * _UUID_BYTES or not hmac.compare_digest(code, self._code(named)):
            return None
        return CallbackTarget(
            project_id=UUID(bytes=named[:_UUID_BYTES]),
            execution_id=UUID(bytes=named[_UUID_BYTES : 2 * _UUID_BYTES]),
            step_id=named[2 * _UUID_BYTES :].decode(),
        )

    def _code(self, named: bytes) -> bytes:
        return hmac.digest(self._key, named, hashlib.sha256)[:_CODE_BYTES]


class WebhookRunner:
    """Calls webhooks: `{"url", "secret", "headers", "json" | "body", "method", "expect"}`."""

    def __init__(self, client: HttpClient, *, clock: Callable[[], float]) -> None:
        """Take the client, and the clock that signatures are dated by."""
        self._client = client
        self._clock = clock

    async def run(self, call: Call) -> bytes:
        """Calls one."""
        action = call.action
        method = fields.text(action, "method", "POST").upper()
        if method not in {"POST", "PUT"}:
            raise InvalidActionError("`method` must be POST or PUT")
        url = parsed_url(fields.text(action, "url"), fields.query(action))
        content, headers = content_of(action)
        own = {IDEMPOTENCY_HEADER: call.idempotency_key, DELIVERY_HEADER: call.idempotency_key}
        if secret := fields.text(action, "secret", ""):
            own[SIGNATURE_HEADER] = signature(secret, content, at=int(self._clock()))
        expected = Expected(action)
        answer = await self._client.request(
            method,
            url,
            headers=with_defaults(headers, own),
            content=content,
            timeout_seconds=call.timeout_seconds,
            answer_bytes_max=ANSWER_BYTES_MAX,
        )
        expected.check(answer, f"The webhook at {url.host}")
        return document_of(answer)
