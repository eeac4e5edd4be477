"""The console's way in: a link, a cookie, and what keeps other pages from using it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.integration.gateway.house import House, Tenant
from timeloom_gateway.security import sessions as sessions_module
from timeloom_gateway.security.sessions import COOKIE_SECONDS, ROTATION_SECONDS, SessionKeeper
from timeloom_gateway.storage import SessionStore
from timeloom_gateway.web.errors import SessionExpiredError
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.database import Database
from timeloom_platform.errors import UnauthenticatedError

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def make_link(house: House, tenant: Tenant) -> str:
    token = house.tokens.mint(Identity(project_id=tenant.project_id, scope=Scope.ADMIN))
    async with house.client(x_timeloom_identity=token) as stack:
        answer = await stack.post("/auth/links")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


@pytest_asyncio.fixture(loop_scope="module")
async def browser(house: House, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that followed a link."""
    async with house.client(origin=house.url) as client:
        answer = await client.get(await make_link(house, tenant))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        yield client


async def test_a_link_sets_cookies_that_scripts_of_other_sites_never_see(
    house: House, tenant: Tenant
) -> None:
    async with house.client() as client:
        answer = await client.get(await make_link(house, tenant))
    session, csrf = answer.headers.get_list("set-cookie")
    attributes = {part.strip() for part in session.split(";")[1:]}
    assert attributes == {"Path=/", "SameSite=Strict", f"Max-Age={COOKIE_SECONDS}", "HttpOnly"}
    assert "HttpOnly" not in csrf
    assert answer.headers["cache-control"] == "no-store"


async def test_a_link_works_once(house: House, tenant: Tenant) -> None:
    link = await make_link(house, tenant)
    async with house.client() as client:
        assert (await client.get(link)).status_code == 303
    async with house.client() as other:
        again = await other.get(link)
    assert again.status_code == 401
    assert again.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in again.headers


async def test_only_timeloom_itself_makes_links(house: House, api: httpx.AsyncClient) -> None:
    assert (await api.post("/auth/links")).json()["code"] == "UNAUTHENTICATED"
    async with house.client(x_timeloom_identity="forged") as forger:
        assert (await forger.post("/auth/links")).status_code == 401


async def test_the_session_acts_for_its_project(browser: httpx.AsyncClient, tenant: Tenant) -> None:
    session = (await browser.get("/auth/session")).json()
    assert (session["projectId"], session["scope"]) == (tenant.project_id, "ADMIN")
    assert (await browser.get("/api/caller")).json()["projectId"] == tenant.project_id


async def test_a_change_needs_the_anti_forgery_token_and_the_own_origin(browser: httpx.AsyncClient) -> None:
    token = (await browser.get("/auth/session")).json()["csrfToken"]
    assert token == browser.cookies["timeloom_csrf"]
    body = {"agentId": "a"}

    async def status(**headers: str) -> tuple[int, str]:
        answer = await browser.post("/api/executions", json=body, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert await status() == (403, "CSRF_REJECTED")
    assert await status(**{"x-csrf-token": "0" * 64}) == (403, "CSRF_REJECTED")
    evil = {"x-csrf-token": token, "origin": "https://evil.example"}
    assert await status(**evil) == (403, "CSRF_REJECTED")
    assert (await status(**{"x-csrf-token": token}))[0] == 200


async def test_a_session_that_has_ended_is_worth_nothing(house: House, browser: httpx.AsyncClient) -> None:
    token = browser.cookies["timeloom_csrf"]
    stolen = dict(browser.cookies)
    ended = await browser.delete("/auth/session", headers={"x-csrf-token": token})
    assert ended.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in ended.headers.get_list("set-cookie"))
    async with house.client() as thief:
        thief.cookies.update(stolen)
        answer = await thief.get("/api/caller")
    assert answer.status_code == 401


@pytest.mark.parametrize("cookie", ["nonsense", "a.b.c", ""])
async def test_a_forged_cookie_is_refused_and_taken_away(house: House, cookie: str) -> None:
    async with house.client(cookie=f"timeloom_session={cookie}") as forger:
        answer = await forger.get("/api/caller")
    assert answer.status_code == 401


async def test_an_api_key_needs_no_anti_forgery_token(house: House, tenant: Tenant) -> None:
    async with house.client(tenant, origin="https://elsewhere.example") as client:
        assert (await client.post("/api/executions", json={"agentId": "a"})).status_code == 200


async def test_a_key_begins_a_session_of_its_scope(house: House, tenant: Tenant) -> None:
    async with house.client(tenant) as holder:
        begun = await holder.post("/auth/session")
    assert begun.status_code == 201
    session = begun.json()
    assert (session["projectId"], session["scope"]) == (tenant.project_id, "ADMIN")
    async with house.client(origin=house.url) as browser:
        browser.cookies.update(begun.cookies)
        assert (await browser.get("/api/caller")).json()["projectId"] == tenant.project_id
        ended = await browser.delete("/auth/session", headers={"x-csrf-token": session["csrfToken"]})
    assert ended.status_code == 204


async def test_without_a_key_no_session_begins(house: House) -> None:
    async with house.client() as nobody:
        assert (await nobody.post("/auth/session")).status_code == 401
    async with house.client(authorization="Bearer tl_wrong") as guesser:
        answer = await guesser.post("/auth/session")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_a_session_ends_with_the_key_that_began_it(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_CACHE_SECONDS", 0.0)
    async with house.client(tenant) as admin:
        made = (await admin.post("/api/api-keys", json={"name": "to be revoked", "scope": "READ"})).json()
        async with house.client(authorization=f"Bearer {made['secret']}") as holder:
            cookies = (await holder.post("/auth/session")).cookies
        async with house.client() as browser:
            browser.cookies.update(cookies)
            assert (await browser.get("/auth/session")).json()["scope"] == "READ"
            revoked = await admin.post(f"/api/api-keys/{made['apiKey']['id']}:revoke")
            assert revoked.is_success, revoked.text
            assert (await browser.get("/auth/session")).status_code == 401


class _GoodKeys:
    """All keys stand (`KeyRing`)."""

    async def stands(self, api_key_id: str) -> bool:
        return bool(api_key_id)


class TestTime:
    """What only the clock changes."""

    @pytest_asyncio.fixture(loop_scope="module")
    async def keeper(self, house: House) -> AsyncIterator[tuple[SessionKeeper, list[float]]]:
        database = await Database.connect(house.settings.database_url, room="gateway", pool_size=1)
        now = [1_800_000_000.0]
        secret = house.settings.internal_secret
        store = SessionStore(database)
        yield SessionKeeper(store, keys=_GoodKeys(), internal_secret=secret, clock=lambda: now[0]), now
        await database.close()

    async def test_a_cookie_is_made_again_while_it_is_used(
        self, keeper: tuple[SessionKeeper, list[float]], tenant: Tenant
    ) -> None:
        sessions, now = keeper
        link = await sessions.create_link(Identity(project_id=tenant.project_id, scope=Scope.WRITE))
        begun = await sessions.begin(link)
        assert (await sessions.open(begun.new_cookie)).new_cookie == ""
        now[0] += ROTATION_SECONDS + 1
        renewed = await sessions.open(begun.new_cookie)
        assert renewed.new_cookie
        assert renewed.csrf_token == begun.csrf_token
        now[0] += COOKIE_SECONDS - 60
        with pytest.raises(SessionExpiredError):
            await sessions.open(begun.new_cookie)
        assert (await sessions.open(renewed.new_cookie)).session == begun.session

    async def test_a_session_never_outlasts_its_time(
        self, keeper: tuple[SessionKeeper, list[float]], tenant: Tenant
    ) -> None:
        sessions, now = keeper
        link = await sessions.create_link(Identity(project_id=tenant.project_id, scope=Scope.WRITE))
        cookie = (await sessions.begin(link)).new_cookie
        for _ in range(7 * 2):
            now[0] += COOKIE_SECONDS - 1
            cookie = (await sessions.open(cookie)).new_cookie
        now[0] += COOKIE_SECONDS - 1
        with pytest.raises(SessionExpiredError):
            await sessions.open(cookie)

    async def test_a_link_expires(
        self, house: House, keeper: tuple[SessionKeeper, list[float]], tenant: Tenant
    ) -> None:
        sessions, _ = keeper
        link = await sessions.create_link(Identity(project_id=tenant.project_id, scope=Scope.WRITE))
        database = await Database.connect(house.settings.database_url, room="gateway", pool_size=1)
        async with database.transaction(tenant.project_id) as connection:
            await connection.execute("UPDATE links SET expire_time = now()")
        await database.close()
        with pytest.raises(UnauthenticatedError):
            await sessions.begin(link)
