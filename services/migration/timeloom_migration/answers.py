"""From what is kept to the messages of the contract."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.migration.v1 import migration_pb2
from timeloom_migration.lifecycle import Command, allows
from timeloom_migration.model import Conflict, Counts, Overview, Stage, StoredItem, Verification
from timeloom_migration.planning.model import Action


def migration_message(overview: Overview) -> migration_pb2.Migration:
    """Returns a migration."""
    kept, source = overview.migration, overview.migration.source
    message = migration_pb2.Migration(
        id=str(kept.id),
        status=migration_pb2.MigrationStatus.Value(f"MIGRATION_STATUS_{kept.status}"),
        source=migration_pb2.ExportSource(
            origin=source.origin,
            app=source.app,
            app_version=source.app_version,
            user_agent=source.user_agent,
            user_id=source.user_id,
        ),
        conflict_resolution=migration_pb2.ConflictResolution.Value(
            f"CONFLICT_RESOLUTION_{kept.conflict_resolution}"
        ),
        secret_policy=migration_pb2.SecretPolicy.Value(f"SECRET_POLICY_{kept.secret_policy}"),
        sha256=kept.sha256,
        record_count=kept.record_count,
        received_record_count=kept.received_record_count,
        progress=kept.progress,
        open_conflict_count=overview.open_conflict_count,
        error=kept.error,
        workflow_execution_id=str(kept.workflow_execution_id or ""),
        can_roll_back=allows(kept.status, Command.ROLL_BACK),
        create_time=timestamp(kept.create_time),
        update_time=timestamp(kept.update_time),
        start_time=timestamp(kept.start_time),
        end_time=timestamp(kept.end_time),
        etag=kept.etag,
    )
    if overview.counts.by_action:
        message.counts.CopyFrom(_counts_message(overview.counts))
    return message


def item_message(item: StoredItem) -> migration_pb2.MigrationItem:
    """Returns an item."""
    return migration_pb2.MigrationItem(
        number=item.number,
        record_index=item.record_index,
        key=item.key,
        family=migration_pb2.RecordFamily.Value(f"RECORD_FAMILY_{item.family}"),
        source_id=item.source_id,
        table=item.table,
        target_id=str(item.target_id or ""),
        action=migration_pb2.MigrationAction.Value(f"MIGRATION_ACTION_{item.action or 'UNSPECIFIED'}"),
        reason=item.reason,
        done=item.stage is Stage.DONE,
        fields=item.changed,
    )


def conflict_message(conflict: Conflict) -> migration_pb2.MigrationConflict:
    """Returns a conflict."""
    return migration_pb2.MigrationConflict(
        id=str(conflict.id),
        item=item_message(conflict.item),
        existing=(conflict.existing or "").encode(),
        incoming=(conflict.incoming or "").encode(),
        from_rollback=conflict.from_rollback,
        resolution=migration_pb2.ConflictResolution.Value(
            f"CONFLICT_RESOLUTION_{conflict.resolution or 'UNSPECIFIED'}"
        ),
        create_time=timestamp(conflict.create_time),
        resolve_time=timestamp(conflict.resolve_time),
    )


def verification_message(verification: Verification) -> migration_pb2.Verification:
    """Returns what a verification found."""
    return migration_pb2.Verification(
        ok=verification.ok,
        checked_count=verification.checked_count,
        problem_count=verification.problem_count,
        problems=(
            migration_pb2.VerificationProblem(
                item_number=each.item_number,
                table=each.table,
                target_id=each.target_id,
                problem=each.problem,
            )
            for each in verification.problems
        ),
        time=timestamp(verification.time),
    )


def timestamp(time: datetime | None) -> Timestamp | None:
    """Returns a time, if there is one."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def _counts_message(counts: Counts) -> migration_pb2.MigrationCounts:
    of = counts.by_action.get
    return migration_pb2.MigrationCounts(
        create=of(Action.CREATE, 0),
        merge=of(Action.MERGE, 0),
        overwrite=of(Action.OVERWRITE, 0),
        rename=of(Action.RENAME, 0),
        skip=of(Action.SKIP, 0),
        refuse=of(Action.REFUSE, 0),
        ask=of(Action.ASK, 0),
        keep=of(Action.KEEP, 0),
        done=counts.done,
    )
