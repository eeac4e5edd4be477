"""The tables that are registered: which are shown, and what of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from google.protobuf.descriptor import EnumDescriptor

from timeloom.memory.v1 import memory_pb2
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.workflows.v1 import workflows_pb2
from timeloom_workspace.shapes.tables import Registration, Words

_UNSPECIFIED: Final = "UNSPECIFIED"


def _of_workspace(name: str) -> Registration:
    return Registration(
        name=name,
        schema="workspace",
        table=name,
        role="timeloom_workspace",
        # What changes are merged by says nothing to a client.
        hidden=frozenset({"field_clocks"}),
    )


def _words(column: str, enum: EnumDescriptor) -> Words:
    """Those of the contract, without the prefix that all names of an enum have."""
    prefix = enum.values_by_number[0].name.removesuffix(_UNSPECIFIED)
    return Words(
        column=column,
        by_number=tuple((value.number, value.name.removeprefix(prefix)) for value in enum.values),
    )


def _named(columns: str) -> frozenset[str]:
    return frozenset(columns.split())


_WORKSPACE_TABLES: Final = ("tasks", "environments", "preferences", "agent_sessions", "sync_conflicts")

MIGRATIONS: Final = Registration(
    name="migrations",
    schema="migration",
    table="migrations",
    role="timeloom_migration",
    # How the service drives them is its own affair.
    hidden=frozenset({"phase", "goal", "driven", "runs", "restarts", "position", "workflow_execution_id"}),
    publication="timeloom_shapes_migration",
)

# Of tables that are written all the time only some columns are published: none that changes with every step,
# and none that may be large.

EXECUTIONS: Final = Registration(
    name="executions",
    schema="snapshots",
    table="executions",
    role="timeloom_snapshots",
    publication="timeloom_shapes_executions",
    columns=_named(
        """
        id agent_id session_id name status tags trace_id forked_from_execution_id forked_from_sequence
        create_time end_time
        """
    ),
    words=(_words("status", snapshots_pb2.DESCRIPTOR.enum_types_by_name["ExecutionStatus"]),),
    gone_column="delete_time",
)

WORKFLOW_EXECUTIONS: Final = Registration(
    name="workflow_executions",
    schema="workflows",
    table="executions",
    role="timeloom_workflows",
    publication="timeloom_shapes_workflow_executions",
    columns=_named(
        """
        id workflow_id workflow_version status waiting_for cancelling priority tags trigger trigger_id
        parent_id parent_step_id forked_from_id forked_from_step_id retry_count
        create_time start_time end_time deadline
        """
    ),
    words=(
        _words("status", workflows_pb2.DESCRIPTOR.enum_types_by_name["WorkflowExecutionStatus"]),
        _words("waiting_for", workflows_pb2.DESCRIPTOR.enum_types_by_name["WaitReason"]),
        _words("trigger", workflows_pb2.DESCRIPTOR.enum_types_by_name["TriggerType"]),
    ),
)

MEMORIES: Final = Registration(
    name="memories",
    schema="memory",
    table="memories",
    role="timeloom_memory",
    publication="timeloom_shapes_memories",
    columns=_named(
        """
        id namespace key agent_id session_id kind tags importance confidence occur_time valid_from valid_to
        expire_time archived cluster_id superseded_by supersedes version create_time update_time
        """
    ),
    words=(_words("kind", memory_pb2.DESCRIPTOR.enum_types_by_name["MemoryKind"]),),
    gone_column="delete_time",
    # Which memories an agent may read, the memory service knows alone.
    is_open_to_agents=False,
)

LOGGED_WHOLE: Final[Sequence[Registration]] = (
    *(_of_workspace(name) for name in _WORKSPACE_TABLES),
    MIGRATIONS,
)
"""Those of which the log has old rows: Electric knows no others."""
REGISTERED: Final[Sequence[Registration]] = (*LOGGED_WHOLE, EXECUTIONS, WORKFLOW_EXECUTIONS, MEMORIES)
