"""Playing executions: to their end or a breakpoint, or as the caller commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeAlias
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError, NotFoundError
from timeloom_snapshots.commands import (
    Action,
    Command,
    Jump,
    Move,
    Open,
    Pause,
    Play,
    Range,
    SetBreakpoints,
    Showing,
)
from timeloom_snapshots.inbox import Inbox
from timeloom_snapshots.playback import Frame, Playback, PlaybackState, Status
from timeloom_snapshots.projector import Projector
from timeloom_snapshots.reel import Reel
from timeloom_snapshots.storage import spans
from timeloom_snapshots.storage.spans import Span
from timeloom_snapshots.walk import Walk

Event: TypeAlias = Frame | Status


class Playing:
    """Plays executions."""

    def __init__(self, *, database: Database, walk: Walk) -> None:
        self._database = database
        self._walk = walk
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends all playbacks: they may take long, and their callers turn to another replica."""
        self._closing.set()

    async def play(self, project_id: UUID, showing: Showing, wanted: Range) -> AsyncGenerator[Event]:
        """Yields the frames of a range up to the first breakpoint, at their pace, and at last how it stands.

        Raises:
            NotFoundError: There is no such execution, or no snapshot to begin with.
            InvalidFieldError: The range ends before it begins.
            InvalidExpressionError: The condition of a breakpoint has no answer for a state.
            DataLossError: A state does not have its hash.
            UnavailableError: The service is about to stop; another replica goes on where this one ended.
        """
        span = _within(await self._span(project_id, showing.execution_id), wanted)
        projector = self._projector(project_id, showing, span)
        projector.play(speed=wanted.speed, is_reverse=wanted.is_reverse)
        frame = await projector.begin(span.last if wanted.is_reverse else span.first, stops=True)
        async with aclosing(Inbox[None](_nothing(), self._closing)) as inbox:
            while True:
                yield frame
                if projector.state is not PlaybackState.PLAYING:
                    break
                await inbox.take(seconds=projector.seconds_until_next())
                frame = await projector.next()
        yield projector.status

    async def control(
        self, project_id: UUID, commands: AsyncIterator[Command]
    ) -> AsyncGenerator[tuple[int, Event]]:
        """Yields what commands lead to, with their numbers, and what comes by itself, with the number zero.

        It ends after the last command, when nothing comes by itself any more. A command that cannot be obeyed
        ends it with an error.

        Raises:
            NotFoundError: There is no such execution, or not the snapshot that was asked for.
            InvalidFieldError: The first command does not open the playback, or another one does.
            InvalidExpressionError: The condition of a breakpoint has no answer for a state.
            DataLossError: A state does not have its hash.
            UnavailableError: The service is about to stop.
        """
        async with aclosing(Inbox(commands, self._closing)) as inbox:
            opening = await inbox.take(seconds=None)
            if opening is None:
                return
            if not isinstance(opening.action, Open):
                raise InvalidFieldError.of("open", "must be the first command")
            showing = opening.action.showing
            span = await self._span(project_id, showing.execution_id)
            projector = self._projector(project_id, showing, span)
            yield opening.request_id, await projector.begin(opening.action.sequence or span.first)
            yield opening.request_id, projector.status
            while True:
                is_playing = projector.state is PlaybackState.PLAYING
                command = await inbox.take(seconds=projector.seconds_until_next() if is_playing else None)
                if command is not None:
                    projector.extend(await self._span(project_id, showing.execution_id))
                    async with aclosing(_obey(projector, command.action)) as events:
                        async for event in events:
                            yield command.request_id, event
                elif projector.state is PlaybackState.PLAYING:
                    yield 0, await projector.next()
                    if projector.state is not PlaybackState.PLAYING:
                        yield 0, projector.status
                elif inbox.is_exhausted:
                    return

    async def _span(self, project_id: UUID, execution_id: UUID) -> Span:
        async with self._database.transaction(str(project_id)) as connection:
            return await spans.required(connection, project_id, execution_id)

    def _projector(self, project_id: UUID, showing: Showing, span: Span) -> Projector:
        return Projector(
            playback=Playback(
                content=showing.content,
                path=showing.path,
                breakpoints=showing.breakpoints,
                pause_seconds_max=showing.pause_seconds_max,
            ),
            reel=Reel(self._walk, project_id, showing.execution_id),
            execution_id=showing.execution_id,
            span=span,
        )


async def _obey(projector: Projector, action: Action) -> AsyncGenerator[Event]:
    match action:
        case Play():
            projector.play(speed=action.speed, is_reverse=action.is_reverse)
            await projector.look_ahead()
        case Pause():
            projector.pause()
        case Move(count):
            async with aclosing(projector.move(count)) as frames:
                async for frame in frames:
                    yield frame
        case Jump(sequence):
            yield await projector.begin(sequence)
        case SetBreakpoints(breakpoints):
            projector.playback.breakpoints = breakpoints
        case Open():
            raise InvalidFieldError.of("open", "must be the first command alone")
    yield projector.status


def _within(span: Span, wanted: Range) -> Span:
    """Returns the part of an execution that is to be played.

    Raises:
        NotFoundError: It begins where there is nothing any more.
        InvalidFieldError: It ends before it begins.
    """
    first = (wanted.to_sequence if wanted.is_reverse else wanted.from_sequence) or span.first
    last = (wanted.from_sequence if wanted.is_reverse else wanted.to_sequence) or span.head
    if first > last and not wanted.to_sequence:
        raise NotFoundError(f"There is no snapshot {wanted.from_sequence}.")
    if first > last:
        direction = "after" if wanted.is_reverse else "before"
        raise InvalidFieldError.of("toSequence", f"must not be {direction} the beginning")
    return Span(head=span.head, first=first, last=last)


async def _nothing() -> AsyncGenerator[None]:
    return
    yield
