"""The use cases of prices."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, TypeAlias
from uuid import UUID

from timeloom_observability.keeping import storage
from timeloom_observability.prices import PriceTables
from timeloom_observability.pricing.names import ANY_PROVIDER, names_of
from timeloom_observability.pricing.prices import built_in_prices
from timeloom_observability.pricing.table import Price
from timeloom_platform.database import Database
from timeloom_platform.errors import AlreadyExistsError, NotFoundError, OverloadedError
from timeloom_platform.pagination import Cursors, ListIdentity, Page, Scalar

PRICES_MAX: Final = 1_000
"""The prices of a project's own."""

_Place: TypeAlias = tuple[bool, str, str, int, int, str]


class Prices:
    """The prices of all projects, and those that come with Timeloom."""

    def __init__(self, *, database: Database, cursors: Cursors, tables: PriceTables) -> None:
        self._database = database
        self._cursors = cursors
        self._tables = tables

    async def list_page(self, project_id: UUID, *, model: str, page_token: str, limit: int) -> Page[Price]:
        """Returns a page of prices: the project's own, then the others, each by provider, model and time.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {"list": "prices", "project": str(project_id), "model": model}
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            own = await storage.select_prices(connection, project_id)
        names = names_of(model) if model else []
        listed = [price for price in (*own, *built_in_prices()) if not model or _is_of(price, names)]
        listed.sort(key=_place)
        begin = bisect_right(listed, _place_at(position), key=_place) if position is not None else 0
        return self._cursors.page(
            listed[begin : begin + limit + 1], limit=limit, of=identity, position=_place
        )

    async def create(self, project_id: UUID, price: Price) -> None:
        """Adds a price of the project's own.

        Raises:
            AlreadyExistsError: There is one for the same model from the same time on.
            OverloadedError: The project has too many.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if await storage.lock_prices(connection, project_id) >= PRICES_MAX:
                raise OverloadedError(
                    f"The project has {PRICES_MAX} prices of its own: take some of them away."
                )
            if not await storage.insert_price(connection, project_id, price):
                raise AlreadyExistsError(
                    f"There is a price of {price.model} from that time on: take it away first."
                )
        self._tables.forget(project_id)

    async def delete(self, project_id: UUID, price_id: UUID) -> None:
        """Takes a price of the project's own away.

        Raises:
            NotFoundError: The project has none of this id.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await storage.delete_price(connection, project_id, price_id):
                raise NotFoundError(f"The project has no price {price_id} of its own.")
        self._tables.forget(project_id)


def _is_of(price: Price, names: list[str]) -> bool:
    return any(price.matches(ANY_PROVIDER, name) for name in names)


def _place(price: Price) -> _Place:
    """Returns where a price stands in the list."""
    return (
        price.built_in,
        price.provider,
        price.model,
        -(price.effective_ns // 1_000),
        price.input_tokens_max or 0,
        str(price.id),
    )


def _place_at(position: list[Scalar]) -> _Place:
    built_in, provider, model, effective, tokens, price_id = position
    return (bool(built_in), str(provider), str(model), int(effective or 0), int(tokens or 0), str(price_id))
