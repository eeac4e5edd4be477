"""What a gRPC server says about its own methods, by the reflection protocol."""

from __future__ import annotations

from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as messages

from timeloom_workflows.actions.call import InvalidActionError

FILES_MAX: Final = 500
"""Of one service, with all that they import."""

_METHODS: Final = (
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)
"""Older servers know only the second name; the messages are the same."""

File = descriptor_pb2.FileDescriptorProto


async def reflected_method(
    channel: grpc.aio.Channel, service: str, method: str, *, timeout_seconds: float
) -> MethodDescriptor:
    """Return a method as its server describes it.

    Raises:
        InvalidActionError: The server has no such method, or describes it badly.
        grpc.aio.AioRpcError: It does not answer, or not about itself.
    """
    files = await _files(channel, service, timeout_seconds)
    pool: Any = DescriptorPool()
    try:
        for file in _ordered(files):
            pool.Add(file)
        described: MethodDescriptor = pool.FindServiceByName(service).methods_by_name[method]
    except (KeyError, TypeError):
        raise InvalidActionError(f"The server describes no method {service}/{method}") from None
    return described


async def _files(channel: grpc.aio.Channel, service: str, timeout_seconds: float) -> dict[str, File]:
    """Return the file that has a service, and all that it imports, by their names."""
    try:
        return await _asked(channel, _METHODS[0], service, timeout_seconds)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
            raise
    return await _asked(channel, _METHODS[1], service, timeout_seconds)


async def _asked(
    channel: grpc.aio.Channel, method: str, service: str, timeout_seconds: float
) -> dict[str, File]:
    call: Any = channel.stream_stream(
        method,
        request_serializer=messages.ServerReflectionRequest.SerializeToString,
        response_deserializer=messages.ServerReflectionResponse.FromString,
    )(timeout=timeout_seconds)
    found: dict[str, File] = {}
    try:
        question = messages.ServerReflectionRequest(file_containing_symbol=service)
        while len(found) <= FILES_MAX:
            await call.write(question)
            found |= _described(await call.read(), service)
            missing = {each for file in found.values() for each in file.dependency} - found.keys()
            if not missing:
                return found
            question = messages.ServerReflectionRequest(file_by_filename=min(missing))
    finally:
        call.cancel()
    raise InvalidActionError(f"The service {service} is made of more than {FILES_MAX} files")


def _described(answer: object, service: str) -> dict[str, File]:
    if not isinstance(answer, messages.ServerReflectionResponse) or not answer.file_descriptor_response:
        raise InvalidActionError(f"The server does not describe a service {service}")
    contents = answer.file_descriptor_response.file_descriptor_proto
    if not contents:
        raise InvalidActionError(f"The server does not describe a service {service}")
    files = [File.FromString(content) for content in contents]
    return {file.name: file for file in files}


def _ordered(files: dict[str, File]) -> list[File]:
    """Return files after those that they import."""
    ordered: list[File] = []
    left = dict(files)
    while left:
        ready = [name for name, file in left.items() if all(each not in left for each in file.dependency)]
        if not ready:
            raise InvalidActionError("The server's descriptions import one another in a circle")
        ordered += [left.pop(name) for name in ready]
    return ordered
