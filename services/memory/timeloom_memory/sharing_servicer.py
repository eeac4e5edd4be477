"""The MemorySharingService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_sharing_service_pb2 as messages
from timeloom.memory.v1 import memory_sharing_service_pb2_grpc as services
from timeloom_memory import answers, names, requests
from timeloom_memory.namespaces import Namespaces
from timeloom_memory.sharing import answers as sharing_answers
from timeloom_memory.sharing import requests as sharing_requests
from timeloom_memory.sharing.evidence import EvidenceBook
from timeloom_memory.sharing.grants import Grants
from timeloom_memory.sharing.subscriptions import Subscriptions
from timeloom_memory.sharing.sync import Synchronisation
from timeloom_memory.sharing.teams import Teams
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemorySharingServicer(services.MemorySharingServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self,
        *,
        namespaces: Namespaces,
        grants: Grants,
        teams: Teams,
        subscriptions: Subscriptions,
        synchronisation: Synchronisation,
        evidence: EvidenceBook,
    ) -> None:
        self._namespaces = namespaces
        self._grants = grants
        self._teams = teams
        self._subscriptions = subscriptions
        self._synchronisation = synchronisation
        self._evidence = evidence

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
        grant = await self._grants.share(
            _project_id(), sharing_requests.new_grant_of(request), as_agent_id=request.as_agent_id
        )
        return messages.ShareResponse(grant=sharing_answers.grant_message(grant))

    async def ListGrants(
        self, request: messages.ListGrantsRequest, context: _Context
    ) -> messages.ListGrantsResponse:
        page = await self._grants.list_page(
            _project_id(),
            sharing_requests.grant_filter_of(request),
            as_agent_id=request.as_agent_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListGrantsResponse(
            grants=map(sharing_answers.grant_message, page.entries), next_page_token=page.next_page_token
        )

    async def RevokeGrant(
        self, request: messages.RevokeGrantRequest, context: _Context
    ) -> messages.RevokeGrantResponse:
        await self._grants.revoke(_project_id(), UUID(request.grant_id), as_agent_id=request.as_agent_id)
        return messages.RevokeGrantResponse()

    async def SetTeam(self, request: messages.SetTeamRequest, context: _Context) -> messages.SetTeamResponse:
        team = await self._teams.set(_project_id(), request.team_id, request.agent_ids)
        return messages.SetTeamResponse(team=sharing_answers.team_message(team))

    async def ListTeams(
        self, request: messages.ListTeamsRequest, context: _Context
    ) -> messages.ListTeamsResponse:
        page = await self._teams.list_page(
            _project_id(),
            agent_id=request.agent_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListTeamsResponse(
            teams=map(sharing_answers.team_message, page.entries), next_page_token=page.next_page_token
        )

    async def DeleteTeam(
        self, request: messages.DeleteTeamRequest, context: _Context
    ) -> messages.DeleteTeamResponse:
        await self._teams.delete(_project_id(), request.team_id)
        return messages.DeleteTeamResponse()

    async def CreateSubscription(
        self, request: messages.CreateSubscriptionRequest, context: _Context
    ) -> messages.CreateSubscriptionResponse:
        subscription = await self._subscriptions.create(
            _project_id(),
            agent_id=request.agent_id,
            namespaces=request.namespaces,
            kinds=request.kinds,
            tags=request.tags,
            as_agent_id=request.as_agent_id,
        )
        return messages.CreateSubscriptionResponse(
            subscription=sharing_answers.subscription_message(subscription)
        )

    async def ListSubscriptions(
        self, request: messages.ListSubscriptionsRequest, context: _Context
    ) -> messages.ListSubscriptionsResponse:
        page = await self._subscriptions.list_page(
            _project_id(),
            agent_id=request.agent_id,
            as_agent_id=request.as_agent_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListSubscriptionsResponse(
            subscriptions=map(sharing_answers.subscription_message, page.entries),
            next_page_token=page.next_page_token,
        )

    async def ReadSubscription(
        self, request: messages.ReadSubscriptionRequest, context: _Context
    ) -> messages.ReadSubscriptionResponse:
        news = await self._subscriptions.read(
            _project_id(),
            UUID(request.subscription_id),
            as_agent_id=request.as_agent_id,
            limit=page_size(request.limit),
        )
        response = messages.ReadSubscriptionResponse(sequence=news.sequence)
        answers.write_memories(response.memories, news.memories)
        return response

    async def AcknowledgeSubscription(
        self, request: messages.AcknowledgeSubscriptionRequest, context: _Context
    ) -> messages.AcknowledgeSubscriptionResponse:
        subscription = await self._subscriptions.acknowledge(
            _project_id(),
            UUID(request.subscription_id),
            request.sequence,
            as_agent_id=request.as_agent_id,
        )
        return messages.AcknowledgeSubscriptionResponse(
            subscription=sharing_answers.subscription_message(subscription)
        )

    async def DeleteSubscription(
        self, request: messages.DeleteSubscriptionRequest, context: _Context
    ) -> messages.DeleteSubscriptionResponse:
        await self._subscriptions.delete(
            _project_id(), UUID(request.subscription_id), as_agent_id=request.as_agent_id
        )
        return messages.DeleteSubscriptionResponse()

    async def SyncMemories(
        self, request: messages.SyncMemoriesRequest, context: _Context
    ) -> messages.SyncMemoriesResponse:
        outcomes, sequence = await self._synchronisation.run(
            _project_id(), sharing_requests.wish_of(request), as_agent_id=request.as_agent_id
        )
        return messages.SyncMemoriesResponse(
            outcomes=[
                sharing_answers.outcome_message(outcome, dry_run=request.dry_run) for outcome in outcomes
            ],
            sequence=sequence,
        )

    async def AddEvidence(
        self, request: messages.AddEvidenceRequest, context: _Context
    ) -> messages.AddEvidenceResponse:
        evidence, confidence = await self._evidence.add(
            _project_id(), sharing_requests.new_evidence_of(request), as_agent_id=request.as_agent_id
        )
        return messages.AddEvidenceResponse(
            evidence=sharing_answers.evidence_message(evidence), confidence=confidence
        )

    async def ListEvidence(
        self, request: messages.ListEvidenceRequest, context: _Context
    ) -> messages.ListEvidenceResponse:
        page = await self._evidence.list_page(
            _project_id(),
            UUID(request.memory_id),
            as_agent_id=request.as_agent_id,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListEvidenceResponse(
            evidence=map(sharing_answers.evidence_message, page.entries), next_page_token=page.next_page_token
        )


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
