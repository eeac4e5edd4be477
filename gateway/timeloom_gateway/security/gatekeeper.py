"""Admits a request: finds out who makes it, by API key or session cookie, within the rate limits."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from timeloom_gateway.security.cookies import Cookies
from timeloom_gateway.security.sessions import OpenSession, SessionKeeper
from timeloom_gateway.web.errors import CsrfRejectedError, SessionExpiredError
from timeloom_gateway.web.limits import RateLimiter
from timeloom_platform.auth import Identity, Scope, set_identity
from timeloom_platform.errors import (
    ExpiredApiKeyError,
    InvalidApiKeyError,
    MissingScopeError,
    TimeloomError,
    UnauthenticatedError,
    UnavailableError,
)
from timeloom_platform.web.messages import SAFE_METHODS, Request

CSRF_HEADER = b"x-csrf-token"
BEARER = "bearer "
"""What an authorization with a key begins with, in small letters."""


class ApiKeyAuthenticator(Protocol):
    """Knows whose an API key is."""

    async def authenticate_api_key(self, api_key: str) -> Identity:
        """The identity that the key stands for."""
        ...


class Gatekeeper:
    """Decides who a request acts as."""

    def __init__(
        self,
        *,
        keys: ApiKeyAuthenticator,
        sessions: SessionKeeper,
        cookies: Cookies,
        calls: RateLimiter,
        failures: RateLimiter,
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._cookies = cookies
        self._calls = calls
        self._failures = failures

    async def admit(self, request: Request, *, share: float = 1.0) -> Identity:
        """Makes the caller's identity current and returns it.

        Args:
            request: What is asked.
            share: How much of a request it counts for in the caller's rate.

        Raises:
            UnauthenticatedError: There are no credentials, or no good ones.
            CsrfRejectedError: A change with the session cookie is not shown to come from the console.
            RateLimitedError: The caller, or an address that keeps guessing, has to wait.
        """
        if request.header(b"authorization"):
            identity = await self.admit_api_key(request, bearer_of(request))
            self._count(request, identity.api_key_id, share)
        else:
            opened = await self.open_session(request)
            identity = opened.session.identity
            self._count(request, opened.session.session_id, share)
        set_identity(identity)
        return identity

    def admit_anybody(self, request: Request) -> Identity:
        """Makes nobody the current identity, for what is open to everybody, and returns it.

        Raises:
            RateLimitedError: Too many requests come from this address.
        """
        self._count(request, request.client_address)
        identity = Identity(project_id="", scope=Scope.PUBLIC)
        set_identity(identity)
        return identity

    def has_session(self, request: Request) -> bool:
        """Whether the request would act by a session cookie, which a browser sends on its own account."""
        return not request.header(b"authorization") and bool(self._cookies.session_of(request))

    async def admit_with(self, request: Request, api_key: str, *, share: float = 1.0) -> Identity:
        """As `admit`, for a key that is not in the headers, such as that of a WebSocket's first message."""
        identity = await self.admit_api_key(request, api_key)
        self._count(request, identity.api_key_id, share)
        set_identity(identity)
        return identity

    async def is_still_admitted(self, request: Request, api_key: str = "") -> bool:
        """Whether the credentials that a long request came with, or this key, are still good."""
        try:
            if api_key or request.header(b"authorization"):
                await self._keys.authenticate_api_key(api_key or bearer_of(request))
            else:
                await self._sessions.open(self._cookies.session_of(request))
        except UnavailableError:
            return True  # nobody can say: a restart of the database must not end every stream
        except TimeloomError:
            return False
        return True

    async def admit_api_key(self, request: Request, api_key: str) -> Identity:
        """The identity of an API key; an address that brings many wrong ones has to wait."""
        if not self._failures.is_on:
            return await self._keys.authenticate_api_key(api_key)
        self._failures.require(request.client_address)
        try:
            return await self._keys.authenticate_api_key(api_key)
        except (InvalidApiKeyError, ExpiredApiKeyError):
            self._failures.spend(request.client_address)
            raise

    async def open_session(self, request: Request) -> OpenSession:
        """The session of the request's cookie, shown not to be forged; renews the cookie if it is old."""
        cookie = self._cookies.session_of(request)
        if not cookie:
            raise UnauthenticatedError("This needs an API key: Authorization: Bearer tl_…")
        try:
            opened = await self._sessions.open(cookie)
        except SessionExpiredError:
            request.answer_headers.extend(self._cookies.clear_headers())
            raise
        if request.method not in SAFE_METHODS:
            self._refuse_forgery(request, opened)
        if opened.new_cookie:
            request.answer_headers.extend(self._cookies.set_headers(opened))
        return opened

    def _count(self, request: Request, caller: str, share: float = 1.0) -> None:
        if self._calls.is_on:
            request.answer_headers.append((b"ratelimit-policy", self._calls.policy.encode()))
            left = self._calls.take(caller, share=share)
            request.answer_headers.append((b"ratelimit", f'"{self._calls.name}";r={left}'.encode()))

    def _refuse_forgery(self, request: Request, opened: OpenSession) -> None:
        """A browser sends cookies on its own account: the page has to show that it can read ours."""
        if not is_same_origin(request):
            raise CsrfRejectedError("This request comes from another origin.")
        token = request.header(CSRF_HEADER)
        if token != self._cookies.csrf_of(request) or not self._sessions.is_csrf_token(opened.session, token):
            raise CsrfRejectedError("The header X-CSRF-Token does not match the session.")


def require_scope(identity: Identity, needed: Scope, name: str) -> None:
    """Refuses early what the service would refuse anyway; MissingScopeError names both scopes."""
    if not identity.scope.allows(needed):
        raise MissingScopeError(
            f"{name} needs the scope {needed.name}; these credentials have {identity.scope.name}.",
            metadata={"neededScope": needed.name, "scope": identity.scope.name},
        )


def is_same_origin(request: Request) -> bool:
    """Whether the browser says that its page came from this host.

    The scheme is left out: behind a proxy that ends TLS, the gateway sees another one.
    """
    origin = request.header(b"origin")
    if not origin:
        return request.header(b"sec-fetch-site") == "same-origin"
    return urlsplit(origin).netloc == request.header(b"host")


def bearer_of(request: Request) -> str:
    """The API key of a request; UnauthenticatedError if it carries none."""
    authorization = request.header(b"authorization")
    if authorization[: len(BEARER)].lower() != BEARER:
        raise UnauthenticatedError("The authorization must be: Bearer tl_…")
    return authorization[len(BEARER) :].strip()
