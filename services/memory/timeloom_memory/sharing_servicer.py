"""The MemorySharingService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any

import grpc.aio

from timeloom.memory.v1 import memory_sharing_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2_grpc as services
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemorySharingServicer(services.MemorySharingServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

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
        raise UnimplementedError("CreateNamespace is not there")

    async def GetNamespace(
        self, request: messages.GetNamespaceRequest, context: _Context
    ) -> messages.GetNamespaceResponse:
        raise UnimplementedError("GetNamespace is not there")

    async def ListNamespaces(
        self, request: messages.ListNamespacesRequest, context: _Context
    ) -> messages.ListNamespacesResponse:
        raise UnimplementedError("ListNamespaces is not there")

    async def UpdateNamespace(
        self, request: messages.UpdateNamespaceRequest, context: _Context
    ) -> messages.UpdateNamespaceResponse:
        raise UnimplementedError("UpdateNamespace is not there")

    async def DeleteNamespace(
        self, request: messages.DeleteNamespaceRequest, context: _Context
    ) -> messages.DeleteNamespaceResponse:
        raise UnimplementedError("DeleteNamespace is not there")

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
