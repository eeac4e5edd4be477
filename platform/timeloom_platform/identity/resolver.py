"""How a service that receives an API key directly learns what it opens: it asks the IdentityService."""

from __future__ import annotations

import grpc
import grpc.aio

from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform import failures
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.authentication import ResolvedKey
from timeloom_platform.errors import ExpiredApiKeyError, InvalidApiKeyError, UnavailableError

TIMEOUT_SECONDS = 5.0
_SERVICE = Identity(project_id="", scope=Scope.INTERNAL)


class RemoteKeyResolver:
    """Asks over a channel (`ApiKeyResolver`)."""

    def __init__(self, channel: grpc.aio.Channel, tokens: InternalTokens) -> None:
        self._stub = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self._tokens = tokens

    async def resolve(self, api_key: str) -> ResolvedKey:
        """Return what the key opens."""
        request = identity_service_pb2.AuthenticateApiKeyRequest(secret=api_key)
        metadata = ((INTERNAL_TOKEN_METADATA, self._tokens.mint(_SERVICE)),)
        try:
            response = await self._stub.AuthenticateApiKey(
                request, metadata=metadata, timeout=TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error) from error
        caller = response.caller
        return ResolvedKey(
            identity=Identity(
                project_id=caller.project_id,
                scope=Scope(caller.scope),
                api_key_id=caller.api_key_id,
                agent_id=caller.agent_id,
            ),
            expire_time=response.expire_time.ToNanoseconds() / 1e9,
        )


def _failure(error: grpc.aio.AioRpcError) -> Exception:
    reason = failures.reason_of(error)
    if reason == ExpiredApiKeyError.reason:
        return ExpiredApiKeyError("The API key has expired.")
    if reason == InvalidApiKeyError.reason:
        return InvalidApiKeyError("The API key is unknown or was revoked.")
    return UnavailableError(
        "The API key cannot be checked at the moment.", retry_after_seconds=failures.RETRY_AFTER_SECONDS
    )
