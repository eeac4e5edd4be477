"""The project's API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._pages import AsyncPager
from timeloom.api_keys import ApiKey, KeyScope, NewApiKey
from timeloom.identity.v1 import identity_pb2
from timeloom.identity.v1 import identity_service_pb2 as pb
from timeloom.type.v1 import annotations_pb2


class AsyncApiKeys:
    """The keys that open the project. Looking after them takes the key of an administrator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        name: str,
        *,
        scope: KeyScope = KeyScope.WRITE,
        agent_id: str = "",
        expire_time: datetime | None = None,
    ) -> NewApiKey:
        """Create a key, and return it with its secret, which cannot be shown again.

        Args:
            name: For people, such as `laptop of Ada`.
            scope: What it allows.
            agent_id: Binds the key to an agent: with it one acts as this agent and as no other. Such a key
                reads or writes; it cannot be an administrator's.
            expire_time: When it stops working; never if None.
        """
        request = pb.CreateApiKeyRequest(
            name=name,
            scope=annotations_pb2.Scope.Value(f"SCOPE_{scope.name}"),
            agent_id=agent_id,
            expire_time=convert.timestamp(expire_time),
        )
        response = await self._connection.unary(self._connection.identity.CreateApiKey, request)
        return NewApiKey(api_key=_api_key(response.api_key), secret=response.secret)

    def list(self, *, limit: int | None = None, page_size: int = 200) -> AsyncPager[ApiKey]:
        """List the project's keys, newest first, without their secrets."""
        request = pb.ListApiKeysRequest()

        async def fetch(size: int, token: str) -> tuple[Sequence[ApiKey], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.identity.ListApiKeys, request)
            return [_api_key(each) for each in response.api_keys], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def revoke(self, api_key_id: str) -> ApiKey:
        """Revoke a key at once and for ever."""
        request = pb.RevokeApiKeyRequest(api_key_id=api_key_id)
        response = await self._connection.unary(self._connection.identity.RevokeApiKey, request)
        return _api_key(response.api_key)


def _api_key(message: identity_pb2.ApiKey) -> ApiKey:
    return ApiKey(
        id=message.id,
        name=message.name,
        scope=KeyScope[annotations_pb2.Scope.Name(message.scope).removeprefix("SCOPE_")],
        agent_id=message.agent_id,
        create_time=message.create_time.ToDatetime(UTC),
        expire_time=_time(message.expire_time, is_set=message.HasField("expire_time")),
        revoke_time=_time(message.revoke_time, is_set=message.HasField("revoke_time")),
        last_use_time=_time(message.last_use_time, is_set=message.HasField("last_use_time")),
    )


def _time(timestamp: Timestamp, *, is_set: bool) -> datetime | None:
    return timestamp.ToDatetime(UTC) if is_set else None
