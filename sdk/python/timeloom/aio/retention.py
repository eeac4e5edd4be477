"""What is kept: the project's retention policy."""

from __future__ import annotations

from timeloom import _travel_convert as convert
from timeloom._calls import Connection
from timeloom.snapshots.v1 import time_travel_service_pb2 as pb
from timeloom.time_travel import RetentionPolicy


class AsyncRetention:
    """The policy by which the project's snapshots are pruned by themselves, once an hour."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self) -> RetentionPolicy | None:
        """Return the policy; None if everything is kept."""
        method = self._connection.time_travel.GetRetentionPolicy
        response = await self._connection.unary(method, pb.GetRetentionPolicyRequest())
        return convert.policy(response.policy) if response.HasField("policy") else None

    async def set(self, policy: RetentionPolicy) -> RetentionPolicy:
        """Set the policy; it takes the key of an administrator."""
        method = self._connection.time_travel.UpdateRetentionPolicy
        request = pb.UpdateRetentionPolicyRequest(policy=convert.policy_message(policy))
        return convert.policy((await self._connection.unary(method, request)).policy)

    async def clear(self) -> None:
        """Take the policy away: then everything is kept."""
        method = self._connection.time_travel.UpdateRetentionPolicy
        await self._connection.unary(method, pb.UpdateRetentionPolicyRequest())
