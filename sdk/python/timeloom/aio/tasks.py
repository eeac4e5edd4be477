"""Tasks: what people want agents to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from timeloom._calls import Connection
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.records import Task, TaskMode, TaskPriority, TaskStatus
from timeloom.workspace.v1 import workspace_pb2 as nouns
from timeloom.workspace.v1 import workspace_service_pb2 as pb

NOTHING: Final = b"null"


class AsyncTasks:
    """The project's tasks: what people want agents to do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        title: str,
        *,
        description: str = "",
        status: TaskStatus | None = None,
        priority: TaskPriority | None = None,
        mode: TaskMode | None = None,
        user_id: str = "",
        session_id: str = "",
        environment_id: str = "",
        repository: str = "",
        branch: str = "",
        status_message: str = "",
        has_changes: bool = False,
        archived: bool = False,
        messages: Any = None,
        pull_request: Any = None,
        tags: Iterable[str] = (),
        metadata: Any = None,
        task_id: str = "",
    ) -> Task:
        """Create a task, and return it.

        Args:
            title: For people.
            description: What is to be done.
            status: How far it is; PENDING if None.
            priority: How soon it is to be done; MEDIUM if None.
            mode: What an agent is to do with it; CODE if None.
            user_id: Whose it is; the project's if empty.
            session_id: The conversation that it is worked on in.
            environment_id: Where it is worked on.
            repository: Where the code is.
            branch: Where the work is.
            status_message: What to tell people about its status.
            has_changes: Whether its work changed something that is not merged.
            archived: Whether it is put away.
            messages: A list of those that were exchanged about it.
            pull_request: A JSON object about what came of it.
            tags: Any number of words to find it by.
            metadata: Any JSON object to keep with it.
            task_id: A UUID of your own.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
            AlreadyExistsError: The identifier is taken.
        """
        request = filled(
            pb.CreateTaskRequest(),
            title=title,
            description=description,
            status=status,
            priority=priority,
            mode=mode,
            user_id=user_id,
            session_id=session_id,
            environment_id=environment_id,
            repository=repository,
            branch=branch,
            status_message=status_message,
            has_changes=has_changes,
            archived=archived,
            messages=messages,
            pull_request=pull_request,
            tags=tuple(tags),
            metadata=metadata,
            task_id=task_id,
        )
        response = await self._connection.unary(self._connection.workspace.CreateTask, request)
        return read(Task, response.task)

    async def get(self, task_id: str) -> Task:
        """Return a task.

        Raises:
            NotFoundError: There is none.
        """
        request = pb.GetTaskRequest(task_id=task_id)
        response = await self._connection.unary(self._connection.workspace.GetTask, request)
        return read(Task, response.task)

    def list(
        self,
        *,
        statuses: Iterable[TaskStatus] = (),
        priority: TaskPriority | None = None,
        archived: bool | None = None,
        user_id: str | None = None,
        session_id: str = "",
        environment_id: str = "",
        repository: str = "",
        tags: Iterable[str] = (),
        query: str = "",
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 50,
    ) -> AsyncPager[Task]:
        """List tasks: `async for task in client.tasks.list()`.

        Args:
            statuses: One of these.
            priority: This one.
            archived: Only those that are put away, or only those that are not; both if None.
            user_id: Only this user's; the project's own if empty, everybody's if None.
            session_id: Only those of this conversation.
            environment_id: Only those that are worked on there.
            repository: Only those of this repository.
            tags: All of these.
            query: Words that occur in the title, description or messages, in any case.
            order_by: `update_time`, `create_time`, `priority` or `title`, falling if ` desc` follows;
                those that changed last come first if empty.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            pb.ListTasksRequest(),
            statuses=tuple(statuses),
            priority=priority,
            archived=archived,
            user_id=user_id,
            session_id=session_id,
            environment_id=environment_id,
            repository=repository,
            tags=tuple(tags),
            query=query,
            order_by=order_by,
        )
        return listed(
            self._connection,
            lambda: self._connection.workspace.ListTasks,
            request,
            kind=Task,
            field="tasks",
            limit=limit,
            page_size=page_size,
        )

    async def update(
        self,
        task_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        status: TaskStatus | None = None,
        priority: TaskPriority | None = None,
        mode: TaskMode | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        environment_id: str | None = None,
        repository: str | None = None,
        branch: str | None = None,
        status_message: str | None = None,
        has_changes: bool | None = None,
        archived: bool | None = None,
        messages: Any = None,
        pull_request: Any = None,
        without_pull_request: bool = False,
        tags: Iterable[str] | None = None,
        metadata: Any = None,
        etag: str = "",
    ) -> Task:
        """Change a task, and return it as it is then; what is None stays as it is.

        Args:
            task_id: The task.
            title: For people.
            description: What is to be done.
            status: How far it is.
            priority: How soon it is to be done.
            mode: What an agent is to do with it.
            user_id: Whose it is; the project's if empty.
            session_id: The conversation that it is worked on in.
            environment_id: Where it is worked on; nowhere if empty.
            repository: Where the code is.
            branch: Where the work is.
            status_message: What to tell people about its status.
            has_changes: Whether its work changed something that is not merged.
            archived: Whether it is put away.
            messages: All its messages from now on.
            pull_request: A JSON object about what came of it.
            without_pull_request: Nothing came of it.
            tags: All its tags from now on.
            metadata: A JSON merge patch: a member that is null is removed.
            etag: Refuse the change if the task has another one.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: Somebody else changed it.
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        request = filled(
            pb.UpdateTaskRequest(task_id=task_id, etag=etag),
            title=title,
            description=description,
            status=status,
            priority=priority,
            mode=mode,
            user_id=user_id,
            session_id=session_id,
            environment_id=environment_id,
            repository=repository,
            branch=branch,
            status_message=status_message,
            has_changes=has_changes,
            archived=archived,
            messages=messages,
            pull_request=pull_request,
            tags=None if tags is None else nouns.WordList(words=tags),
            metadata=metadata,
        )
        if without_pull_request:
            request.pull_request = NOTHING
        response = await self._connection.unary(self._connection.workspace.UpdateTask, request)
        return read(Task, response.task)

    async def delete(self, task_id: str, *, etag: str = "") -> None:
        """Delete a task for good; refuse it if the task has another etag than the one that is given."""
        request = pb.DeleteTaskRequest(task_id=task_id, etag=etag)
        await self._connection.unary(self._connection.workspace.DeleteTask, request)
