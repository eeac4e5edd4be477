"""Compression: zstd with dictionaries, which each row names, so that a better one may come at any time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import resources
from typing import Final, Self

import zstandard

from timeloom_snapshots import limits

NO_DICTIONARY: Final = 0
CURRENT_DICTIONARY: Final = 1
LEVEL: Final = 2
"""A higher one saves a hundredth of the space, and its tables push more out of the processor's cache."""

SEALED_LEVEL: Final = 9
"""Of whole states that are sealed: it saves a twelfth, in six times the time."""

OVERHEAD_BYTES_MAX: Final = 4096
"""What the frame of a delta may add to the size of a state."""


class CodecError(Exception):
    """The bytes are no frame of ours, or need a dictionary that is not there."""


class Codec:
    """Compresses with the current dictionary and decompresses with any; for use by several threads."""

    def __init__(self, dictionaries: Mapping[int, bytes], *, current: int = CURRENT_DICTIONARY) -> None:
        self.dictionary_id = current
        self._dictionaries = {number: _dictionary(content, LEVEL) for number, content in dictionaries.items()}
        content = dictionaries.get(current)
        self._sealed_dictionary = None if content is None else _dictionary(content, SEALED_LEVEL)
        self._local = threading.local()

    @classmethod
    def packaged(cls) -> Self:
        """Returns a codec with the dictionaries that come with the service: `dictionaries/<number>.zdict`."""
        folder = resources.files("timeloom_snapshots") / "dictionaries"
        files = (file for file in folder.iterdir() if file.name.endswith(".zdict"))
        return cls({int(file.name.partition(".")[0]): file.read_bytes() for file in files})

    def compress(self, data: bytes) -> bytes:
        """Returns a frame that needs the current dictionary."""
        dictionary = self._dictionaries.get(self.dictionary_id)
        return self._compressor("compressor", LEVEL, dictionary).compress(data)

    def compress_well(self, data: bytes) -> bytes:
        """Returns a frame like `compress`, with more work, for what nobody waits for."""
        return self._compressor("good_compressor", SEALED_LEVEL, self._sealed_dictionary).compress(data)

    def decompress(self, frame: bytes, dictionary_id: int) -> bytes:
        """Returns what was compressed; never more than a state may have.

        Raises:
            CodecError: The frame is damaged, too large, or its dictionary is not there.
        """
        try:
            size = zstandard.frame_content_size(frame)
            if not 0 <= size <= limits.STATE_BYTES_MAX + OVERHEAD_BYTES_MAX:
                raise CodecError(f"the frame claims to hold {size} bytes")
            return self._decompressor(dictionary_id).decompress(frame)
        except zstandard.ZstdError as error:
            raise CodecError(str(error)) from error

    # A (de)compressor must not be used by two threads at once; a dictionary may.
    def _compressor(
        self, name: str, level: int, dictionary: zstandard.ZstdCompressionDict | None
    ) -> zstandard.ZstdCompressor:
        found: zstandard.ZstdCompressor | None = getattr(self._local, name, None)
        if found is None:
            found = zstandard.ZstdCompressor(
                level=level,
                dict_data=dictionary,
                # The row names the dictionary and has a checksum.
                write_dict_id=False,
                write_checksum=False,
                write_content_size=True,
            )
            setattr(self._local, name, found)
        return found

    def _decompressor(self, dictionary_id: int) -> zstandard.ZstdDecompressor:
        try:
            decompressors: dict[int, zstandard.ZstdDecompressor] = self._local.decompressors
        except AttributeError:
            decompressors = self._local.decompressors = {}
        found = decompressors.get(dictionary_id)
        if found is None:
            if dictionary_id != NO_DICTIONARY and dictionary_id not in self._dictionaries:
                raise CodecError(f"there is no dictionary {dictionary_id}")
            found = zstandard.ZstdDecompressor(dict_data=self._dictionaries.get(dictionary_id))
            decompressors[dictionary_id] = found
        return found


def decompressed_size(frame: bytes) -> int:
    """Returns how large a frame says that its content is; zero if it does not say, or is none."""
    try:
        return max(zstandard.frame_content_size(frame), 0)
    except zstandard.ZstdError:
        return 0


def _dictionary(content: bytes, level: int) -> zstandard.ZstdCompressionDict:
    dictionary = zstandard.ZstdCompressionDict(content)
    dictionary.precompute_compress(level=level)  # pyright: ignore[reportUnknownMemberType] - no return type
    return dictionary
