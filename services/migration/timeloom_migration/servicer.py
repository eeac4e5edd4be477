"""The MigrationService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.migration.v1 import migration_pb2
from timeloom.migration.v1 import migration_service_pb2 as messages
from timeloom.migration.v1 import migration_service_pb2_grpc as services
from timeloom_migration.advancing import Advancing
from timeloom_migration.answers import conflict_message, item_message, migration_message, verification_message
from timeloom_migration.commands import Commands
from timeloom_migration.lifecycle import Status
from timeloom_migration.model import Source
from timeloom_migration.planning.model import Action, Family, Resolution, SecretPolicy
from timeloom_migration.questions import Questions
from timeloom_migration.uploads import Uploads
from timeloom_platform.auth import current_identity
from timeloom_platform.ids import uuid7
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MigrationServicer(services.MigrationServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(
        self, *, uploads: Uploads, commands: Commands, questions: Questions, advancing: Advancing
    ) -> None:
        self._uploads = uploads
        self._commands = commands
        self._questions = questions
        self._advancing = advancing

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MigrationServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MigrationService"],
        )

    async def CreateMigration(
        self, request: messages.CreateMigrationRequest, context: _Context
    ) -> messages.CreateMigrationResponse:
        overview = await self._uploads.create(
            _project_id(),
            UUID(request.migration_id) if request.migration_id else uuid7(),
            source=_source_of(request.source),
            record_count=request.record_count,
            sha256=request.sha256,
            document=request.records,
            conflict_resolution=_resolution_of(request.conflict_resolution) or Resolution.SKIP,
            secret_policy=_policy_of(request.secret_policy),
        )
        return messages.CreateMigrationResponse(migration=migration_message(overview))

    async def AppendRecords(
        self, request: messages.AppendRecordsRequest, context: _Context
    ) -> messages.AppendRecordsResponse:
        overview = await self._uploads.append(
            _project_id(),
            UUID(request.migration_id),
            first_index=request.first_index,
            document=request.records,
        )
        return messages.AppendRecordsResponse(migration=migration_message(overview))

    async def GetMigration(
        self, request: messages.GetMigrationRequest, context: _Context
    ) -> messages.GetMigrationResponse:
        overview = await self._questions.get(_project_id(), UUID(request.migration_id))
        return messages.GetMigrationResponse(migration=migration_message(overview))

    async def ListMigrations(
        self, request: messages.ListMigrationsRequest, context: _Context
    ) -> messages.ListMigrationsResponse:
        page = await self._questions.list_page(
            _project_id(),
            statuses=[
                Status(_word(migration_pb2.MigrationStatus.Name(each), "MIGRATION_STATUS_"))
                for each in request.statuses
                if each
            ],
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListMigrationsResponse(
            migrations=map(migration_message, page.entries), next_page_token=page.next_page_token
        )

    async def DeleteMigration(
        self, request: messages.DeleteMigrationRequest, context: _Context
    ) -> messages.DeleteMigrationResponse:
        await self._commands.delete(_project_id(), UUID(request.migration_id))
        return messages.DeleteMigrationResponse()

    async def PlanMigration(
        self, request: messages.PlanMigrationRequest, context: _Context
    ) -> messages.PlanMigrationResponse:
        overview = await self._commands.plan(
            _project_id(), UUID(request.migration_id), _resolution_of(request.conflict_resolution)
        )
        return messages.PlanMigrationResponse(migration=migration_message(overview))

    async def ListMigrationItems(
        self, request: messages.ListMigrationItemsRequest, context: _Context
    ) -> messages.ListMigrationItemsResponse:
        page = await self._questions.list_items(
            _project_id(),
            UUID(request.migration_id),
            actions=[
                Action(_word(migration_pb2.MigrationAction.Name(each), "MIGRATION_ACTION_"))
                for each in request.actions
                if each
            ],
            families=[
                Family(_word(migration_pb2.RecordFamily.Name(each), "RECORD_FAMILY_"))
                for each in request.families
                if each
            ],
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListMigrationItemsResponse(
            items=map(item_message, page.entries), next_page_token=page.next_page_token
        )

    async def StartMigration(
        self, request: messages.StartMigrationRequest, context: _Context
    ) -> messages.StartMigrationResponse:
        overview = await self._commands.start(_project_id(), UUID(request.migration_id))
        return messages.StartMigrationResponse(migration=migration_message(overview))

    async def PauseMigration(
        self, request: messages.PauseMigrationRequest, context: _Context
    ) -> messages.PauseMigrationResponse:
        overview = await self._commands.pause(_project_id(), UUID(request.migration_id))
        return messages.PauseMigrationResponse(migration=migration_message(overview))

    async def ResumeMigration(
        self, request: messages.ResumeMigrationRequest, context: _Context
    ) -> messages.ResumeMigrationResponse:
        overview = await self._commands.resume(_project_id(), UUID(request.migration_id))
        return messages.ResumeMigrationResponse(migration=migration_message(overview))

    async def VerifyMigration(
        self, request: messages.VerifyMigrationRequest, context: _Context
    ) -> messages.VerifyMigrationResponse:
        verification = await self._commands.verify(_project_id(), UUID(request.migration_id))
        return messages.VerifyMigrationResponse(verification=verification_message(verification))

    async def RollBackMigration(
        self, request: messages.RollBackMigrationRequest, context: _Context
    ) -> messages.RollBackMigrationResponse:
        overview = await self._commands.roll_back(_project_id(), UUID(request.migration_id))
        return messages.RollBackMigrationResponse(migration=migration_message(overview))

    async def ListMigrationConflicts(
        self, request: messages.ListMigrationConflictsRequest, context: _Context
    ) -> messages.ListMigrationConflictsResponse:
        page = await self._questions.list_conflicts(
            _project_id(),
            UUID(request.migration_id),
            only_open=request.only_open,
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListMigrationConflictsResponse(
            conflicts=map(conflict_message, page.entries), next_page_token=page.next_page_token
        )

    async def ResolveMigrationConflict(
        self, request: messages.ResolveMigrationConflictRequest, context: _Context
    ) -> messages.ResolveMigrationConflictResponse:
        overview = await self._commands.resolve(
            _project_id(),
            UUID(request.migration_id),
            UUID(request.conflict_id) if request.conflict_id else None,
            _resolution_of(request.resolution),
        )
        return messages.ResolveMigrationConflictResponse(migration=migration_message(overview))

    async def WatchMigration(
        self, request: messages.WatchMigrationRequest, context: _Context
    ) -> AsyncGenerator[messages.WatchMigrationResponse]:
        watching = self._questions.watch(_project_id(), UUID(request.migration_id))
        async with aclosing(watching):
            async for overview in watching:
                yield messages.WatchMigrationResponse(migration=migration_message(overview))

    async def AdvanceMigration(
        self, request: messages.AdvanceMigrationRequest, context: _Context
    ) -> messages.AdvanceMigrationResponse:
        overview, is_done = await self._advancing.advance(_project_id(), UUID(request.migration_id))
        return messages.AdvanceMigrationResponse(migration=migration_message(overview), done=is_done)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)


def _source_of(source: migration_pb2.ExportSource) -> Source:
    return Source(
        origin=source.origin,
        app=source.app,
        app_version=source.app_version,
        user_agent=source.user_agent,
        user_id=source.user_id,
    )


def _resolution_of(value: migration_pb2.ConflictResolution.ValueType) -> Resolution | None:
    if not value:
        return None
    return Resolution(_word(migration_pb2.ConflictResolution.Name(value), "CONFLICT_RESOLUTION_"))


def _policy_of(value: migration_pb2.SecretPolicy.ValueType) -> SecretPolicy:
    if not value:
        return SecretPolicy.SEAL
    return SecretPolicy(_word(migration_pb2.SecretPolicy.Name(value), "SECRET_POLICY_"))


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)
