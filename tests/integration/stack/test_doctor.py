"""The doctor, in folders and beside processes that give it something to find."""

import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.helpers.stack import free_ports
from timeloom_stack import locks
from timeloom_stack.commands.doctor import doctor
from timeloom_stack.directory import FORMAT, DataDirectory
from timeloom_stack.doctor import Finding, Verdict, examine
from timeloom_stack.secrets import Secrets
from timeloom_stack.settings import StackSettings


@pytest.fixture
def settings(scratch_directory: Path) -> StackSettings:
    http, grpc, otlp_grpc, otlp_http = free_ports(4)
    return StackSettings(
        data_dir=scratch_directory / "data",
        http_port=http,
        grpc_port=grpc,
        otlp_grpc_port=otlp_grpc,
        otlp_http_port=otlp_http,
    )


@pytest.fixture
def directory(settings: StackSettings) -> DataDirectory:
    directory = DataDirectory(settings.data_dir)
    directory.prepare()
    return directory


def finding(settings: StackSettings, subject: str) -> Finding:
    return next(each for each in examine(settings) if each.subject == subject)


def test_nothing_is_wrong_before_the_first_start_and_nothing_is_made(settings: StackSettings) -> None:
    findings = examine(settings)
    assert [each for each in findings if each.verdict is Verdict.FAILED] == []
    assert not settings.data_dir.exists()


def test_a_taken_port_is_named_with_its_owner(settings: StackSettings) -> None:
    with socket.create_server(("127.0.0.1", settings.http_port)):
        found = finding(settings, f"Port {settings.http_port}")
    assert found.verdict is Verdict.FAILED
    assert f"taken by process {os.getpid()}" in found.detail
    assert found.remedy.endswith(f"TIMELOOM_HTTP_PORT={settings.http_port + 10}")


def test_a_secret_that_others_can_read_is_found(settings: StackSettings, directory: DataDirectory) -> None:
    Secrets.load_or_create(directory.secrets)
    assert finding(settings, "Secrets").verdict is Verdict.FINE
    loose = directory.secrets / "internal"
    loose.chmod(0o644)
    found = finding(settings, "Secrets")
    assert (found.verdict, found.remedy) == (Verdict.FAILED, f"chmod 600 {loose}")


def test_the_folder_of_a_newer_version_is_found(settings: StackSettings, directory: DataDirectory) -> None:
    directory.format_file.write_text(str(FORMAT + 1))
    assert finding(settings, "Data directory").verdict is Verdict.FAILED


def test_a_cluster_of_another_postgresql_is_found(settings: StackSettings, directory: DataDirectory) -> None:
    directory.postgres.mkdir()
    (directory.postgres / "PG_VERSION").write_text("17\n")
    assert finding(settings, "Database files").verdict is Verdict.FAILED


def test_a_link_to_a_cluster_that_is_gone_is_found(settings: StackSettings, directory: DataDirectory) -> None:
    directory.postgres.symlink_to(directory.root / "gone")
    assert finding(settings, "Database files").remedy == f"rm {directory.postgres} to begin anew"


def test_a_running_stack_with_a_damaged_record_is_a_warning(
    settings: StackSettings, directory: DataDirectory
) -> None:
    directory.state_file.write_text("{damaged")
    with locks.supervising(directory.lock_file):
        assert finding(settings, "Stack").verdict is Verdict.WARNING
    assert finding(settings, "Stack").verdict is Verdict.FINE


def test_the_command_fails_when_something_keeps_timeloom_from_running(settings: StackSettings) -> None:
    environment = {
        "TIMELOOM_DATA_DIR": str(settings.data_dir),
        "TIMELOOM_HTTP_PORT": str(settings.http_port),
        "TIMELOOM_GRPC_PORT": str(settings.grpc_port),
        "TIMELOOM_OTLP_GRPC_PORT": str(settings.otlp_grpc_port),
        "TIMELOOM_OTLP_HTTP_PORT": str(settings.otlp_http_port),
    }
    sound = CliRunner().invoke(doctor, env=environment)
    assert (sound.exit_code, "Nothing keeps Timeloom from running" in sound.output) == (0, True)
    with socket.create_server(("127.0.0.1", settings.grpc_port)):
        ill = CliRunner().invoke(doctor, env=environment)
    assert (ill.exit_code, "1 of " in ill.output) == (1, True)
