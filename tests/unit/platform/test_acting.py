"""Requests of a caller who is bound to an agent."""

from __future__ import annotations

from typing import cast

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from timeloom.identity.v1 import identity_service_pb2
from timeloom.memory.v1 import memory_service_pb2, memory_sharing_service_pb2
from timeloom_platform.acting import AGENT_ID_LENGTH_MAX, AgentBinders, Binder, check_agent_id
from timeloom_platform.errors import InvalidFieldError, PermissionDeniedError


def binder_of(message: Message) -> Binder:
    bind = AgentBinders().compile(cast("Descriptor", message.DESCRIPTOR))
    assert bind is not None
    return bind


def test_a_request_that_names_no_agent_acts_as_the_bound_one() -> None:
    request = memory_sharing_service_pb2.ShareRequest(namespace="agent/ada", principal="project")
    binder_of(request)(request, "ada")
    assert request.as_agent_id == "ada"


def test_a_request_that_names_the_bound_agent_passes() -> None:
    request = memory_service_pb2.GetMemoryRequest(as_agent_id="ada")
    binder_of(request)(request, "ada")
    assert request == memory_service_pb2.GetMemoryRequest(as_agent_id="ada")


def test_a_request_that_names_another_agent_is_refused() -> None:
    request = memory_service_pb2.GetMemoryRequest(as_agent_id="bob")
    with pytest.raises(PermissionDeniedError, match="bound to the agent ada"):
        binder_of(request)(request, "ada")


def test_a_request_within_a_request_is_bound_too() -> None:
    request = memory_service_pb2.BuildContextRequest(
        search=memory_service_pb2.SearchMemoriesRequest(query="tea")
    )
    binder_of(request)(request, "ada")
    assert request.search.as_agent_id == "ada"
    request.search.as_agent_id = "bob"
    with pytest.raises(PermissionDeniedError):
        binder_of(request)(request, "ada")


def test_what_is_absent_stays_absent() -> None:
    request = memory_service_pb2.BuildContextRequest(max_tokens=10)
    binder_of(request)(request, "ada")
    assert not request.HasField("search")


def test_a_request_that_cannot_name_an_agent_needs_no_binding() -> None:
    assert AgentBinders().compile(identity_service_pb2.GetCallerRequest.DESCRIPTOR) is None


@pytest.mark.parametrize("agent_id", ["a", "Ada Lovelace", "ада", "a" * AGENT_ID_LENGTH_MAX, "..."])
def test_an_id_is_any_readable_segment(agent_id: str) -> None:
    check_agent_id(agent_id, "agentId")


@pytest.mark.parametrize(
    "agent_id",
    ["", ".", "..", "a/b", "a\nb", "a\x00", " a", "a ", "a\u200b", "a" * (AGENT_ID_LENGTH_MAX + 1)],
)
def test_an_id_that_is_no_readable_segment_is_refused_with_the_name_of_its_field(agent_id: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        check_agent_id(agent_id, "agentId")
    assert [violation.field for violation in raised.value.violations] == ["agentId"]
