"""The SyncService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workspace.v1 import sync_service_pb2 as messages
from timeloom.workspace.v1 import sync_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.sync.answers import (
    conflict_message,
    dead_letter_message,
    mutation_of,
    policy_message,
    result_message,
)
from timeloom_workspace.sync.deciding import Conflicts, DeadLetters, Policies
from timeloom_workspace.sync.model import Choice, ConflictStatus
from timeloom_workspace.sync.mutations import Mutations
from timeloom_workspace.sync.policies import Policy

_Context = grpc.aio.ServicerContext[Any, Any]


class SyncServicer(services.SyncServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self,
        *,
        mutations: Mutations,
        conflicts: Conflicts,
        dead_letters: DeadLetters,
        policies: Policies,
    ) -> None:
        self._mutations = mutations
        self._conflicts = conflicts
        self._dead_letters = dead_letters
        self._policies = policies

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_SyncServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["SyncService"],
        )

    async def ApplyMutations(
        self, request: messages.ApplyMutationsRequest, context: _Context
    ) -> messages.ApplyMutationsResponse:
        mutations = [mutation_of(each) for each in request.mutations]
        results = await self._mutations.apply(_project_id(), request.client_id, mutations)
        return messages.ApplyMutationsResponse(
            results=map(result_message, results), clock=self._mutations.clock_after(mutations)
        )

    async def ListSyncConflicts(
        self, request: messages.ListSyncConflictsRequest, context: _Context
    ) -> messages.ListSyncConflictsResponse:
        page = await self._conflicts.list_page(
            _project_id(),
            status=_status_of(request.status),
            table=_text("table", request.table),
            record_id=UUID(request.record_id) if request.record_id else None,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListSyncConflictsResponse(
            conflicts=map(conflict_message, page.entries), next_page_token=page.next_page_token
        )

    async def GetSyncConflict(
        self, request: messages.GetSyncConflictRequest, context: _Context
    ) -> messages.GetSyncConflictResponse:
        conflict = await self._conflicts.get(_project_id(), UUID(request.conflict_id))
        return messages.GetSyncConflictResponse(conflict=conflict_message(conflict))

    async def ResolveSyncConflict(
        self, request: messages.ResolveSyncConflictRequest, context: _Context
    ) -> messages.ResolveSyncConflictResponse:
        try:
            choice = Choice(request.choice)
        except ValueError:
            raise InvalidFieldError.of("choice", "must be one of those that are known") from None
        conflict = await self._conflicts.resolve(
            _project_id(), UUID(request.conflict_id), choice, request.value or None
        )
        return messages.ResolveSyncConflictResponse(conflict=conflict_message(conflict))

    async def ListMutationDeadLetters(
        self, request: messages.ListMutationDeadLettersRequest, context: _Context
    ) -> messages.ListMutationDeadLettersResponse:
        page = await self._dead_letters.list_page(
            _project_id(),
            client_id=_text("clientId", request.client_id),
            table=_text("table", request.table),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListMutationDeadLettersResponse(
            dead_letters=map(dead_letter_message, page.entries), next_page_token=page.next_page_token
        )

    async def RedriveMutation(
        self, request: messages.RedriveMutationRequest, context: _Context
    ) -> messages.RedriveMutationResponse:
        result = await self._dead_letters.redrive(
            _project_id(), UUID(request.dead_letter_id), request.value or None
        )
        return messages.RedriveMutationResponse(result=result_message(result))

    async def DiscardMutation(
        self, request: messages.DiscardMutationRequest, context: _Context
    ) -> messages.DiscardMutationResponse:
        await self._dead_letters.discard(_project_id(), UUID(request.dead_letter_id))
        return messages.DiscardMutationResponse()

    async def ListSyncPolicies(
        self, request: messages.ListSyncPoliciesRequest, context: _Context
    ) -> messages.ListSyncPoliciesResponse:
        policies = await self._policies.all(_project_id())
        return messages.ListSyncPoliciesResponse(
            policies=[policy_message(table, policy) for table, policy in policies.items()]
        )

    async def SetSyncPolicy(
        self, request: messages.SetSyncPolicyRequest, context: _Context
    ) -> messages.SetSyncPolicyResponse:
        try:
            policy = Policy(request.policy)
        except ValueError:
            raise InvalidFieldError.of("policy", "must be one of those that are known") from None
        await self._policies.set(_project_id(), request.table, policy)
        return messages.SetSyncPolicyResponse(policy=policy_message(request.table, policy))


def _project_id() -> UUID:
    return UUID(current_identity().project_id)


def _status_of(number: int) -> ConflictStatus | None:
    try:
        return ConflictStatus(number) if number else None
    except ValueError:
        raise InvalidFieldError.of("status", "must be one of those that are known") from None


def _text(name: str, text: str) -> str:
    if "\x00" in text:
        raise InvalidFieldError.of(name, "must not contain the character U+0000")
    return text
