"""What becomes of a question to people when one of them decides. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

import msgspec
from msgspec import Raw, Struct

from timeloom_platform.errors import InvalidFieldError, PermissionDeniedError
from timeloom_workflows.errors import WrongStatusError


class Verdict(IntEnum):
    """What somebody decided. The numbers are those of the contract."""

    APPROVED = 1
    REJECTED = 2


class Decision(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one person decided, as details and outputs of steps have it."""

    approved: bool
    time: datetime
    decided_by: str = ""
    comment: str = ""
    data: Raw | None = None


class Question(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a step asks people for, and what they have said so far: the details of its wait.

    Attributes:
        approvers: Who may decide; anybody if empty.
        required_count: How many have to approve. One who rejects is enough.
        on_timeout: What becomes of it if nobody decides in time; its driver reads it.
    """

    question: str = ""
    approvers: Sequence[str] = ()
    required_count: int = 1
    on_timeout: str = ""
    decisions: Sequence[Decision] = ()


class Answer(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the step comes to: who decided last, and all that was said before."""

    approved: bool
    decided_by: str = ""
    comment: str = ""
    data: Raw | None = None
    decisions: Sequence[Decision] = ()


class Decided(Struct, frozen=True):
    """A question after a decision.

    Attributes:
        details: What the step keeps.
        output: What the step comes to; None while more people have to approve.
    """

    details: bytes
    output: bytes | None


def decided(details: bytes | None, decision: Decision) -> Decided | None:
    """Adds a decision to what has been said; None if the same person has said the same before.

    Raises:
        PermissionDeniedError: Somebody else is asked.
        InvalidFieldError: It must be said who decides, for several have to.
        WrongStatusError: The same person has decided otherwise.
    """
    question = msgspec.json.decode(details or b"{}", type=Question)
    required = max(question.required_count, 1)
    if question.approvers and decision.decided_by not in question.approvers:
        raise PermissionDeniedError(
            f"{decision.decided_by or 'Somebody without a name'} is not asked to decide."
        )
    if required > 1 and not decision.decided_by:
        raise InvalidFieldError.of("decidedBy", f"is required, because {required} people have to approve")
    for before in question.decisions:
        if before.decided_by == decision.decided_by:
            if before.approved == decision.approved:
                return None
            raise WrongStatusError(f"{before.decided_by} has decided otherwise before.")
    decisions = (*question.decisions, decision)
    approvals = sum(each.approved for each in decisions)
    kept = msgspec.json.encode(msgspec.structs.replace(question, decisions=decisions))
    if decision.approved and approvals < required:
        return Decided(kept, None)
    answer = Answer(
        approved=decision.approved,
        decided_by=decision.decided_by,
        comment=decision.comment,
        data=decision.data,
        decisions=decisions,
    )
    return Decided(kept, msgspec.json.encode(answer))
