"""The contracts as the gateway reads them: services, methods, HTTP rules, options and comments.

Everything comes from one descriptor set, `contracts.binpb`, which `make protos` writes. It
is loaded into a descriptor pool of its own, so that the gateway serves exactly the
contracts it was built with, whatever stubs are installed beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from google.api import annotations_pb2, http_pb2  # pyright: ignore[reportMissingTypeStubs]  # its .pyi lie beside it
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from timeloom.type.v1 import annotations_pb2 as timeloom_options
from timeloom_platform.contract import MethodContract, methods_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBinding:
    """One line of a `google.api.http` rule: a method and path, and where the body goes."""

    http_method: str
    template: str
    body: str
    response_body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """An rpc: what the platform knows of it, and what REST adds."""

    contract: MethodContract
    comment: str
    response: Descriptor
    has_side_effects: bool
    bindings: tuple[HttpBinding, ...]

    @property
    def name(self) -> str:
        """The method's own name."""
        return self.contract.name

    @property
    def request(self) -> Descriptor:
        """The type of its requests."""
        return self.contract.request


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service; its room is the part of the package after `timeloom.`."""

    name: str
    comment: str
    methods: tuple[Method, ...]

    @property
    def room(self) -> str:
        """The room that the service belongs to, such as `snapshots`."""
        return self.name.split(".")[1]


class Contracts:
    """All contracts of a descriptor set."""

    def __init__(self, descriptor_set: descriptor_pb2.FileDescriptorSet) -> None:
        self._files = {file.name: file for file in descriptor_set.file}
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_set.file:
            self._pool.Add(file)

    @classmethod
    def load(cls) -> Contracts:
        """Reads the descriptor set that is part of this package."""
        data = files("timeloom_gateway").joinpath("contracts.binpb").read_bytes()
        return cls(descriptor_pb2.FileDescriptorSet.FromString(data))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """Every service, in the order of the descriptor set."""
        return tuple(
            self._service(file, service) for file in self._files.values() for service in file.service
        )

    @property
    def methods(self) -> Iterator[Method]:
        """Every method of every service."""
        return (method for service in self.services for method in service.methods)

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of the files, dependencies first."""
        return tuple(self._files)

    @property
    def pool(self) -> descriptor_pool.DescriptorPool:
        """The pool that holds the contracts' descriptors."""
        return self._pool

    @cached_property
    def comments(self) -> Mapping[str, str]:
        """The leading comment of every declaration that has one, by its full name."""
        found: dict[str, str] = {}
        for file in self._files.values():
            found.update(_comments_of(file))
        return found

    def message_type(self, name: str) -> Descriptor:
        """The descriptor of a message by its full name; KeyError if there is none."""
        return self._pool.FindMessageTypeByName(name)

    def enum_type(self, name: str) -> EnumDescriptor:
        """The descriptor of an enum by its full name; KeyError if there is none."""
        return self._pool.FindEnumTypeByName(name)

    def _service(
        self, file: descriptor_pb2.FileDescriptorProto, service: descriptor_pb2.ServiceDescriptorProto
    ) -> Service:
        name = f"{file.package}.{service.name}"
        descriptor = self._pool.FindServiceByName(name)
        contracts = methods_of([descriptor])
        return Service(
            name=name,
            comment=self.comments.get(name, ""),
            methods=tuple(
                self._method(method, contracts[f"/{name}/{method.name}"]) for method in descriptor.methods
            ),
        )

    def _method(self, method: MethodDescriptor, contract: MethodContract) -> Method:
        options: Any = method.GetOptions()
        return Method(
            contract=contract,
            comment=self.comments.get(method.full_name, ""),
            response=method.output_type,
            has_side_effects=options.idempotency_level != descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
            bindings=tuple(_bindings(options.Extensions[annotations_pb2.http])),
        )


def message_class(descriptor: Descriptor) -> type[Message]:
    """The class of a descriptor's messages."""
    return message_factory.GetMessageClass(descriptor)


def is_json(field: FieldDescriptor) -> bool:
    """Whether a bytes field holds a JSON document."""
    return bool(field.GetOptions().Extensions[timeloom_options.json])


def media_type_of(field: FieldDescriptor) -> str:
    """The media type of the file that the field's bytes are parts of; empty if they are none."""
    return str(field.GetOptions().Extensions[timeloom_options.media_type])


def rules_of(field: FieldDescriptor) -> timeloom_options.FieldRules:
    """The rules that a request's field must meet."""
    return field.GetOptions().Extensions[timeloom_options.rules]


def header_of(field: FieldDescriptor) -> str:
    """The header of the HTTP request that the field is taken from; empty if it is none."""
    return str(field.GetOptions().Extensions[timeloom_options.http_header])


def resume_position_of(request: Descriptor) -> tuple[FieldDescriptor, str] | None:
    """The field that resumes a stream of this request, and the path of the position in its responses."""
    for field in request.fields:
        path = field.GetOptions().Extensions[timeloom_options.resume_position]
        if path:
            return field, path
    return None


def _bindings(rule: http_pb2.HttpRule) -> Iterator[HttpBinding]:
    pattern = rule.WhichOneof("pattern")
    if pattern is None:
        return
    custom = pattern == "custom"
    yield HttpBinding(
        http_method=rule.custom.kind if custom else pattern.upper(),
        template=rule.custom.path if custom else getattr(rule, pattern),
        body=rule.body,
        response_body=rule.response_body,
    )
    for additional in rule.additional_bindings:
        yield from _bindings(additional)


# The field numbers of descriptor.proto under which SourceCodeInfo files each kind of declaration.
_TOP = {4: "message_type", 5: "enum_type", 6: "service", 7: "extension"}
_INNER = {
    "message_type": {2: "field", 3: "nested_type", 4: "enum_type", 8: "oneof_decl"},
    "nested_type": {2: "field", 3: "nested_type", 4: "enum_type", 8: "oneof_decl"},
    "enum_type": {2: "value"},
    "service": {2: "method"},
}


def _comments_of(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        comment = location.leading_comments or location.trailing_comments
        if comment:
            name = _declaration(file, tuple(location.path))
            if name:
                yield f"{file.package}.{name}", _unwrap(comment)


def _declaration(file: descriptor_pb2.FileDescriptorProto, path: tuple[int, ...]) -> str:
    """The dotted name that a location's path leads to; empty if it is no declaration."""
    names: list[str] = []
    here: object = file
    kinds: Mapping[int, str] = _TOP
    for number, index in zip(path[::2], path[1::2], strict=False):
        kind = kinds.get(number)
        if kind is None or len(path) % 2:
            return ""
        here = getattr(here, kind)[index]
        names.append(str(getattr(here, "name", "")))
        kinds = _INNER.get(kind, {})
    return ".".join(names)


def _unwrap(comment: str) -> str:
    """Joins the lines of each paragraph, as Markdown would."""
    paragraphs = comment.strip().split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in part.splitlines()) for part in paragraphs)
