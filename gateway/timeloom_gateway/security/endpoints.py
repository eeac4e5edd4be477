"""`/auth/…`: one-time links into the console, and its session."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

import msgspec

from timeloom_gateway.pages.assets import notice
from timeloom_gateway.security.cookies import Cookies
from timeloom_gateway.security.gatekeeper import Gatekeeper, bearer_of
from timeloom_gateway.security.sessions import LINK_LIFETIME, OpenSession, SessionKeeper
from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, InternalTokens
from timeloom_platform.errors import MissingScopeError, PermissionDeniedError, UnauthenticatedError
from timeloom_platform.web.messages import Receive, Reply, Request, Send

_NO_STORE = {"cache-control": "no-store"}


class SessionEndpoints:
    """Serves the links and the session."""

    def __init__(
        self,
        *,
        tokens: InternalTokens,
        sessions: SessionKeeper,
        gatekeeper: Gatekeeper,
        cookies: Cookies,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._gatekeeper = gatekeeper
        self._cookies = cookies

    async def create_link(self, request: Request, _receive: Receive, send: Send) -> None:
        """`POST /auth/links`: a link that begins a session of whom the internal token vouches for."""
        _require(request, "POST")
        token = request.header(INTERNAL_TOKEN_METADATA.encode())
        if not token:
            raise UnauthenticatedError("Only Timeloom itself makes links to the console.")
        identity = self._tokens.verify(token)
        if not identity.project_id:
            raise MissingScopeError("A link opens a project; the token names none.")
        if identity.agent_id:
            raise PermissionDeniedError("The console shows a whole project; the token is bound to an agent.")
        query = urlencode({"token": await self._sessions.create_link(identity)})
        body = {
            "url": f"{request.origin_of_host}/auth/start?{query}",
            "expiresInSeconds": int(LINK_LIFETIME.total_seconds()),
        }
        await Reply(body=msgspec.json.encode(body), headers=_NO_STORE).send(send)

    async def start(self, request: Request, _receive: Receive, send: Send) -> None:
        """`GET /auth/start?token=…`: begins the session and leads to the console."""
        _require(request, "GET")
        token = parse_qs(request.query).get("token", [""])[0]
        try:
            opened = await self._sessions.begin(token)
        except UnauthenticatedError as error:
            page = notice("This link does not work any more", error.message, status=HTTPStatus.UNAUTHORIZED)
            await page.send(send)
            return
        request.answer_headers.extend(self._cookies.set_headers(opened))
        await Reply(status=HTTPStatus.SEE_OTHER, headers={**_NO_STORE, "location": "/"}).send(send)

    async def session(self, request: Request, _receive: Receive, send: Send) -> None:
        """`/auth/session`: `POST` begins one with an API key, `GET` shows it, `DELETE` ends it."""
        _require(request, "GET", "POST", "DELETE")
        if request.method == "POST":
            opened = await self._begin_with_key(request)
            await _shown(opened, status=HTTPStatus.CREATED).send(send)
            return
        opened = await self._gatekeeper.open_session(request)
        if request.method == "DELETE":
            await self._sessions.end(opened.session)
            request.answer_headers[:] = self._cookies.clear_headers()
            await Reply(status=HTTPStatus.NO_CONTENT).send(send)
            return
        await _shown(opened).send(send)

    async def _begin_with_key(self, request: Request) -> OpenSession:
        """A session of whom the key in the headers stands for; the browser keeps no key."""
        identity = await self._gatekeeper.admit_api_key(request, bearer_of(request))
        if identity.agent_id:
            raise PermissionDeniedError("The console shows a whole project; the key is bound to an agent.")
        opened = await self._sessions.begin_as(identity)
        request.answer_headers.extend(self._cookies.set_headers(opened))
        return opened


def _shown(opened: OpenSession, *, status: int = HTTPStatus.OK) -> Reply:
    session = opened.session
    body = {
        "projectId": session.project_id,
        "scope": session.scope.name,
        "csrfToken": opened.csrf_token,
        "expireTime": session.expire_time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    return Reply(status=int(status), body=msgspec.json.encode(body), headers=_NO_STORE)


def _require(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowedError(methods)
