"""What the workspace's clients return: frozen values, with the names of the API's contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class TaskStatus(StrEnum):
    """How far a task is."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class TaskPriority(StrEnum):
    """How soon a task is to be done."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class TaskMode(StrEnum):
    """What an agent is to do with a task: change the code, or answer a question."""

    CODE = "CODE"
    ASK = "ASK"


class AgentSessionType(StrEnum):
    """What kind of conversation an agent session is."""

    CHAT = "CHAT"
    VOICE = "VOICE"
    BRAINSTORM = "BRAINSTORM"
    MULTI_AGENT = "MULTI_AGENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that a person wants an agent to do.

    Attributes:
        id: A UUID.
        title: For people.
        description: What is to be done.
        status: How far it is.
        priority: How soon it is to be done.
        mode: What an agent is to do with it.
        user_id: Whose it is; empty if it is the project's.
        session_id: The conversation that it is worked on in.
        environment_id: Where it is worked on; empty if that is not known.
        repository: Where the code is.
        branch: Where the work is.
        status_message: What to tell people about its status.
        has_changes: Whether its work changed something that is not merged.
        archived: Whether it is put away.
        messages: Those that were exchanged about it, in order.
        pull_request: What came of it; None if there is none.
        tags: Words to find it by.
        metadata: Whatever is kept with it.
        create_time: When it was made.
        update_time: When it changed last.
        etag: Changes whenever the task does.
    """

    id: str
    title: str
    description: str
    status: TaskStatus
    priority: TaskPriority
    mode: TaskMode
    user_id: str
    session_id: str
    environment_id: str
    repository: str
    branch: str
    status_message: str
    has_changes: bool
    archived: bool
    messages: Any
    pull_request: Any
    tags: Sequence[str]
    metadata: Any
    create_time: datetime
    update_time: datetime
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place where agents work: a repository, and what is needed to reach it.

    Attributes:
        id: A UUID.
        name: Unique in the project.
        description: For people.
        github_organization: Whose the repository is.
        github_repository: Where the code is.
        variables: Settings that are no secrets, by name.
        secret_names: The names of its secrets. Their values are sealed: nobody gets them back.
        user_id: Whose it is; empty if it is the project's.
        metadata: Whatever is kept with it.
        create_time: When it was made.
        update_time: When it changed last.
        etag: Changes whenever the environment does.
    """

    id: str
    name: str
    description: str
    github_organization: str
    github_repository: str
    variables: Mapping[str, str]
    secret_names: Sequence[str]
    user_id: str
    metadata: Any
    create_time: datetime
    update_time: datetime
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What a person has chosen.

    Attributes:
        id: A UUID.
        user_id: Whose it is; empty if it is the project's.
        key: Unique among its user's, such as `theme`.
        value: Any JSON value.
        create_time: When it was made.
        update_time: When it changed last.
        etag: Changes whenever the preference does.
    """

    id: str
    user_id: str
    key: str
    value: Any
    create_time: datetime
    update_time: datetime
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSession:
    """A conversation between a person and agents, as an app keeps it.

    Attributes:
        id: A UUID.
        user_id: Whose it is.
        agent_id: With whom.
        type: What kind of conversation it is.
        title: For people.
        data: Whatever the app keeps of it.
        current_stage: Where it stands.
        total_stages: How many stages it has.
        active: Whether it goes on.
        start_time: When it began.
        end_time: When it ended; None if it has not.
        last_interaction_time: When something was said last.
        metadata: Whatever is kept with it.
        create_time: When it was made.
        update_time: When it changed last.
        etag: Changes whenever the session does.
    """

    id: str
    user_id: str
    agent_id: str
    type: AgentSessionType
    title: str
    data: Any
    current_stage: str
    total_stages: int
    active: bool
    start_time: datetime | None
    end_time: datetime | None
    last_interaction_time: datetime | None
    metadata: Any
    create_time: datetime
    update_time: datetime
    etag: str
