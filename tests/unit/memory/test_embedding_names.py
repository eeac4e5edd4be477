"""How settings name models, and what is kept of vectors."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from timeloom_memory.embedding.names import ModelName, parse_models
from timeloom_memory.embedding.settings import EmbeddingSettings
from timeloom_memory.embedding.vector_cache import ENTRY_BYTES, VectorCache
from timeloom_platform.settings import SettingsError, load

ANNA = UUID(int=1)


def test_models_are_listed_with_their_dimensions() -> None:
    listed = (
        "openai:text-embedding-3-small=1536, fastembed:BAAI/bge-small-en-v1.5=384,sentence-transformers:a=b=8"
    )
    assert parse_models(listed) == (
        ModelName(provider="openai", model="text-embedding-3-small", dimension=1536),
        ModelName(provider="fastembed", model="BAAI/bge-small-en-v1.5", dimension=384),
        ModelName(provider="sentence-transformers", model="a=b", dimension=8),
    )
    assert [each.name for each in parse_models("openai:a=1")] == ["openai:a"]
    assert parse_models(" ,") == ()


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [
        ("openai:a", "is not <provider>"),
        ("cohere:a=3", "one of openai, fastembed, sentence-transformers"),
        ("openai:=3", "is not <provider>"),
        ("openai:a=0", "between 1 and 4096"),
        ("openai:a=4097", "between 1 and 4096"),
        ("openai:a=x", "between 1 and 4096"),
        ("openai:a=3,openai:a=4", "listed twice"),
        (f"openai:{'a' * 200}=3", "is not <provider>"),
    ],
)
def test_what_is_wrong_in_the_list_is_said(listed: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_models(listed)


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"EMBEDDING_MODEL": "openai:a"}, "TIMELOOM_EMBEDDING_MODEL must be"),
        ({"EMBEDDING_MODELS": "openai:a"}, "TIMELOOM_EMBEDDING_MODELS: openai:a is not"),
        ({"EMBEDDING_THREADS": "0"}, "TIMELOOM_EMBEDDING_THREADS must lie"),
        ({"EMBEDDING_IDLE_SECONDS": "0"}, "TIMELOOM_EMBEDDING_IDLE_SECONDS must be"),
        ({"EMBEDDING_PRECISION": "fp16"}, "TIMELOOM_EMBEDDING_PRECISION must be one of fp32, int8"),
        ({"OPENAI_BASE_URL": "localhost"}, "TIMELOOM_OPENAI_BASE_URL must begin"),
    ],
)
def test_settings_that_make_no_sense_are_refused(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load(EmbeddingSettings, {f"TIMELOOM_{name}": value for name, value in environment.items()})


def test_the_key_is_shown_nowhere() -> None:
    assert "sk-hush" not in repr(load(EmbeddingSettings, {"TIMELOOM_OPENAI_API_KEY": "sk-hush"}))


def _vector(*numbers: float) -> Any:
    return np.array(numbers, np.float32)


def test_what_was_not_used_for_longest_gives_way() -> None:
    cache = VectorCache(2 * (8 + ENTRY_BYTES))
    keys = [(ANNA, "model", bytes([number])) for number in range(3)]
    cache.put(keys[0], _vector(0, 1))
    cache.put(keys[1], _vector(1, 1))
    assert cache.get(keys[0]) is not None
    cache.put(keys[2], _vector(2, 1))
    assert [cache.get(key) is not None for key in keys] == [True, False, True]
    cache.put(keys[2], _vector(3, 1))
    assert cache.size_bytes == 2 * (8 + ENTRY_BYTES)
    assert [cache.get(key) is not None for key in keys] == [True, False, True]


def test_what_is_kept_is_nobody_elses_and_cannot_be_changed() -> None:
    cache, given = VectorCache(), _vector(1, 2)
    cache.put((ANNA, "model", b"text"), given)
    given[:] = 0
    kept = cache.get((ANNA, "model", b"text"))
    assert kept is not None
    assert kept.tolist() == [1, 2]
    assert not kept.flags.writeable
    others = [(UUID(int=2), "model", b"text"), (None, "model", b"text"), (ANNA, "other", b"text")]
    assert [cache.get(key) for key in others] == [None, None, None]
