"""The EventSearchService of the contract: protobuf on one side, searching on the other."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import event_search_service_pb2 as messages
from timeloom.observability.v1 import event_search_service_pb2_grpc as services
from timeloom_observability.search.searching import Match, Search, Searching
from timeloom_observability.showing import listed_message
from timeloom_platform.auth import current_identity
from timeloom_platform.server import ServiceBinding

LIMIT_DEFAULT: Final = 20

_Context = grpc.aio.ServicerContext[Any, Any]


class EventSearchServicer(services.EventSearchServiceServicer):
    """Translates; what is found, and why, the search decides."""

    def __init__(self, searching: Searching) -> None:
        self._searching = searching

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_EventSearchServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["EventSearchService"],
        )

    async def SearchEvents(
        self, request: messages.SearchEventsRequest, context: _Context
    ) -> messages.SearchEventsResponse:
        matches, by_meaning = await self._searching.search(
            Search(
                project_id=UUID(current_identity().project_id),
                query=request.query,
                event_filter=request.filter,
                limit=request.limit or LIMIT_DEFAULT,
                by_words=request.mode != messages.SEARCH_MODE_MEANING,
                by_meaning=request.mode != messages.SEARCH_MODE_WORDS,
            )
        )
        return messages.SearchEventsResponse(matches=map(_message, matches), by_meaning=by_meaning)


def _message(match: Match) -> messages.EventMatch:
    return messages.EventMatch(
        event=listed_message(match.row),
        score=match.worth,
        word_rank=match.word_rank,
        meaning_rank=match.meaning_rank,
        similarity=match.similarity,
        words=match.marked.words,
        excerpt=match.marked.excerpt,
    )
