"""As which agent a call acts.

A request names the agent in a field `as_agent_id`, at its top or in a message within it; an empty one stands
for the project itself. Whoever is bound to an agent acts as that agent, whatever the method: the field is
filled in before the servicer sees the request, and another agent in it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from timeloom_platform.errors import InvalidFieldError, PermissionDeniedError

AGENT_ID_LENGTH_MAX: Final = 200
_FIELD: Final = "as_agent_id"
_NOT_A_SEGMENT: Final = frozenset({"", ".", ".."})

Binder = Callable[[Message, str], None]


def check_agent_id(agent_id: str, field: str) -> None:
    """Do nothing if an agent may have the id: it is one segment of paths, and a person can read it.

    Raises:
        InvalidFieldError: It may not.
    """
    if len(agent_id) > AGENT_ID_LENGTH_MAX:
        raise InvalidFieldError.of(field, f"must be an id of at most {AGENT_ID_LENGTH_MAX} characters")
    if agent_id in _NOT_A_SEGMENT or "/" in agent_id:
        raise InvalidFieldError.of(field, "must be an id that is not empty, . or .. and has no /")
    if not agent_id.isprintable() or agent_id != agent_id.strip():
        raise InvalidFieldError.of(
            field, "must be an id without characters that cannot be seen and without spaces around it"
        )


class AgentBinders:
    """Compiles how requests are bound to an agent, and keeps what it has compiled."""

    def __init__(self) -> None:
        self._plans: dict[str, _Plan] = {}

    def compile(self, descriptor: Descriptor) -> Binder | None:
        """Return the function that makes a request of this type act as an agent; None if it cannot name one.

        It raises a `PermissionDeniedError` if the request names another agent.
        """
        plan = self._plan(descriptor)
        return plan.bind if plan.names_an_agent(set()) else None

    def _plan(self, descriptor: Descriptor) -> _Plan:
        plan = self._plans.get(descriptor.full_name)
        if plan is None:
            # Known before it is filled, because a type may contain itself.
            plan = self._plans[descriptor.full_name] = _Plan()
            plan.is_direct = _FIELD in descriptor.fields_by_name
            plan.nested = [
                (field, self._plan(field.message_type))
                for field in descriptor.fields
                if field.message_type is not None and not field.message_type.GetOptions().map_entry
            ]
        return plan


class _Plan:
    """Where messages of one type name the agent."""

    def __init__(self) -> None:
        self.is_direct = False
        self.nested: list[tuple[FieldDescriptor, _Plan]] = []

    def names_an_agent(self, seen: set[int]) -> bool:
        """Whether it does so anywhere."""
        if id(self) in seen:
            return False
        seen.add(id(self))
        return self.is_direct or any(plan.names_an_agent(seen) for _, plan in self.nested)

    def bind(self, message: Any, agent_id: str) -> None:
        """Make the message act as the agent."""
        if self.is_direct:
            if message.as_agent_id not in ("", agent_id):
                raise PermissionDeniedError(
                    f"These credentials are bound to the agent {agent_id}: they cannot act as another one."
                )
            message.as_agent_id = agent_id
        for field, plan in self.nested:
            if field.is_repeated:
                for each in getattr(message, field.name):
                    plan.bind(each, agent_id)
            elif message.HasField(field.name):
                plan.bind(getattr(message, field.name), agent_id)
