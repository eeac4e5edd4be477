"""Preferences: what users have chosen."""

from __future__ import annotations

from typing import Any

from timeloom import _convert as convert
from timeloom._calls import Connection
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.errors import AlreadyExistsError
from timeloom.records import Preference
from timeloom.workspace.v1 import workspace_service_pb2 as pb


class AsyncPreferences:
    """What the project's users have chosen."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, key: str, value: Any, *, user_id: str = "", preference_id: str = "") -> Preference:
        """Create a preference, and return it.

        Args:
            key: Unique among its user's, such as `theme`.
            value: Any JSON value.
            user_id: Whose it is; the project's if empty.
            preference_id: A UUID of your own.

        Raises:
            AlreadyExistsError: The user has one of this key.
        """
        request = pb.CreatePreferenceRequest(
            key=key,
            value=convert.document(value, of="value"),
            user_id=user_id,
            preference_id=preference_id,
        )
        response = await self._connection.unary(self._connection.workspace.CreatePreference, request)
        return read(Preference, response.preference)

    async def set(self, key: str, value: Any, *, user_id: str = "") -> Preference:
        """Give a preference of a user another value, or create it."""
        found = [each async for each in self.list(key=key, user_id=user_id, limit=1)]
        if not found:
            try:
                return await self.create(key, value, user_id=user_id)
            except AlreadyExistsError:
                found = [each async for each in self.list(key=key, user_id=user_id, limit=1)]
        return await self.update(found[0].id, value)

    async def get(self, preference_id: str) -> Preference:
        """Return a preference.

        Raises:
            NotFoundError: There is none.
        """
        request = pb.GetPreferenceRequest(preference_id=preference_id)
        response = await self._connection.unary(self._connection.workspace.GetPreference, request)
        return read(Preference, response.preference)

    def list(
        self,
        *,
        key: str = "",
        key_prefix: str = "",
        user_id: str | None = None,
        query: str = "",
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 50,
    ) -> AsyncPager[Preference]:
        """List preferences by their keys, unless another order is asked for.

        Args:
            key: Only those of this key.
            key_prefix: Only those whose keys begin so.
            user_id: Only this user's; the project's own if empty, everybody's if None.
            query: Words that occur in the key, in any case.
            order_by: `key`, `update_time` or `create_time`, falling if ` desc` follows.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            pb.ListPreferencesRequest(),
            key=key,
            key_prefix=key_prefix,
            user_id=user_id,
            query=query,
            order_by=order_by,
        )
        return listed(
            self._connection,
            lambda: self._connection.workspace.ListPreferences,
            request,
            kind=Preference,
            field="preferences",
            limit=limit,
            page_size=page_size,
        )

    async def update(self, preference_id: str, value: Any, *, etag: str = "") -> Preference:
        """Give a preference another value, and return it.

        Args:
            preference_id: The preference.
            value: Any JSON value.
            etag: Refuse the change if the preference has another one.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: Somebody else changed it.
        """
        request = pb.UpdatePreferenceRequest(
            preference_id=preference_id, value=convert.document(value, of="value"), etag=etag
        )
        response = await self._connection.unary(self._connection.workspace.UpdatePreference, request)
        return read(Preference, response.preference)

    async def delete(self, preference_id: str, *, etag: str = "") -> None:
        """Delete a preference for good; refuse it if it has another etag than the one that is given."""
        request = pb.DeletePreferenceRequest(preference_id=preference_id, etag=etag)
        await self._connection.unary(self._connection.workspace.DeletePreference, request)
