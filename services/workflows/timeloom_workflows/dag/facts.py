"""What a plan goes by besides the definition and the steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_workflows.model import Execution, TriggerType


class Facts(Struct, frozen=True, kw_only=True):
    """An execution as far as its definition can see it; nothing of it changes."""

    execution_id: UUID
    workflow_id: str
    workflow_version: int
    create_time: datetime
    input: bytes | None = None
    deadline: datetime | None = None
    trigger: TriggerType = TriggerType.MANUAL
    trigger_id: str = ""
    tags: Sequence[str] = ()
    attributes: bytes | None = None
    priority: int = 0

    @classmethod
    def of(cls, execution: Execution) -> Self:
        """Returns those of an execution."""
        return cls(
            execution_id=execution.id,
            workflow_id=execution.workflow_id,
            workflow_version=execution.workflow_version,
            create_time=execution.create_time,
            input=execution.input,
            deadline=execution.deadline,
            trigger=execution.trigger,
            trigger_id=execution.trigger_id,
            tags=execution.tags,
            attributes=execution.attributes,
            priority=execution.priority,
        )

    def variable(self) -> dict[str, Any]:
        """Returns what expressions see as `execution`."""
        return {
            "id": str(self.execution_id),
            "workflowId": self.workflow_id,
            "workflowVersion": self.workflow_version,
            "createTime": self.create_time.isoformat().replace("+00:00", "Z"),
            "trigger": self.trigger.name,
            "triggerId": self.trigger_id,
            "tags": list(self.tags),
            "attributes": msgspec.json.decode(self.attributes) if self.attributes else {},
        }
