"""Who may see which memories, and how agents learn from one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from timeloom._calls import Connection
from timeloom._messages import assign, read
from timeloom._pages import AsyncPager
from timeloom.memories import (
    ConflictPolicy,
    Evidence,
    Grant,
    Memory,
    MemoryKind,
    Namespace,
    NewsPage,
    Permission,
    Stance,
    Subscription,
    SyncOutcome,
    Team,
)
from timeloom.memory.v1 import memory_sharing_service_pb2 as pb

LONG_TIMEOUT_SECONDS: Final = 120.0


class AsyncMemorySharing:
    """Namespaces, grants, teams, subscriptions, synchronisation and evidence: a part of the memories."""

    def __init__(self, connection: Connection, agent_id: str = "") -> None:
        self._connection = connection
        self._agent_id = agent_id

    # -- Namespaces -------------------------------------------------------------------

    async def create_namespace(
        self, name: str, *, description: str = "", embedding_model: str | None = None
    ) -> Namespace:
        """Create a namespace, or return the one that is there. Writing to one creates it, too.

        Args:
            name: Segments joined by `/`, such as `agent/researcher` or `team/support/tickets`.
            description: For people.
            embedding_model: What makes vectors here; the installation's default if None, nothing if empty.
        """
        request = pb.CreateNamespaceRequest(
            namespace=name,
            description=description,
            embedding_model=embedding_model,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory_sharing.CreateNamespace, request)
        return read(Namespace, response.namespace)

    async def namespace(self, name: str) -> Namespace:
        """Return a namespace."""
        request = pb.GetNamespaceRequest(namespace=name, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_sharing.GetNamespace, request)
        return read(Namespace, response.namespace)

    def namespaces(
        self, prefix: str = "", *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Namespace]:
        """List namespaces by name: all, or one with those below it."""
        request = pb.ListNamespacesRequest(prefix=prefix, as_agent_id=self._agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[Namespace], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_sharing.ListNamespaces, request)
            return [read(Namespace, each) for each in response.namespaces], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def update_namespace(self, name: str, *, description: str, etag: str = "") -> Namespace:
        """Change the description of a namespace."""
        request = pb.UpdateNamespaceRequest(
            namespace=name, description=description, etag=etag, as_agent_id=self._agent_id
        )
        response = await self._connection.unary(self._connection.memory_sharing.UpdateNamespace, request)
        return read(Namespace, response.namespace)

    async def delete_namespace(self, name: str) -> int:
        """Delete a namespace with all its memories, and return how many these were."""
        request = pb.DeleteNamespaceRequest(namespace=name, as_agent_id=self._agent_id)
        response = await self._connection.unary(
            self._connection.memory_sharing.DeleteNamespace, request, timeout_seconds=LONG_TIMEOUT_SECONDS
        )
        return response.memory_count

    # -- Grants and teams -------------------------------------------------------------

    async def share(
        self,
        *,
        principal: str,
        namespace: str = "",
        memory_id: str = "",
        permission: Permission = Permission.READ,
        expire_time: datetime | None = None,
    ) -> Grant:
        """Give a principal a permission on a namespace, with all below it, or on one memory.

        Args:
            principal: `agent/<id>`, `team/<id>` or `project`.
            namespace: The namespace; or else
            memory_id: the memory.
            permission: What it may do.
            expire_time: When that ends; never if None.
        """
        request = pb.ShareRequest(
            namespace=namespace, memory_id=memory_id, principal=principal, as_agent_id=self._agent_id
        )
        assign(request, "permission", permission)
        assign(request, "expire_time", expire_time)
        response = await self._connection.unary(self._connection.memory_sharing.Share, request)
        return read(Grant, response.grant)

    def grants(
        self,
        *,
        namespace: str = "",
        memory_id: str = "",
        principal: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Grant]:
        """List grants, newest first: all, or those on a namespace or memory, or of a principal."""
        request = pb.ListGrantsRequest(
            namespace=namespace, memory_id=memory_id, principal=principal, as_agent_id=self._agent_id
        )

        async def fetch(size: int, token: str) -> tuple[Sequence[Grant], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_sharing.ListGrants, request)
            return [read(Grant, each) for each in response.grants], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def revoke(self, grant_id: str) -> None:
        """Take a permission back, at once."""
        request = pb.RevokeGrantRequest(grant_id=grant_id, as_agent_id=self._agent_id)
        await self._connection.unary(self._connection.memory_sharing.RevokeGrant, request)

    async def set_team(self, team_id: str, agent_ids: Iterable[str]) -> Team:
        """Say which agents a team has; it takes the key of an administrator."""
        request = pb.SetTeamRequest(team_id=team_id, agent_ids=agent_ids)
        response = await self._connection.unary(self._connection.memory_sharing.SetTeam, request)
        return read(Team, response.team)

    def teams(
        self, agent_id: str = "", *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Team]:
        """List teams: all, or those of an agent."""
        request = pb.ListTeamsRequest(agent_id=agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[Team], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_sharing.ListTeams, request)
            return [read(Team, each) for each in response.teams], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def delete_team(self, team_id: str) -> None:
        """Delete a team; the memories of `team/<id>` stay."""
        await self._connection.unary(
            self._connection.memory_sharing.DeleteTeam, pb.DeleteTeamRequest(team_id=team_id)
        )

    # -- Subscriptions ----------------------------------------------------------------

    async def subscribe(
        self,
        *,
        agent_id: str = "",
        namespaces: Iterable[str] = (),
        kinds: Iterable[MemoryKind] = (),
        tags: Iterable[str] = (),
    ) -> Subscription:
        """Let an agent learn of new memories: everywhere it may read, or only where and what is named."""
        request = pb.CreateSubscriptionRequest(
            agent_id=agent_id, namespaces=namespaces, tags=tags, as_agent_id=self._agent_id
        )
        assign(request, "kinds", kinds)
        response = await self._connection.unary(self._connection.memory_sharing.CreateSubscription, request)
        return read(Subscription, response.subscription)

    def subscriptions(
        self, agent_id: str = "", *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Subscription]:
        """List subscriptions: all, or those of an agent."""
        request = pb.ListSubscriptionsRequest(agent_id=agent_id, as_agent_id=self._agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[Subscription], str]:
            request.page_size, request.page_token = size, token
            method = self._connection.memory_sharing.ListSubscriptions
            response = await self._connection.unary(method, request)
            return [read(Subscription, each) for each in response.subscriptions], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def news(self, subscription_id: str, *, limit: int = 50) -> NewsPage:
        """Return what is new for a subscription, oldest first; `acknowledge` its sequence afterwards."""
        request = pb.ReadSubscriptionRequest(
            subscription_id=subscription_id, limit=limit, as_agent_id=self._agent_id
        )
        response = await self._connection.unary(self._connection.memory_sharing.ReadSubscription, request)
        memories = tuple(read(Memory, each) for each in response.memories)
        return NewsPage(memories=memories, sequence=response.sequence)

    async def acknowledge(self, subscription_id: str, sequence: int) -> Subscription:
        """Note up to where a subscription has been read."""
        request = pb.AcknowledgeSubscriptionRequest(
            subscription_id=subscription_id, sequence=sequence, as_agent_id=self._agent_id
        )
        method = self._connection.memory_sharing.AcknowledgeSubscription
        return read(Subscription, (await self._connection.unary(method, request)).subscription)

    async def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription."""
        request = pb.DeleteSubscriptionRequest(subscription_id=subscription_id, as_agent_id=self._agent_id)
        await self._connection.unary(self._connection.memory_sharing.DeleteSubscription, request)

    # -- Learning from one another ----------------------------------------------------

    async def sync(
        self,
        source: str,
        target: str,
        *,
        source_session_id: str = "",
        target_session_id: str = "",
        policy: ConflictPolicy = ConflictPolicy.NEWEST,
        similarity: float = 0.0,
        both_ways: bool = False,
        dry_run: bool = False,
    ) -> tuple[SyncOutcome, ...]:
        """Bring the memories of one namespace or session over to another; nothing is lost.

        Args:
            source: The namespace to copy from.
            target: The namespace to copy to.
            source_session_id: Only this session of the source.
            target_session_id: Only this session of the target.
            policy: What happens where both have a memory of the same key, or near-duplicates.
            similarity: From which cosine on two are near-duplicates; 0.95 if zero.
            both_ways: Also the other way.
            dry_run: Only say what would happen.
        """
        request = pb.SyncMemoriesRequest(
            source=pb.SyncSide(namespace=source, session_id=source_session_id),
            target=pb.SyncSide(namespace=target, session_id=target_session_id),
            similarity=similarity,
            dry_run=dry_run,
            both_ways=both_ways,
            as_agent_id=self._agent_id,
        )
        assign(request, "policy", policy)
        response = await self._connection.unary(
            self._connection.memory_sharing.SyncMemories, request, timeout_seconds=LONG_TIMEOUT_SECONDS
        )
        return tuple(read(SyncOutcome, each) for each in response.outcomes)

    async def confirm(
        self, memory_id: str, *, note: str = "", evidence_memory_id: str = "", agent_id: str = ""
    ) -> float:
        """Say that a memory is right, and return its confidence."""
        return await self._add_evidence(
            memory_id, Stance.CONFIRMS, note=note, evidence_memory_id=evidence_memory_id, agent_id=agent_id
        )

    async def contradict(
        self, memory_id: str, *, note: str = "", evidence_memory_id: str = "", agent_id: str = ""
    ) -> float:
        """Say that a memory is wrong, and return its confidence."""
        return await self._add_evidence(
            memory_id, Stance.CONTRADICTS, note=note, evidence_memory_id=evidence_memory_id, agent_id=agent_id
        )

    async def _add_evidence(self, memory_id: str, stance: Stance, **fields: Any) -> float:
        request = pb.AddEvidenceRequest(memory_id=memory_id, as_agent_id=self._agent_id, **fields)
        assign(request, "stance", stance)
        response = await self._connection.unary(self._connection.memory_sharing.AddEvidence, request)
        return response.confidence

    def evidence(
        self, memory_id: str, *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Evidence]:
        """List what agents found out about a memory, newest first."""
        request = pb.ListEvidenceRequest(memory_id=memory_id, as_agent_id=self._agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[Evidence], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_sharing.ListEvidence, request)
            return [read(Evidence, each) for each in response.evidence], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)
