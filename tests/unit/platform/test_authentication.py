"""API keys: their form, and how long an answer about one is relied on."""

from __future__ import annotations

import asyncio

import pytest

from timeloom_platform.api_keys import ApiKeyParts, new_api_key, parse_api_key
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator, ResolvedKey
from timeloom_platform.errors import InvalidApiKeyError, UnauthenticatedError, UnavailableError

TOKENS = InternalTokens("s" * 32)
KEY = ApiKeyParts(key_id="abcdefghijklmnop", secret="S" * 43)


class Keys:
    """Knows one key, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.good_for_seconds = 1e9
        self.known = True
        self.gate = asyncio.Event()
        self.gate.set()
        self.being_asked = asyncio.Event()
        self.now = 1_000.0
        self.failure: Exception | None = None

    def clock(self) -> float:
        return self.now

    async def resolve(self, api_key: str) -> ResolvedKey:
        self.asked += 1
        self.being_asked.set()
        known = self.known
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if not known or api_key != str(KEY):
            raise InvalidApiKeyError("The API key is unknown or was revoked.")
        return ResolvedKey(
            identity=Identity(project_id="p", scope=Scope.READ, api_key_id=KEY.key_id),
            expire_time=self.now + self.good_for_seconds,
        )


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def authenticator(keys: Keys) -> CallAuthenticator:
    return CallAuthenticator(tokens=TOKENS, keys=keys, clock=keys.clock)


def test_a_key_is_read_as_it_is_written() -> None:
    assert parse_api_key(str(KEY)) == KEY
    assert KEY.matches(KEY.secret_hash)
    assert not new_api_key(KEY.key_id).matches(KEY.secret_hash)
    assert KEY.secret not in repr(KEY)


@pytest.mark.parametrize(
    "text", ["", "tl_", str(KEY)[:-1], str(KEY) + "x", str(KEY).upper(), f" {KEY}", f"{KEY}\n"]
)
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(InvalidApiKeyError):
        parse_api_key(text)


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER  {KEY} "])
async def test_takes_a_bearer_key(authenticator: CallAuthenticator, header: str) -> None:
    assert (await authenticator.authenticate({"authorization": header})).project_id == "p"


@pytest.mark.parametrize("metadata", [{}, {"authorization": str(KEY)}, {"authorization": "Basic eA=="}])
async def test_refuses_what_is_no_credential(
    authenticator: CallAuthenticator, metadata: dict[str, str | bytes]
) -> None:
    with pytest.raises(UnauthenticatedError):
        await authenticator.authenticate(metadata)


async def test_prefers_the_word_of_another_service(authenticator: CallAuthenticator, keys: Keys) -> None:
    identity = Identity(project_id="q", scope=Scope.ADMIN)
    metadata = {"authorization": f"Bearer {KEY}", "x-timeloom-identity": TOKENS.mint(identity)}

    assert (await authenticator.authenticate(metadata), keys.asked) == (identity, 0)


async def test_does_not_fall_back_from_a_bad_token_to_a_good_key(authenticator: CallAuthenticator) -> None:
    with pytest.raises(UnauthenticatedError):
        await authenticator.authenticate({"authorization": f"Bearer {KEY}", "x-timeloom-identity": "x"})


async def test_relies_on_an_answer_for_ten_seconds(authenticator: CallAuthenticator, keys: Keys) -> None:
    await authenticator.authenticate_api_key(str(KEY))
    keys.known = False

    keys.now += 9.9
    await authenticator.authenticate_api_key(str(KEY))
    keys.now += 0.2
    with pytest.raises(InvalidApiKeyError):
        await authenticator.authenticate_api_key(str(KEY))
    assert keys.asked == 2


async def test_relies_on_an_answer_no_longer_than_it_says(
    authenticator: CallAuthenticator, keys: Keys
) -> None:
    keys.good_for_seconds = 3
    await authenticator.authenticate_api_key(str(KEY))
    keys.now += 3.1
    await authenticator.authenticate_api_key(str(KEY))

    assert keys.asked == 2


async def test_asks_once_for_many_calls_at_once(authenticator: CallAuthenticator, keys: Keys) -> None:
    await asyncio.gather(*(authenticator.authenticate_api_key(str(KEY)) for _ in range(50)))

    assert keys.asked == 1


async def test_one_cancelled_call_does_not_cancel_the_others(
    authenticator: CallAuthenticator, keys: Keys
) -> None:
    keys.gate.clear()
    first = asyncio.create_task(authenticator.authenticate_api_key(str(KEY)))
    second = asyncio.create_task(authenticator.authenticate_api_key(str(KEY)))
    await asyncio.sleep(0)

    first.cancel()
    keys.gate.set()

    assert (await second).project_id == "p"
    assert keys.asked == 1


async def test_remembers_a_refusal(authenticator: CallAuthenticator, keys: Keys) -> None:
    unknown = str(new_api_key())
    for _ in range(5):
        with pytest.raises(InvalidApiKeyError):
            await authenticator.authenticate_api_key(unknown)

    assert keys.asked == 1


async def test_does_not_remember_that_nobody_could_be_asked(
    authenticator: CallAuthenticator, keys: Keys
) -> None:
    keys.failure = UnavailableError("down")
    with pytest.raises(UnavailableError):
        await authenticator.authenticate_api_key(str(KEY))
    keys.failure = None

    assert (await authenticator.authenticate_api_key(str(KEY))).project_id == "p"


async def test_forgets_a_key_that_changed(authenticator: CallAuthenticator, keys: Keys) -> None:
    await authenticator.authenticate_api_key(str(KEY))
    keys.known = False

    authenticator.forget(KEY.key_id)

    with pytest.raises(InvalidApiKeyError):
        await authenticator.authenticate_api_key(str(KEY))


async def test_does_not_remember_an_answer_older_than_the_change(
    authenticator: CallAuthenticator, keys: Keys
) -> None:
    keys.gate.clear()
    asking = asyncio.create_task(authenticator.authenticate_api_key(str(KEY)))
    await keys.being_asked.wait()
    keys.known = False
    authenticator.forget(KEY.key_id)
    keys.gate.set()
    await asking

    with pytest.raises(InvalidApiKeyError):
        await authenticator.authenticate_api_key(str(KEY))
