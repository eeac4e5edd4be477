"""Scores: how good agents' work was."""

from __future__ import annotations

from typing import Any

from timeloom._calls import Connection
from timeloom._ids import uuid7
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.observability.v1 import scores_service_pb2 as pb
from timeloom.telemetry import Score, ScoreSource


class AsyncScores:
    """How good agents' work was: judged by people, programs and models."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        name: str,
        value: float | None = None,
        *,
        label: str = "",
        comment: str = "",
        source: ScoreSource | None = None,
        trace_id: str = "",
        span_id: str = "",
        execution_id: str = "",
        session_id: str = "",
        author_id: str = "",
        metadata: Any = None,
        score_id: str = "",
    ) -> Score:
        """Give a score, and return it.

        Args:
            name: What is judged, such as `helpfulness`.
            value: How good it is; None if there is a label.
            label: Such as `good`.
            comment: Why.
            source: Who judges; HUMAN if None.
            trace_id: The trace that is judged. At least one of this and the next three.
            span_id: The span in it.
            execution_id: The execution.
            session_id: The conversation.
            author_id: Who judges.
            metadata: Any JSON value to keep with it.
            score_id: A UUID of your own; a score of the same one is replaced.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        request = filled(
            pb.CreateScoreRequest(),
            score_id=score_id or uuid7(),
            name=name,
            value=value,
            label=label,
            comment=comment,
            source=source,
            trace_id=trace_id,
            span_id=span_id,
            execution_id=execution_id,
            session_id=session_id,
            author_id=author_id,
            metadata=metadata,
        )
        response = await self._connection.unary(self._connection.scores.CreateScore, request)
        return read(Score, response.score)

    def list(
        self,
        *,
        name: str = "",
        trace_id: str = "",
        execution_id: str = "",
        session_id: str = "",
        source: ScoreSource | None = None,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Score]:
        """List scores, newest first.

        Args:
            name: Only those of this name.
            trace_id: Only those of this trace and its spans.
            execution_id: Only those of this execution.
            session_id: Only those of this conversation.
            source: Only those that were given so.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            pb.ListScoresRequest(),
            name=name,
            trace_id=trace_id,
            execution_id=execution_id,
            session_id=session_id,
            source=source,
        )
        return listed(
            self._connection,
            lambda: self._connection.scores.ListScores,
            request,
            kind=Score,
            field="scores",
            limit=limit,
            page_size=page_size,
        )

    async def delete(self, score_id: str) -> None:
        """Take a score back."""
        request = pb.DeleteScoreRequest(score_id=score_id)
        await self._connection.unary(self._connection.scores.DeleteScore, request)
