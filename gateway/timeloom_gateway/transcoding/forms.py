"""The form that a method takes over HTTP: it follows from which sides stream, and from what is a file."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from timeloom_gateway.contracts import HttpBinding, Method, media_type_of
from timeloom_platform.contract import ContractError

WHOLE_BODY: Final = "*"
RESERVED_MEMBER: Final = "type"
"""By this member the gateway's own messages on a WebSocket are told from those of the contract."""

_MEDIA_TYPE = re.compile(r"application/[a-z0-9][a-z0-9.+-]*")


class Form(Enum):
    """How a method is called over HTTP."""

    CALL = auto()
    """One request, one answer."""
    EVENTS = auto()
    """One request, and a stream of server-sent events or of lines."""
    SOCKET = auto()
    """A WebSocket, each message of which is a request or a response."""
    UPLOAD = auto()
    """The body is a file, which the method takes as a stream of its parts."""
    DOWNLOAD = auto()
    """The answer is a file, which the method sends as a stream of its parts."""


def form_of(method: Method, binding: HttpBinding) -> Form:
    """The form of a binding; ContractError if the method has none over HTTP."""
    match (method.contract.streams_requests, method.contract.streams_responses):
        case (True, True):
            return _socket(method, binding)
        case (True, False):
            return _upload(method, binding)
        case (False, True) if _file(method.response, binding.response_body) is not None:
            return _without_upload(Form.DOWNLOAD, method, binding)
        case (False, True):
            return _without_upload(Form.EVENTS, method, binding)
        case _:
            if _file(method.response, binding.response_body) is not None:
                raise _refusal(method, "only a stream of responses can be a file")
            return _without_upload(Form.CALL, method, binding)


def upload_field(method: Method, binding: HttpBinding) -> FieldDescriptor:
    """The field of an upload's requests that holds the parts of the file."""
    return method.request.fields_by_name[binding.body]


def download_field(method: Method, binding: HttpBinding) -> FieldDescriptor:
    """The field of a download's responses that holds the parts of the file."""
    return method.response.fields_by_name[binding.response_body]


def _socket(method: Method, binding: HttpBinding) -> Form:
    if binding.http_method != "GET" or binding.body or binding.response_body:
        raise _refusal(method, "what streams both ways is a WebSocket: GET, without body and response_body")
    for descriptor in (method.request, method.response):
        if any(field.json_name == RESERVED_MEMBER for field in descriptor.fields):
            raise _refusal(method, f"{descriptor.full_name} must have no field {RESERVED_MEMBER}")
    return Form.SOCKET


def _upload(method: Method, binding: HttpBinding) -> Form:
    if binding.http_method != "POST" or _file(method.request, binding.body) is None:
        raise _refusal(method, "a stream of requests is a POST whose body is a bytes field with a media type")
    return Form.UPLOAD


def _without_upload(form: Form, method: Method, binding: HttpBinding) -> Form:
    if binding.body != WHOLE_BODY and _file(method.request, binding.body) is not None:
        raise _refusal(method, "only a stream of requests can be a file")
    return form


def _file(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    """The field of this name if its bytes are parts of a file."""
    field = descriptor.fields_by_name.get(name)
    media_type = media_type_of(field) if field is not None else ""
    if field is None or not media_type:
        return None
    if field.type != FieldDescriptor.TYPE_BYTES or field.is_repeated or not _MEDIA_TYPE.fullmatch(media_type):
        raise ContractError(f"{field.full_name}: {media_type!r} is no media type of a single bytes field")
    return field


def _refusal(method: Method, why: str) -> ContractError:
    return ContractError(f"{method.contract.path} has no form over HTTP: {why}")
