"""What the workspace service reads from its environment, and refuses."""

from __future__ import annotations

import pytest

from timeloom_platform import settings
from timeloom_platform.settings import SettingsError
from timeloom_stack.rooms import ROOMS
from timeloom_workspace.settings import OUR_SCHEMAS, ElectricSettings, Settings, ShapeSettings


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


ELECTRIC = {"TIMELOOM_ELECTRIC_URL": "http://electric:3000", "TIMELOOM_ELECTRIC_SECRET": "not for eyes"}


def test_electric_is_left_out_unless_it_is_named() -> None:
    assert settings.load(ElectricSettings, {}).ground is None


def test_the_secret_of_electric_shows_nowhere() -> None:
    loaded = settings.load(ElectricSettings, ELECTRIC)
    assert loaded.ground is not None
    assert (loaded.ground.url, loaded.ground.secret) == ("http://electric:3000", "not for eyes")
    assert "not for eyes" not in f"{loaded!r} {loaded.ground!r}"


@pytest.mark.parametrize("url", ["electric:3000", "ftp://electric", "http://", "http://electric/?secret=x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="TIMELOOM_ELECTRIC_URL must be an address"):
        settings.load(ElectricSettings, {**ELECTRIC, "TIMELOOM_ELECTRIC_URL": url})


def test_electric_without_a_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="TIMELOOM_ELECTRIC_SECRET is missing"):
        settings.load(ElectricSettings, {"TIMELOOM_ELECTRIC_URL": "http://electric:3000"})


def test_electric_is_not_asked_for_tables_of_ones_own() -> None:
    environ = {
        **ELECTRIC,
        "TIMELOOM_SHAPES_SCHEMAS": "public",
        "TIMELOOM_DATABASE_URL": "postgresql://nowhere",
        "TIMELOOM_NATS_URL": "nats://nowhere",
        "TIMELOOM_IDENTITY_ADDRESS": "nowhere:1",
        "TIMELOOM_INTERNAL_SECRET": "s" * 32,
        "TIMELOOM_SEALING_KEY": "k" * 32,
    }
    with pytest.raises(SettingsError, match="TIMELOOM_SHAPES_SCHEMAS is not for use with"):
        settings.load(Settings, environ)
