"""Scopes, identities and the tokens between services."""

from __future__ import annotations

import jwt
import pytest

from timeloom_platform.auth import Identity, InternalTokens, Scope, acting_as, current_identity
from timeloom_platform.errors import UnauthenticatedError

SECRET = "s" * 32
IDENTITY = Identity(project_id="p", scope=Scope.WRITE, api_key_id="k")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("held", [Scope.READ, Scope.WRITE, Scope.ADMIN, Scope.INTERNAL])
@pytest.mark.parametrize("needed", [Scope.PUBLIC, Scope.READ, Scope.WRITE, Scope.ADMIN, Scope.INTERNAL])
def test_scopes_nest(held: Scope, needed: Scope) -> None:
    order = [Scope.PUBLIC, Scope.READ, Scope.WRITE, Scope.ADMIN, Scope.INTERNAL]

    assert held.allows(needed) is (order.index(held) >= order.index(needed))


def test_there_is_no_identity_outside_of_a_call() -> None:
    with pytest.raises(UnauthenticatedError):
        current_identity()


def test_acts_as_an_identity_within_a_block() -> None:
    other = Identity(project_id="q", scope=Scope.READ)
    with acting_as(IDENTITY):
        with acting_as(other):
            assert current_identity() == other
        assert current_identity() == IDENTITY


@pytest.mark.parametrize(
    "identity",
    [IDENTITY, Identity(project_id="", scope=Scope.INTERNAL), Identity(project_id="ü", scope=Scope.READ)],
)
def test_a_token_vouches_for_its_identity(identity: Identity) -> None:
    assert InternalTokens(SECRET).verify(InternalTokens(SECRET).mint(identity)) == identity


def test_a_token_is_used_again_for_half_of_its_life() -> None:
    clock = Clock()
    tokens = InternalTokens(SECRET, clock=clock)
    first = tokens.mint(IDENTITY, ttl_seconds=60)

    clock.now += 29
    assert tokens.mint(IDENTITY, ttl_seconds=60) == first
    clock.now += 2
    assert tokens.mint(IDENTITY, ttl_seconds=60) != first


def test_a_token_expires_also_where_it_is_remembered() -> None:
    clock = Clock()
    tokens = InternalTokens(SECRET, clock=clock)
    token = tokens.mint(IDENTITY, ttl_seconds=60)
    tokens.verify(token)

    clock.now += 64
    assert tokens.verify(token) == IDENTITY  # clocks may differ by five seconds
    clock.now += 2
    with pytest.raises(UnauthenticatedError, match="expired"):
        tokens.verify(token)


def test_a_token_of_the_future_is_refused() -> None:
    clock = Clock()
    token = InternalTokens(SECRET, clock=clock).mint(IDENTITY)
    clock.now -= 10

    with pytest.raises(UnauthenticatedError):
        InternalTokens(SECRET, clock=clock).verify(token)


CLAIMS = {"iss": "timeloom", "sub": "p", "scope": "ADMIN", "key": "", "agent": "", "iat": 0, "exp": 2**40}


def forged(**changes: object) -> str:
    claims = {**CLAIMS, **changes}
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, SECRET)


def test_the_forgeries_are_good_but_for_one_thing() -> None:
    assert InternalTokens(SECRET).verify(forged()).scope is Scope.ADMIN


ANOTHER_SECRET = "another secret, of thirty-two bytes"
NOT_OURS = {
    "empty": "",
    "no token": "x",
    "three parts": "a.b.c",
    "without claims": jwt.encode({"sub": "p"}, SECRET),
    "of another installation": InternalTokens(ANOTHER_SECRET).mint(IDENTITY),
    "cut": InternalTokens(SECRET).mint(IDENTITY)[:-2],
    "unsigned": jwt.encode(CLAIMS, "", "none"),
    "of another issuer": forged(iss="somebody"),
    "unknown scope": forged(scope="EVERYTHING"),
    "scope by number": forged(scope=3),
    "expiry in words": forged(exp="tomorrow"),
    "without project": forged(sub=None),
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_refuses_what_is_no_token_of_the_installation(name: str) -> None:
    with pytest.raises(UnauthenticatedError):
        InternalTokens(SECRET).verify(NOT_OURS[name])


def test_refuses_a_short_secret() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        InternalTokens("short")
