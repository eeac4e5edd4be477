"""Files: the parts of an upload as requests of a client's stream, and those of a download as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from timeloom_gateway.contracts import HttpBinding, Method, media_type_of, message_class
from timeloom_gateway.transcoding.forms import download_field, upload_field

_TOLD: Final = ("media_type", "file_name")
"""The fields of a response by which a service says what a file is, and what it is called."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A part of a file, and what its service says of the file: empty if nothing, as in all but the first."""

    data: bytes
    media_type: str = ""
    file_name: str = ""


class DownloadParts:
    """Takes the parts of a file out of responses."""

    def __init__(self, method: Method, binding: HttpBinding) -> None:
        field = download_field(method, binding)
        self.media_type = media_type_of(field)
        self._name = field.name
        self._parse: Any = message_class(method.response).FromString
        self._told = [name for name in _TOLD if name in method.response.fields_by_name]

    @property
    def is_told(self) -> bool:
        """Whether the service says what the file is, instead of the contract."""
        return bool(self._told)

    def of(self, response: bytes) -> FilePart:
        """The part that a response holds."""
        message = self._parse(response)
        told = {name: str(getattr(message, name)) for name in self._told}
        return FilePart(data=bytes(getattr(message, self._name)), **told)
