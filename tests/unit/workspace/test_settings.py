"""What the workspace service reads from its environment, and refuses."""

from __future__ import annotations

import pytest

from timeloom_platform import settings
from timeloom_platform.settings import SettingsError
from timeloom_stack.rooms import ROOMS
from timeloom_workspace.settings import OUR_SCHEMAS, ShapeSettings


def test_schemas_are_named_with_commas_between_them_each_once() -> None:
    loaded = settings.load(ShapeSettings, {"TIMELOOM_SHAPES_SCHEMAS": " public,my app ,,public"})
    assert loaded.schema_names == ("public", "my app")


@pytest.mark.parametrize("name", sorted({*OUR_SCHEMAS, *(room.name for room in ROOMS), "pg_catalog"}))
def test_what_is_ours_or_postgresqls_cannot_be_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"TIMELOOM_SHAPES_SCHEMAS must not name {name}"):
        settings.load(ShapeSettings, {"TIMELOOM_SHAPES_SCHEMAS": f"public,{name}"})


@pytest.mark.parametrize("text", ["999", "10485761", "a lot"])
def test_a_chunk_is_neither_tiny_nor_boundless(text: str) -> None:
    with pytest.raises(SettingsError, match="TIMELOOM_SHAPES_CHUNK_BYTES must"):
        settings.load(ShapeSettings, {"TIMELOOM_SHAPES_CHUNK_BYTES": text})
