"""Policies as messages, and back."""

from __future__ import annotations

from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.model import MemoryPolicy
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.times import write_time

_USUAL = MemoryPolicy()


def policy_of(message: messages.MemoryPolicy) -> MemoryPolicy:
    """Reads a policy; what it leaves out is as usual.

    Raises:
        InvalidFieldError: There is no such model of decay.
    """
    if message.decay_model not in messages.DecayModel.values():
        raise InvalidFieldError.of("policy.decayModel", "must be a model of decay")
    return MemoryPolicy(
        decay_model=message.decay_model or _USUAL.decay_model,
        half_life_days=message.half_life_days or _USUAL.half_life_days,
        purge_deleted_after_days=message.purge_deleted_after_days
        if message.HasField("purge_deleted_after_days")
        else _USUAL.purge_deleted_after_days,
        purge_expired_after_days=message.purge_expired_after_days
        if message.HasField("purge_expired_after_days")
        else None,
        archive_retention_below=message.archive_retention_below,
        archive_importance_below=message.archive_importance_below or _USUAL.archive_importance_below,
    )


def policy_message(policy: MemoryPolicy) -> messages.MemoryPolicy:
    """Returns a policy, with what is usual where nothing else was said."""
    message = messages.MemoryPolicy(
        decay_model=messages.DecayModel.ValueType(policy.decay_model),
        half_life_days=policy.half_life_days,
        purge_deleted_after_days=policy.purge_deleted_after_days,
        purge_expired_after_days=policy.purge_expired_after_days,
        archive_retention_below=policy.archive_retention_below,
        archive_importance_below=policy.archive_importance_below,
    )
    if policy.update_time is not None:
        write_time(message.update_time, policy.update_time)
    return message
