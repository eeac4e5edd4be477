"""Contracts for tests alone, written as text and put into protobuf's default pool beside the real ones."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, timestamp_pb2
from google.protobuf.descriptor import FileDescriptor

from timeloom.type.v1 import annotations_pb2

_DEPENDENCIES = (annotations_pb2.DESCRIPTOR.name, timestamp_pb2.DESCRIPTOR.name)


def add_contract(name: str, text: str) -> FileDescriptor:
    """Add a file, given in the text format of FileDescriptorProto without its name; twice is no harm."""
    file = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
    file.name = f"timeloom/test/v1/{name}.proto"
    file.package = "timeloom.test.v1"
    file.syntax = "proto3"
    file.dependency.extend(_DEPENDENCIES)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(file.name)


def message_class(file: FileDescriptor, name: str) -> Any:
    """Return the class of one of the file's messages."""
    return message_factory.GetMessageClass(file.message_types_by_name[name])
