"""What is packed into a segment comes back, and what is damaged is refused."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from timeloom_snapshots import limits, segments
from timeloom_snapshots.codec import Codec, CodecError
from timeloom_snapshots.segments import Entry

CODEC = Codec.packaged()

documents = st.binary(max_size=300)
entries = st.lists(st.tuples(documents, st.none() | documents), min_size=1, max_size=30).map(
    lambda found: [Entry(number, *each) for number, each in enumerate(found, start=5)]
)


@given(entries)
def test_what_is_packed_comes_back(packed: list[Entry]) -> None:
    assert segments.unpack(segments.pack(packed)) == packed


@given(entries)
def test_shares_are_the_whole(packed: list[Entry]) -> None:
    content = segments.pack(packed)
    shares = segments.shares(packed, content)
    assert sum(shares) == len(content)
    assert len(shares) == len(packed)
    assert min(shares) >= 0


@given(entries, st.integers(min_value=0, max_value=40), st.integers(min_value=0, max_value=40))
def test_a_run_takes_of_a_segment_what_lies_in_it(packed: list[Entry], after: int, last: int) -> None:
    frames = [
        (CODEC.compress(b"first"), CODEC.dictionary_id),
        (after.to_bytes(4) + last.to_bytes(4) + segments.pack(packed), segments.DICTIONARY_ID),
    ]
    steps = list(segments.steps(frames, CODEC))
    wanted = [each for each in packed if after < each.sequence <= last]
    expected = [each.delta if each.bridge is None else each.bridge for each in wanted]
    assert steps == [b"first", *expected]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no frame",
        zstandard.compress(b"no MessagePack"),
        zstandard.compress(b"\x91\x93\x01\xc0\xc0"),
        zstandard.compress(bytes(limits.SEGMENT_BYTES_MAX + 1)),
    ],
)
def test_what_is_no_segment_is_refused(content: bytes) -> None:
    with pytest.raises(CodecError):
        segments.unpack(content)
