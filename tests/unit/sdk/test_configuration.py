"""Where the client finds Timeloom and its key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from timeloom import configuration
from timeloom.configuration import Configuration
from timeloom.errors import ConfigurationError

KEPT = {
    "projectId": "p",
    "apiKey": "tl_kept",
    "httpUrl": "http://kept:1",
    "grpcAddress": "kept:2",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A folder two levels below one that holds credentials."""
    (tmp_path / ".timeloom").mkdir()
    (tmp_path / ".timeloom" / "credentials.json").write_text(json.dumps(KEPT))
    below = tmp_path / "project" / "agents"
    below.mkdir(parents=True)
    return below


def test_the_nearest_credentials_file_upwards_is_used(directory: Path) -> None:
    assert configuration.resolve(environ={}, directory=directory) == Configuration(
        grpc_address="kept:2",
        http_url="http://kept:1",
        otlp_endpoint="http://kept:4317",
        api_key="tl_kept",
    )


def test_the_environment_goes_before_the_file_setting_by_setting(directory: Path) -> None:
    environ = {"TIMELOOM_GRPC_ADDRESS": "env:3"}
    assert configuration.resolve(environ=environ, directory=directory) == Configuration(
        grpc_address="env:3",
        http_url="http://kept:1",
        otlp_endpoint="http://kept:4317",
        api_key="tl_kept",
    )


def test_arguments_go_before_everything(directory: Path) -> None:
    environ = {"TIMELOOM_GRPC_ADDRESS": "env:3", "TIMELOOM_API_KEY": "tl_env", "TIMELOOM_URL": "http://env:4"}
    found = configuration.resolve(
        grpc_address="argument:5",
        url="http://argument:6",
        api_key="tl_argument",
        environ=environ,
        directory=directory,
    )
    assert found == Configuration(
        grpc_address="argument:5",
        http_url="http://argument:6",
        otlp_endpoint="http://argument:4317",
        api_key="tl_argument",
    )


def test_a_data_directory_that_is_named_is_where_the_file_is_sought(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "credentials.json").write_text(json.dumps({**KEPT, "apiKey": "tl_other"}))
    found = configuration.resolve(environ={"TIMELOOM_DATA_DIR": str(other)}, directory=directory)
    assert found.api_key == "tl_other"


def test_the_defaults_are_the_addresses_of_a_local_stack(tmp_path: Path) -> None:
    assert configuration.resolve(api_key="tl_x", environ={}, directory=tmp_path) == Configuration(
        grpc_address="127.0.0.1:8081",
        http_url="http://127.0.0.1:8080",
        otlp_endpoint="http://127.0.0.1:4317",
        api_key="tl_x",
    )


@pytest.mark.parametrize(
    ("given", "environ", "kept", "endpoint"),
    [
        ({}, {}, {}, "http://kept:4317"),
        ({}, {}, {"otlpEndpoint": "http://kept:7"}, "http://kept:7"),
        ({"url": "https://[::1]:8080/x"}, {}, {"otlpEndpoint": "http://kept:7"}, "https://[::1]:4317"),
        ({}, {"TIMELOOM_URL": "https://house"}, {"otlpEndpoint": "http://kept:7"}, "https://house:4317"),
        ({}, {"TIMELOOM_OTLP_ENDPOINT": "http://env:8"}, {"otlpEndpoint": "http://kept:7"}, "http://env:8"),
        (
            {"otlp_endpoint": "http://given:9"},
            {"TIMELOOM_OTLP_ENDPOINT": "http://env:8"},
            {},
            "http://given:9",
        ),
    ],
)
def test_telemetry_goes_to_the_host_of_the_house(
    directory: Path, given: dict[str, str], environ: dict[str, str], kept: dict[str, str], endpoint: str
) -> None:
    file = directory.parents[1] / ".timeloom" / "credentials.json"
    file.write_text(json.dumps({**KEPT, **kept}))
    found = configuration.resolve(**given, environ=environ, directory=directory)
    assert found.otlp_endpoint == endpoint


def test_an_error_says_where_a_key_may_be_put(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration.resolve(environ={}, directory=tmp_path)
    message = str(caught.value)
    assert 'Timeloom(api_key="tl_…")' in message
    assert "TIMELOOM_API_KEY" in message
    assert ".timeloom/credentials.json" in message
    assert str(tmp_path) in message


@pytest.mark.parametrize(("text", "problem"), [("{", "is not JSON"), ("[]", "does not hold an object")])
def test_a_broken_credentials_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / ".timeloom" / "credentials.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        configuration.resolve(environ={}, directory=tmp_path)
    assert str(file) in str(caught.value)


def test_the_key_does_not_show_in_logs() -> None:
    assert "tl_secret" not in repr(
        Configuration(
            grpc_address="host:1",
            http_url="http://host:2",
            otlp_endpoint="http://host:4317",
            api_key="tl_secret",
        )
    )
