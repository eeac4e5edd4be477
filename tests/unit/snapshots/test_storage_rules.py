"""The small rules of storage: when a keyframe is due, what is compressed how, what caches hold."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots import keyframes, limits
from timeloom_snapshots.cache import BYTES_PER_STATE_BYTE, ENTRY_BYTES, ByteCache
from timeloom_snapshots.codec import NO_DICTIONARY, Codec, CodecError

CODEC = Codec.packaged()


@pytest.mark.parametrize(
    ("steps", "delta_bytes", "base_bytes", "is_due"),
    [
        (1, 200, 100, False),
        (1, 201, 100, True),
        (255, 1, 10_000, False),
        (256, 1, 10_000, True),
        (1, 1, 0, True),
    ],
)
def test_a_keyframe_is_due(*, steps: int, delta_bytes: int, base_bytes: int, is_due: bool) -> None:
    assert keyframes.is_due(steps=steps, delta_bytes=delta_bytes, base_bytes=base_bytes) == is_due


@given(st.binary(max_size=5000))
def test_what_is_compressed_comes_back(data: bytes) -> None:
    assert CODEC.decompress(CODEC.compress(data), CODEC.dictionary_id) == data


def test_the_dictionary_makes_what_agents_record_smaller() -> None:
    delta = (
        b'[["splice",["messages"],7,0,[{"content":"Hello","id":"a1","role":"assistant","tool_calls":[]}]]]'
    )
    assert len(CODEC.compress(delta)) < 0.6 * len(zstandard.compress(delta))


def test_a_frame_needs_the_dictionary_that_its_row_names() -> None:
    frame = CODEC.compress(b'{"role":"assistant","content":"some text"}' * 3)
    with pytest.raises(CodecError, match="there is no dictionary 9"):
        CODEC.decompress(frame, 9)
    plain = zstandard.compress(b"text")
    assert CODEC.decompress(plain, NO_DICTIONARY) == b"text"


@pytest.mark.parametrize(
    "frame", [b"", b"\x00", b"text that is no frame", zstandard.compress(b"x" * 100)[:-3]]
)
def test_damaged_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(CodecError):
        CODEC.decompress(frame, NO_DICTIONARY)


def test_a_frame_that_claims_too_much_is_refused_before_it_is_read() -> None:
    bomb = zstandard.compress(bytes(limits.STATE_BYTES_MAX + 10_000))
    assert len(bomb) < 10_000
    with pytest.raises(CodecError, match="claims to hold"):
        CODEC.decompress(bomb, NO_DICTIONARY)


def test_a_cache_forgets_what_was_not_used_for_longest() -> None:
    weight = ENTRY_BYTES + BYTES_PER_STATE_BYTE * 1000
    cache: ByteCache[str, int] = ByteCache(4 * weight)
    for number, name in enumerate("abcd"):
        cache.put(name, number, state_bytes=1000)
    assert cache.get("a") == 0
    cache.put("e", 4, state_bytes=1000)
    assert [cache.get(name) for name in "abcde"] == [0, None, 2, 3, 4]
    assert (len(cache), cache.size_bytes) == (4, 4 * weight)
    cache.put("a", 9, state_bytes=1000)
    assert (len(cache), cache.get("a")) == (4, 9)
    cache.discard("a")
    assert (len(cache), cache.size_bytes) == (3, 3 * weight)


def test_a_cache_does_not_keep_what_would_fill_it() -> None:
    cache: ByteCache[str, int] = ByteCache(100_000)
    cache.put("small", 1, state_bytes=100)
    cache.put("large", 2, state_bytes=50_000)
    cache.put("small", 3, state_bytes=50_000)
    assert (cache.get("large"), cache.get("small"), cache.size_bytes) == (None, None, 0)
