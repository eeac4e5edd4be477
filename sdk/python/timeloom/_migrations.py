"""Migrations for the blocking client."""

from __future__ import annotations

from timeloom._blocking import Facade, blocking, iterating, paging
from timeloom.aio.migrations import AsyncMigrations


class Migrations(Facade[AsyncMigrations]):
    """The project's migrations, each one import of a browser's data."""

    upload = blocking(AsyncMigrations.upload)
    get = blocking(AsyncMigrations.get)
    find = blocking(AsyncMigrations.find)
    list = paging(AsyncMigrations.list)
    items = paging(AsyncMigrations.items)
    conflicts = paging(AsyncMigrations.conflicts)
    watch = iterating(AsyncMigrations.watch)
    wait = blocking(AsyncMigrations.wait)
    plan = blocking(AsyncMigrations.plan)
    start = blocking(AsyncMigrations.start)
    pause = blocking(AsyncMigrations.pause)
    resume = blocking(AsyncMigrations.resume)
    resolve = blocking(AsyncMigrations.resolve)
    verify = blocking(AsyncMigrations.verify)
    roll_back = blocking(AsyncMigrations.roll_back)
    delete = blocking(AsyncMigrations.delete)
