"""What tests of sharing say to the service, in few words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tests.integration.memory.service import MemoryClient, refused
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_sharing_service_pb2 as messages

HIDDEN: Final = "NOT_FOUND"
DENIED: Final = "PERMISSION_DENIED"


@dataclass(frozen=True)
class Sharing:
    """Calls the MemorySharingService as the client does."""

    client: MemoryClient

    async def share(self, principal: str = "project", *, seconds: int = 0, **fields: Any) -> memory_pb2.Grant:
        """Gives a permission, for so many seconds if that is said."""
        request = messages.ShareRequest(principal=principal, **fields)
        if seconds:
            request.expire_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=seconds))
        return (await self.client.sharing.Share(request, metadata=self.client.metadata)).grant

    async def grants(self, **fields: Any) -> list[memory_pb2.Grant]:
        """Returns all grants, page by page."""
        found: list[memory_pb2.Grant] = []
        token = ""
        while True:
            request = messages.ListGrantsRequest(page_token=token, **fields)
            page = await self.client.sharing.ListGrants(request, metadata=self.client.metadata)
            found.extend(page.grants)
            token = page.next_page_token
            if not token:
                return found

    async def revoke(self, grant_id: str, **fields: Any) -> None:
        """Takes a permission back."""
        request = messages.RevokeGrantRequest(grant_id=grant_id, **fields)
        await self.client.sharing.RevokeGrant(request, metadata=self.client.metadata)

    async def end(self, grant_id: str) -> None:
        """Lets the time of a grant run out."""
        async with self.client.rows() as connection:
            await connection.execute("UPDATE grants SET expire_time = now() WHERE id = $1", UUID(grant_id))

    async def team(self, team_id: str, *agent_ids: str) -> memory_pb2.Team:
        """Says who is in a team."""
        request = messages.SetTeamRequest(team_id=team_id, agent_ids=agent_ids)
        return (await self.client.sharing.SetTeam(request, metadata=self.client.metadata)).team

    async def dissolve(self, team_id: str) -> None:
        """Ends a team."""
        request = messages.DeleteTeamRequest(team_id=team_id)
        await self.client.sharing.DeleteTeam(request, metadata=self.client.metadata)

    async def subscribe(self, agent_id: str = "", **fields: Any) -> memory_pb2.Subscription:
        """Lets an agent learn of what is new."""
        request = messages.CreateSubscriptionRequest(agent_id=agent_id, **fields)
        answer = await self.client.sharing.CreateSubscription(request, metadata=self.client.metadata)
        return answer.subscription

    async def read(self, subscription_id: str, **fields: Any) -> messages.ReadSubscriptionResponse:
        """Returns what is new."""
        request = messages.ReadSubscriptionRequest(subscription_id=subscription_id, **fields)
        return await self.client.sharing.ReadSubscription(request, metadata=self.client.metadata)

    async def acknowledge(
        self, subscription_id: str, sequence: int, **fields: Any
    ) -> memory_pb2.Subscription:
        """Notes up to where an agent has read."""
        request = messages.AcknowledgeSubscriptionRequest(
            subscription_id=subscription_id, sequence=sequence, **fields
        )
        answer = await self.client.sharing.AcknowledgeSubscription(request, metadata=self.client.metadata)
        return answer.subscription

    async def say(self, memory_id: str, agent_id: str, stance: int, **fields: Any) -> float:
        """Confirms or contradicts a memory; returns its confidence from then on."""
        request = messages.AddEvidenceRequest(
            memory_id=memory_id,
            agent_id=agent_id,
            stance=memory_pb2.Stance.ValueType(stance),
            **fields,
        )
        return (await self.client.sharing.AddEvidence(request, metadata=self.client.metadata)).confidence

    async def evidence(self, memory_id: str, **fields: Any) -> list[memory_pb2.Evidence]:
        """Returns what was said about a memory."""
        request = messages.ListEvidenceRequest(memory_id=memory_id, **fields)
        answer = await self.client.sharing.ListEvidence(request, metadata=self.client.metadata)
        return list(answer.evidence)

    async def sync(
        self, source: tuple[str, str], target: tuple[str, str], **fields: Any
    ) -> messages.SyncMemoriesResponse:
        """Brings the memories of one side, a namespace and a session, over to another."""
        request = messages.SyncMemoriesRequest(
            source=messages.SyncSide(namespace=source[0], session_id=source[1]),
            target=messages.SyncSide(namespace=target[0], session_id=target[1]),
            **fields,
        )
        return await self.client.sharing.SyncMemories(request, metadata=self.client.metadata)


async def reason_of(call: Any) -> str:
    """Returns why a call is refused."""
    return (await refused(call)).reason


async def wrong_field(call: Any) -> str:
    """Returns the field for which a call is refused."""
    refusal = await refused(call)
    assert refusal.reason == "INVALID_FIELD"
    return refusal.message.split()[0]
