"""OpenTelemetry over HTTP: protobuf or JSON, on a port of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message as ProtobufMessage

from timeloom_observability.otlp.json_form import JSON
from timeloom_observability.otlp.protobuf import PROTOBUF
from timeloom_observability.otlp.wire import Form
from timeloom_observability.receiving.bodies import REQUEST_BYTES_MAX, checked_encoding
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.errors import (
    NotADoorError,
    NotPostedError,
    UnsupportedTelemetryError,
)
from timeloom_observability.receiving.failing import answer_headers, http_status_of, status_of
from timeloom_observability.receiving.intake import API_KEY_HEADER, Intake, Passage
from timeloom_observability.receiving.signals import BY_PATH, Signal
from timeloom_platform import failures
from timeloom_platform.auth import API_KEY_METADATA, INTERNAL_TOKEN_METADATA
from timeloom_platform.errors import TimeloomError
from timeloom_platform.web.bodies import BodyParts, ClientGoneError
from timeloom_platform.web.cors import Cors
from timeloom_platform.web.messages import Message, Receive, Reply, Request, Scope, Send
from timeloom_platform.web.server import HttpServer

TRANSPORT: Final = "http"
PROTOBUF_TYPE: Final = "application/x-protobuf"
JSON_TYPE: Final = "application/json"

_FORMS: Final[Mapping[str, Form]] = {PROTOBUF_TYPE: PROTOBUF, JSON_TYPE: JSON}
_CREDENTIALS: Final = (API_KEY_METADATA, API_KEY_HEADER, INTERNAL_TOKEN_METADATA)
_CLIENT_CLOSED_REQUEST: Final = "499"
_ELSEWHERE: Final = "elsewhere"
"""What metrics call the signal of a request to another path."""

_logger = structlog.get_logger(__name__)


class HttpDoor:
    """Takes OpenTelemetry over HTTP.

    Args:
        listen: `host:port`; port 0 takes a free one.
        cors_origins: Of pages that may send, separated by commas.
        intake: Takes requests in.
        counts: Counts them.
    """

    def __init__(self, listen: str, *, cors_origins: str, intake: Intake, counts: DoorCounts) -> None:
        host, _, port = listen.rpartition(":")
        self._listen = listen
        self._intake = intake
        self._counts = counts
        self._cors = Cors(
            cors_origins,
            methods=("POST",),
            request_headers=("authorization", "content-encoding", "content-type", API_KEY_HEADER),
            exposed=("retry-after",),
        )
        self._server = HttpServer(self, host=host.strip("[]"), port=int(port))
        self.address = ""

    async def start(self) -> None:
        """Listens.

        Raises:
            OSError: The address is taken or not ours.
        """
        try:
            self.address = await self._server.start()
        except OSError as error:
            raise OSError(
                f"cannot take OpenTelemetry on {self._listen}: {error.strerror}; "
                "TIMELOOM_OTLP_HTTP_LISTEN names another"
            ) from error
        _logger.info("taking OpenTelemetry", transport=TRANSPORT, address=self.address)

    async def stop(self) -> None:
        """Takes no more requests, and returns when those that are there are answered."""
        await self._server.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request (ASGI's interface)."""
        request = Request(scope)
        signal = BY_PATH.get(request.path)
        name = signal.name if signal is not None else _ELSEWHERE
        media_type = request.header(b"content-type").partition(";")[0].strip().lower()
        try:
            reply = self._cors.preflight(request) or await self._answer(request, receive, signal, media_type)
        except ClientGoneError:
            self._counts.answered(TRANSPORT, name, _CLIENT_CLOSED_REQUEST)
            return
        except Exception as error:
            failure = failures.failure_of(error)
            if failure.status == "INTERNAL":
                _logger.exception("telemetry failed", signal=name)
            reply = _refusal(failure, media_type)
        self._counts.answered(TRANSPORT, name, str(reply.status))
        await reply.send(_with_headers(send, self._cors.headers(request)))

    async def _answer(
        self, request: Request, receive: Receive, signal: Signal | None, media_type: str
    ) -> Reply:
        if signal is None:
            raise NotADoorError(f"Nothing is taken here; POST to one of {', '.join(BY_PATH)}.")
        if request.method != "POST":
            raise NotPostedError("Telemetry is sent by POST.")
        project_id = await self._intake.project_of(_credentials(request))
        form = _FORMS.get(media_type)
        if form is None:
            raise UnsupportedTelemetryError(
                f"Content-Type {media_type[:100]!r} is not read here; send {PROTOBUF_TYPE} or {JSON_TYPE}."
            )
        encoding = checked_encoding(request.header(b"content-encoding"))
        with self._intake.passage() as passage:
            data = await _body(request, receive, passage)
            outcome = await self._intake.take(
                signal, form, data, project_id=project_id, passage=passage, is_compressed=bool(encoding)
            )
        body = _written(signal.answer(outcome), media_type)
        # An answer says what it is even if it is empty, as protobuf's is when all is well.
        headers = {} if body else {"content-type": media_type}
        return Reply(body=body, content_type=media_type, headers=headers)


def _credentials(request: Request) -> dict[str, str | bytes]:
    return {
        name: value for name in _CREDENTIALS if (value := request.optional_header(name.encode())) is not None
    }


async def _body(request: Request, receive: Receive, passage: Passage) -> bytes:
    parts: list[bytes] = []
    body = BodyParts(request, receive, limit_bytes=REQUEST_BYTES_MAX)
    try:
        while (part := await body.next()) is not None:
            passage.grow(len(part))
            parts.append(part)
    except TimeloomError:
        parts.clear()
        await body.discard()
        raise
    return b"".join(parts)


def _written(answer: ProtobufMessage, media_type: str) -> bytes:
    if media_type == PROTOBUF_TYPE:
        return answer.SerializeToString()
    return MessageToJson(answer, indent=None).encode()


def _refusal(failure: TimeloomError, media_type: str) -> Reply:
    """Returns what is answered to a request that is refused: a status, in the form of the request."""
    content_type = media_type if media_type in _FORMS else JSON_TYPE
    return Reply(
        status=http_status_of(failure),
        body=_written(status_of(failure), content_type),
        content_type=content_type,
        headers=answer_headers(failure),
    )


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    if not headers:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return sending
