"""One HTTP binding of one method, compiled: how its request is read and its answer written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from timeloom_gateway.contracts import (
    Contracts,
    HttpBinding,
    Method,
    header_of,
    is_json,
    message_class,
    resume_position_of,
)
from timeloom_gateway.transcoding.documents import parsing
from timeloom_gateway.transcoding.files import DownloadParts, UploadParts
from timeloom_gateway.transcoding.forms import WHOLE_BODY, Form, form_of
from timeloom_gateway.transcoding.query import QueryReader, parameter_reader, put
from timeloom_gateway.transcoding.reading import MessageReader, Readers, Values
from timeloom_gateway.transcoding.templates import PathTemplate
from timeloom_gateway.transcoding.violations import Invalid, invalid_field
from timeloom_gateway.transcoding.writing import Writers
from timeloom_platform.auth import Scope
from timeloom_platform.contract import ContractError

ETAG = "etag"
SECRET = "secret"  # noqa: S105 - the name of a field
"""The field of a response that is shown once and kept nowhere."""


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PathVariable:
    """A variable of the path and the field that it sets."""

    name: str
    path: tuple[str, ...]
    field: FieldDescriptor
    multiple: bool
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response as REST sends it."""

    body: bytes
    etag: str
    """The resource's etag; empty if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamItem:
    """One response of a server stream."""

    body: bytes
    event: str
    """The member that the response holds, such as `snapshot`."""
    position: str
    """Where to resume after it; empty if the contract does not say."""


class RequestReader:
    """Makes a method's request message from the parts of an HTTP request."""

    def __init__(self, method: Method, binding: HttpBinding, form: Form, readers: Readers) -> None:
        template = PathTemplate.parse(binding.template)
        # Each message on a WebSocket is what the whole body is elsewhere.
        place = WHOLE_BODY if form is Form.SOCKET else binding.body
        self.template = template
        self.variables = tuple(
            _path_variable(method.request, variable.field_path, multiple=variable.multiple)
            for variable in template.variables
        )
        self.takes_etag = binding.http_method != "GET" and ETAG in method.request.fields_by_name
        self.set_elsewhere = {variable.path: "the path" for variable in self.variables}
        """Fields that neither query nor body may set, and what sets them."""
        if self.takes_etag:
            self.set_elsewhere[(ETAG,)] = "the header If-Match"
        self.header_fields = tuple(field for field in method.request.fields if header_of(field))
        for field in self.header_fields:
            self.set_elsewhere[(field.name,)] = f"the header {header_of(field)}"
        self.headers = {header_of(field).lower(): field.name for field in self.header_fields}
        """The names of headers that set fields, and these fields."""
        in_body = [(place,)] if place not in ("", WHOLE_BODY) else []
        self.query = (
            None
            if place == WHOLE_BODY
            else QueryReader(method.request, set_elsewhere=[*self.set_elsewhere, *in_body])
        )
        self._create = message_class(method.request)
        self._read_body = (
            None if form is Form.UPLOAD else _body_reader(method.request, place, readers, self.set_elsewhere)
        )
        resume = resume_position_of(method.request) if form is Form.EVENTS else None
        self._resume = (resume[0].name, parameter_reader(resume[0])) if resume else None

    def read(
        self,
        *,
        values: tuple[str, ...],
        query: str,
        body: bytes,
        etag: str = "",
        last_event_id: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Message:
        """The request message; InvalidFieldError or MalformedJsonError tell what is wrong.

        `etag` is that of `If-Match`; `last_event_id` overrides the position in the query,
        because a browser reconnects to the address that it began with. `headers` are those of `self.headers`.
        """
        fields: Values = {}
        try:
            self._read_path(values, fields)
            if self.query is not None:
                self.query.read(query, fields)
            elif query:
                raise Invalid.at("query", "must be empty: this route takes its fields from the body")
            if self._read_body is not None:
                self._read_body(body, fields)
            if etag and self.takes_etag:
                fields[ETAG] = etag
            for name, text in headers.items():
                fields[self.headers[name]] = text
            if last_event_id is not None and self._resume is not None:
                self._read_position(last_event_id, fields)
            return self._create(**fields)
        except Invalid as error:
            raise invalid_field(error) from None

    def read_more(self, body: bytes) -> Message:
        """A later request of a client's stream; InvalidFieldError or MalformedJsonError, as for the first."""
        assert self._read_body is not None
        fields: Values = {}
        try:
            self._read_body(body, fields)
            return self._create(**fields)
        except Invalid as error:
            raise invalid_field(error) from None

    def _read_path(self, values: tuple[str, ...], fields: Values) -> None:
        for variable, text in zip(self.variables, values, strict=True):
            try:
                put(fields, variable.path, variable.read(text))
            except Invalid as error:
                raise Invalid(*error.below(variable.name)) from None

    def _read_position(self, last_event_id: str, fields: Values) -> None:
        assert self._resume is not None
        name, read = self._resume
        assert read is not None
        try:
            fields[name] = read(last_event_id)
        except Invalid as error:
            raise Invalid(*error.below("Last-Event-ID")) from None


class ResponseWriter:
    """Turns the bytes of a method's response into JSON."""

    def __init__(self, method: Method, binding: HttpBinding, writers: Writers) -> None:
        response = method.response
        self._parse = message_class(response).FromString
        self._write_message = writers.message(response).write
        self._field = response.fields_by_name[binding.response_body] if binding.response_body else None
        self._write_field = writers.field(self._field) if self._field else None
        resource = _resource(response, self._field)
        self.has_etag = resource is not None and ETAG in resource.fields_by_name
        self.shows_secret = SECRET in response.fields_by_name
        resume = resume_position_of(method.request)
        self._position = tuple(resume[1].split(".")) if resume and method.contract.streams_responses else ()
        self._members = tuple(
            (field.name, field.json_name)
            for field in response.fields
            if field.message_type is not None and not field.is_repeated
        )

    def write(self, data: bytes) -> Answer:
        """The answer of a unary call."""
        message: Any = self._parse(data)
        resource = getattr(message, self._field.name) if self._field else message
        etag = str(resource.etag) if self.has_etag else ""
        return Answer(body=self._encode(message), etag=etag)

    def write_item(self, data: bytes) -> StreamItem:
        """One response of a stream."""
        message = self._parse(data)
        event = next((shown for name, shown in self._members if message.HasField(name)), "message")
        return StreamItem(body=self._encode(message), event=event, position=self._position_of(message))

    def _encode(self, message: Any) -> bytes:
        if self._field is None:
            return msgspec.json.encode(self._write_message(message))
        value = getattr(message, self._field.name)
        return msgspec.json.encode(value if self._write_field is None else self._write_field(value))

    def _position_of(self, message: Any) -> str:
        for name in self._position[:-1]:
            if not message.HasField(name):
                return ""
            message = getattr(message, name)
        return str(getattr(message, self._position[-1])) if self._position else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A binding, ready to serve."""

    method: Method
    binding: HttpBinding
    form: Form
    request: RequestReader
    response: ResponseWriter
    primary: bool
    """The first binding of its method; the others are aliases."""
    upload: UploadParts | None = None
    """Of an upload: how its file becomes requests."""
    download: DownloadParts | None = None
    """Of a download: how responses become its file."""

    @property
    def is_public(self) -> bool:
        """Whether everybody may call it, without credentials."""
        return self.method.contract.scope is Scope.PUBLIC


def compile_routes(contracts: Contracts) -> Iterator[Route]:
    """The routes of every method that has an HTTP rule."""
    readers, writers = Readers(contracts.pool), Writers(contracts.pool)
    for method in contracts.methods:
        if method.contract.scope is Scope.INTERNAL and method.bindings:
            raise ContractError(f"{method.contract.path}: what only services may call has no HTTP form")
        for binding in method.bindings:
            form = form_of(method, binding)
            request = RequestReader(method, binding, form, readers)
            if form is not Form.CALL and (request.headers or method.contract.scope is Scope.PUBLIC):
                raise ContractError(
                    f"{method.contract.path}: only unary calls are open to everybody, or read headers"
                )
            yield Route(
                method=method,
                binding=binding,
                form=form,
                request=request,
                response=ResponseWriter(method, binding, writers),
                primary=binding is method.bindings[0],
                upload=UploadParts(method, binding) if form is Form.UPLOAD else None,
                download=DownloadParts(method, binding) if form is Form.DOWNLOAD else None,
            )


def _path_variable(request: Descriptor, path: tuple[str, ...], *, multiple: bool) -> PathVariable:
    descriptor: Descriptor | None = request
    names: list[str] = []
    field: FieldDescriptor | None = None
    for name in path:
        field = descriptor.fields_by_name.get(name) if descriptor else None
        if field is None or field.is_repeated:
            raise ContractError(f"{request.full_name} has no field {'.'.join(path)} that a path can set")
        names.append(field.json_name)
        descriptor = field.message_type
    read = parameter_reader(field) if field else None
    if field is None or read is None:
        raise ContractError(f"{request.full_name}.{'.'.join(path)} has no form as text")
    return PathVariable(name=".".join(names), path=path, field=field, multiple=multiple, read=read)


def _resource(response: Descriptor, body: FieldDescriptor | None) -> Descriptor | None:
    """The type of the one resource that an answer shows, if that is what it shows."""
    if body is None:
        return response
    return None if body.is_repeated else body.message_type


def _body_reader(
    request: Descriptor,
    place: str,
    readers: Readers,
    set_elsewhere: Mapping[tuple[str, ...], str],
) -> Callable[[bytes, Values], None] | None:
    if not place:
        return None
    if place == WHOLE_BODY:
        whole = readers.message(request).without(set_elsewhere)
        return lambda body, fields: _merge(fields, _read_whole(whole, body))
    field = request.fields_by_name.get(place)
    if field is None:
        raise ContractError(f"{request.full_name} has no field {place} for the body")
    read = readers.field(field)
    is_document = is_json(field)

    def read_field(body: bytes, fields: Values) -> None:
        if body:
            with parsing(body):
                raw = msgspec.json.decode(body, type=msgspec.Raw)
            try:
                value = read(raw)
                # A document stays as it came, with the spaces around it: somebody may have signed it.
                fields[field.name] = body if is_document else value
            except Invalid as error:
                raise Invalid(*error.below(field.json_name)) from None

    return read_field


def _read_whole(reader: MessageReader, body: bytes) -> Values:
    """Reads a body without looking at it twice: the decoding of its outermost object checks all of it."""
    if not body:
        return {}
    with parsing(body):
        return reader.read(body)


def _merge(fields: Values, body: Values) -> None:
    """Adds a body's values; where both have fields of a nested message, the path has set some of them."""
    for name, value in body.items():
        if name in fields:
            _merge(fields[name], value)
        else:
            fields[name] = value
