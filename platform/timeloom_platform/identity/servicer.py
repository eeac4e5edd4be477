"""The IdentityService of the contract: protobuf on one side, `Identities` on the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, cast

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.identity.v1 import identity_pb2, identity_service_pb2, identity_service_pb2_grpc
from timeloom.type.v1 import annotations_pb2
from timeloom_platform.auth import Scope, current_identity
from timeloom_platform.authentication import CACHE_SECONDS_MAX
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.identity.model import ApiKey, Project
from timeloom_platform.identity.service import Identities
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


def identity_binding(identities: Identities) -> ServiceBinding:
    """Return the service, ready to be served."""
    return ServiceBinding(
        add=identity_service_pb2_grpc.add_IdentityServiceServicer_to_server,
        servicer=IdentityServicer(identities),
        descriptor=identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"],
    )


class IdentityServicer(identity_service_pb2_grpc.IdentityServiceServicer):
    """Translates; whatever is decided, `Identities` decides."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    async def GetCaller(
        self, request: identity_service_pb2.GetCallerRequest, context: _Context
    ) -> identity_service_pb2.GetCallerResponse:
        identity = current_identity()
        project = await self._identities.get_project(identity.project_id)
        caller = identity_pb2.Caller(
            project_id=identity.project_id,
            project_name=project.name,
            api_key_id=identity.api_key_id,
            scope=_scope(identity.scope),
            agent_id=identity.agent_id,
        )
        return identity_service_pb2.GetCallerResponse(caller=caller)

    async def CreateApiKey(
        self, request: identity_service_pb2.CreateApiKeyRequest, context: _Context
    ) -> identity_service_pb2.CreateApiKeyResponse:
        new = await self._identities.create_api_key(
            current_identity().project_id,
            name=request.name,
            scope=Scope(request.scope),
            expire_time=_time(request.expire_time, "expireTime") if request.HasField("expire_time") else None,
            agent_id=request.agent_id,
        )
        return identity_service_pb2.CreateApiKeyResponse(api_key=_api_key(new.api_key), secret=new.secret)

    async def ListApiKeys(
        self, request: identity_service_pb2.ListApiKeysRequest, context: _Context
    ) -> identity_service_pb2.ListApiKeysResponse:
        page = await self._identities.list_api_keys(
            current_identity().project_id, size=request.page_size, token=request.page_token
        )
        return identity_service_pb2.ListApiKeysResponse(
            api_keys=map(_api_key, page.entries), next_page_token=page.next_page_token
        )

    async def RotateApiKey(
        self, request: identity_service_pb2.RotateApiKeyRequest, context: _Context
    ) -> identity_service_pb2.RotateApiKeyResponse:
        new = await self._identities.rotate_api_key(
            current_identity().project_id, request.api_key_id, grace_seconds=request.grace_seconds
        )
        return identity_service_pb2.RotateApiKeyResponse(api_key=_api_key(new.api_key), secret=new.secret)

    async def RevokeApiKey(
        self, request: identity_service_pb2.RevokeApiKeyRequest, context: _Context
    ) -> identity_service_pb2.RevokeApiKeyResponse:
        api_key = await self._identities.revoke_api_key(current_identity().project_id, request.api_key_id)
        return identity_service_pb2.RevokeApiKeyResponse(api_key=_api_key(api_key))

    async def CreateProject(
        self, request: identity_service_pb2.CreateProjectRequest, context: _Context
    ) -> identity_service_pb2.CreateProjectResponse:
        project, new = await self._identities.create_project(request.name)
        return identity_service_pb2.CreateProjectResponse(
            project=_project(project), api_key=_api_key(new.api_key), secret=new.secret
        )

    async def ListProjects(
        self, request: identity_service_pb2.ListProjectsRequest, context: _Context
    ) -> identity_service_pb2.ListProjectsResponse:
        page = await self._identities.list_projects(size=request.page_size, token=request.page_token)
        return identity_service_pb2.ListProjectsResponse(
            projects=map(_project, page.entries), next_page_token=page.next_page_token
        )

    async def AuthenticateApiKey(
        self, request: identity_service_pb2.AuthenticateApiKeyRequest, context: _Context
    ) -> identity_service_pb2.AuthenticateApiKeyResponse:
        resolved = await self._identities.resolve(request.secret)
        caller = identity_pb2.Caller(
            project_id=resolved.identity.project_id,
            api_key_id=resolved.identity.api_key_id,
            scope=_scope(resolved.identity.scope),
            agent_id=resolved.identity.agent_id,
        )
        response = identity_service_pb2.AuthenticateApiKeyResponse(caller=caller)
        response.expire_time.FromNanoseconds(round(min(resolved.expire_time, _latest()) * 1e9))
        return response


def _latest() -> float:
    return time.time() + CACHE_SECONDS_MAX


def _scope(scope: Scope) -> annotations_pb2.Scope.ValueType:
    return cast("annotations_pb2.Scope.ValueType", int(scope))


def _project(project: Project) -> identity_pb2.Project:
    return identity_pb2.Project(
        id=project.project_id, name=project.name, create_time=_timestamp(project.create_time)
    )


def _api_key(api_key: ApiKey) -> identity_pb2.ApiKey:
    return identity_pb2.ApiKey(
        id=api_key.api_key_id,
        project_id=api_key.project_id,
        name=api_key.name,
        scope=_scope(api_key.scope),
        agent_id=api_key.agent_id,
        expire_time=_timestamp(api_key.expire_time),
        revoke_time=_timestamp(api_key.revoke_time),
        last_use_time=_timestamp(api_key.last_use_time),
        create_time=_timestamp(api_key.create_time),
    )


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _time(timestamp: Timestamp, field: str) -> datetime:
    try:
        return timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidFieldError.of(field, "is not a time that a timestamp can hold") from None
