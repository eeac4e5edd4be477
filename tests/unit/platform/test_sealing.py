"""Sealing: what is sealed opens with its key and in its place, and in no other way."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.errors import DataLossError, UnavailableError
from timeloom_platform.sealing import MasterKeys, SealingSettings, WrappedKey
from timeloom_platform.settings import SettingsError, load

OLD = "an old master key that is long enough"
NEW = "a new master key that is long enough"
PROJECT = UUID(int=7)


@given(plain=st.binary(max_size=200), place=st.text(max_size=50))
def test_what_is_sealed_opens(plain: bytes, place: str) -> None:
    keys = MasterKeys(OLD)
    key = keys.unwrap(keys.make(PROJECT), PROJECT)
    sealed = key.seal(plain, place=place)
    assert key.open(sealed, place=place) == plain
    assert key.seal(plain, place=place) != sealed


@given(plain=st.binary(min_size=8, max_size=50), position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_what_was_changed_does_not_open(plain: bytes, position: int, bit: int) -> None:
    keys = MasterKeys(OLD)
    key = keys.unwrap(keys.make(PROJECT), PROJECT)
    sealed = bytearray(key.seal(plain, place="here"))
    assert plain not in sealed
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(DataLossError):
        key.open(bytes(sealed), place="here")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"0" * 12])
def test_what_is_too_short_does_not_open(sealed: bytes) -> None:
    keys = MasterKeys(OLD)
    with pytest.raises(DataLossError):
        keys.unwrap(keys.make(PROJECT), PROJECT).open(sealed, place="here")


def test_a_secret_opens_in_its_place_alone() -> None:
    keys = MasterKeys(OLD)
    wrapped = keys.make(PROJECT)
    sealed = keys.unwrap(wrapped, PROJECT).seal(b"token", place="here")
    with pytest.raises(DataLossError):
        keys.unwrap(wrapped, PROJECT).open(sealed, place="there")
    with pytest.raises(DataLossError):
        keys.unwrap(keys.make(PROJECT), PROJECT).open(sealed, place="here")
    with pytest.raises(DataLossError):
        keys.unwrap(wrapped, uuid4())


def test_another_master_key_takes_over_what_was_sealed() -> None:
    before = MasterKeys(OLD)
    wrapped = before.make(PROJECT)
    sealed = before.unwrap(wrapped, PROJECT).seal(b"token", place="here")
    both = MasterKeys(NEW, others=[OLD])
    assert both.unwrap(wrapped, PROJECT).open(sealed, place="here") == b"token"
    rewrapped = both.rewrap(wrapped, PROJECT)
    assert rewrapped.master_key_id == both.current_id != wrapped.master_key_id
    after = MasterKeys(NEW)
    assert after.unwrap(rewrapped, PROJECT).open(sealed, place="here") == b"token"
    with pytest.raises(UnavailableError, match=wrapped.master_key_id):
        after.unwrap(wrapped, PROJECT)


def test_a_wrapped_key_does_not_pass_for_one_of_another_master_key() -> None:
    wrapped = MasterKeys(OLD).make(PROJECT)
    both = MasterKeys(NEW, others=[OLD])
    with pytest.raises(DataLossError):
        both.unwrap(WrappedKey(master_key_id=both.current_id, wrapped=wrapped.wrapped), PROJECT)


def test_settings_name_the_keys() -> None:
    settings = load(
        SealingSettings, {"TIMELOOM_SEALING_KEY": NEW, "TIMELOOM_SEALING_OTHER_KEYS": f" {OLD} ,{OLD}"}
    )
    assert settings.master_keys().current_id == MasterKeys(NEW).current_id
    assert set(settings.master_keys().ids) == {MasterKeys(NEW).current_id, MasterKeys(OLD).current_id}
    assert OLD not in repr(settings)
    assert NEW not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "TIMELOOM_SEALING_KEY is missing"),
        ({"TIMELOOM_SEALING_KEY": "short"}, "TIMELOOM_SEALING_KEY must have at least 32 characters"),
        (
            {"TIMELOOM_SEALING_KEY": NEW, "TIMELOOM_SEALING_OTHER_KEYS": f"{OLD},"},
            "TIMELOOM_SEALING_OTHER_KEYS must have at least 32 characters",
        ),
        (
            {"TIMELOOM_SEALING_KEY": NEW, "TIMELOOM_SEALING_OTHER_KEYS": ",".join([OLD] * 10)},
            "TIMELOOM_SEALING_OTHER_KEYS must be fewer than 10",
        ),
    ],
)
def test_settings_that_cannot_be_are_named(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(SealingSettings, environ)
    assert refused.value.problems == (problem,)
