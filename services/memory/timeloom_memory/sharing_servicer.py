"""The MemorySharingService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_sharing_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2_grpc as services
from timeloom_memory import answers, names, requests
from timeloom_memory.namespaces import Namespaces
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemorySharingServicer(services.MemorySharingServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MemorySharingServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MemorySharingService"],
        )

    async def CreateNamespace(
        self, request: messages.CreateNamespaceRequest, context: _Context
    ) -> messages.CreateNamespaceResponse:
        requests.refuse_nuls("", description=request.description)
        namespace = await self._namespaces.create(
            _project_id(),
            names.checked(request.namespace, "namespace"),
            description=request.description,
            embedding_model=request.embedding_model if request.HasField("embedding_model") else None,
            as_agent_id=request.as_agent_id,
        )
        return messages.CreateNamespaceResponse(namespace=answers.namespace_message(namespace))

    async def GetNamespace(
        self, request: messages.GetNamespaceRequest, context: _Context
    ) -> messages.GetNamespaceResponse:
        namespace = await self._namespaces.get(
            _project_id(), names.checked(request.namespace, "namespace"), as_agent_id=request.as_agent_id
        )
        return messages.GetNamespaceResponse(namespace=answers.namespace_message(namespace))

    async def ListNamespaces(
        self, request: messages.ListNamespacesRequest, context: _Context
    ) -> messages.ListNamespacesResponse:
        page = await self._namespaces.list_page(
            _project_id(),
            prefix=names.checked_prefix(request.prefix, "prefix") if request.prefix else "",
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
        )
        return messages.ListNamespacesResponse(
            namespaces=map(answers.namespace_message, page.entries), next_page_token=page.next_page_token
        )

    async def UpdateNamespace(
        self, request: messages.UpdateNamespaceRequest, context: _Context
    ) -> messages.UpdateNamespaceResponse:
        requests.refuse_nuls("", description=request.description)
        namespace = await self._namespaces.update(
            _project_id(),
            names.checked(request.namespace, "namespace"),
            description=request.description if request.HasField("description") else None,
            etag=request.etag,
            as_agent_id=request.as_agent_id,
        )
        return messages.UpdateNamespaceResponse(namespace=answers.namespace_message(namespace))

    async def DeleteNamespace(
        self, request: messages.DeleteNamespaceRequest, context: _Context
    ) -> messages.DeleteNamespaceResponse:
        count, sequence = await self._namespaces.delete(
            _project_id(), names.checked(request.namespace, "namespace"), as_agent_id=request.as_agent_id
        )
        return messages.DeleteNamespaceResponse(memory_count=count, sequence=sequence)

    async def Share(self, request: messages.ShareRequest, context: _Context) -> messages.ShareResponse:
        raise UnimplementedError("Share is not there")

    async def ListGrants(
        self, request: messages.ListGrantsRequest, context: _Context
    ) -> messages.ListGrantsResponse:
        raise UnimplementedError("ListGrants is not there")

    async def RevokeGrant(
        self, request: messages.RevokeGrantRequest, context: _Context
    ) -> messages.RevokeGrantResponse:
        raise UnimplementedError("RevokeGrant is not there")

    async def SetTeam(self, request: messages.SetTeamRequest, context: _Context) -> messages.SetTeamResponse:
        raise UnimplementedError("SetTeam is not there")

    async def ListTeams(
        self, request: messages.ListTeamsRequest, context: _Context
    ) -> messages.ListTeamsResponse:
        raise UnimplementedError("ListTeams is not there")

    async def DeleteTeam(
        self, request: messages.DeleteTeamRequest, context: _Context
    ) -> messages.DeleteTeamResponse:
        raise UnimplementedError("DeleteTeam is not there")

    async def CreateSubscription(
        self, request: messages.CreateSubscriptionRequest, context: _Context
    ) -> messages.CreateSubscriptionResponse:
        raise UnimplementedError("CreateSubscription is not there")

    async def ListSubscriptions(
        self, request: messages.ListSubscriptionsRequest, context: _Context
    ) -> messages.ListSubscriptionsResponse:
        raise UnimplementedError("ListSubscriptions is not there")

    async def ReadSubscription(
        self, request: messages.ReadSubscriptionRequest, context: _Context
    ) -> messages.ReadSubscriptionResponse:
        raise UnimplementedError("ReadSubscription is not there")

    async def AcknowledgeSubscription(
        self, request: messages.AcknowledgeSubscriptionRequest, context: _Context
    ) -> messages.AcknowledgeSubscriptionResponse:
        raise UnimplementedError("AcknowledgeSubscription is not there")

    async def DeleteSubscription(
        self, request: messages.DeleteSubscriptionRequest, context: _Context
    ) -> messages.DeleteSubscriptionResponse:
        raise UnimplementedError("DeleteSubscription is not there")

    async def SyncMemories(
        self, request: messages.SyncMemoriesRequest, context: _Context
    ) -> messages.SyncMemoriesResponse:
        raise UnimplementedError("SyncMemories is not there")

    async def AddEvidence(
        self, request: messages.AddEvidenceRequest, context: _Context
    ) -> messages.AddEvidenceResponse:
        raise UnimplementedError("AddEvidence is not there")

    async def ListEvidence(
        self, request: messages.ListEvidenceRequest, context: _Context
    ) -> messages.ListEvidenceResponse:
        raise UnimplementedError("ListEvidence is not there")


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
