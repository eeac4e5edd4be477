"""Files: the parts of an upload as requests of a client's stream, and those of a download as they come."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from timeloom_gateway.contracts import HttpBinding, Method, media_type_of, message_class
from timeloom_gateway.transcoding.forms import download_field, upload_field


class UploadParts:
    """Makes requests of the parts of a file."""

    def __init__(self, method: Method, binding: HttpBinding) -> None:
        field = upload_field(method, binding)
        self.media_type = media_type_of(field)
        self._name = field.name
        self._create = message_class(method.request)

    def first(self, request: Message, data: bytes) -> bytes:
        """The first request: what the path and the query say, and the first part."""
        setattr(request, self._name, data)
        return request.SerializeToString()

    def next(self, data: bytes) -> bytes:
        """A later request."""
        return self._create(**{self._name: data}).SerializeToString()


class DownloadParts:
    """Takes the parts of a file out of responses."""

    def __init__(self, method: Method, binding: HttpBinding) -> None:
        field = download_field(method, binding)
        self.media_type = media_type_of(field)
        self._name = field.name
        self._parse: Any = message_class(method.response).FromString

    def of(self, response: bytes) -> bytes:
        """The part that a response holds."""
        return bytes(getattr(self._parse(response), self._name))
