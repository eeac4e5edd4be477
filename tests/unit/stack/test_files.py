"""What the stack keeps in its data directory, and who may read it."""

import os
import stat
from pathlib import Path

import pytest

from timeloom_platform.sealing import MASTER_KEY_CHARACTERS_MIN
from timeloom_stack import locks
from timeloom_stack.credentials import Credentials
from timeloom_stack.directory import FORMAT, DataDirectory
from timeloom_stack.errors import AlreadyRunningError, DataDirectoryError
from timeloom_stack.secrets import Secrets, read_internal_secret
from timeloom_stack.state import ProcessRecord, ProcessState, StackRecord

RECORD = StackRecord(
    pid=42,
    version="0.1.0",
    data_dir="/data",
    http_url="http://127.0.0.1:8080",
    grpc_address="127.0.0.1:8081",
    start_kind="cold",
    start_time=1.5,
    start_seconds=1.9,
    processes=(ProcessRecord(name="nats", state=ProcessState.READY, pid=43, start_time=1.6),),
)


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.prepare()
    return directory


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_only_their_owner_reads_them(directory: DataDirectory) -> None:
    first = Secrets.load_or_create(directory.secrets)
    assert Secrets.load_or_create(directory.secrets) == first
    assert read_internal_secret(directory.secrets) == first.internal
    assert len({first.internal, first.nats, first.postgres_owner, first.postgres_superuser}) == 4
    assert mode_of(directory.secrets) == 0o700
    assert {mode_of(file) for file in directory.secrets.iterdir()} == {0o600}
    assert len(first.sealing_file.read_text(encoding="utf-8").strip()) >= MASTER_KEY_CHARACTERS_MIN


def test_an_empty_secret_is_replaced(directory: DataDirectory) -> None:
    (directory.secrets / "nats").write_text("\n")
    assert len(Secrets.load_or_create(directory.secrets).nats) > 40


def test_a_secret_does_not_show_in_a_repr(directory: DataDirectory) -> None:
    secrets = Secrets.load_or_create(directory.secrets)
    assert secrets.internal not in repr(secrets)
    assert secrets.postgres_owner not in repr(secrets)
    assert secrets.postgres.owner not in repr(secrets.postgres)


def test_the_record_is_read_as_it_was_written(directory: DataDirectory) -> None:
    RECORD.write(directory.state_file)
    assert StackRecord.read(directory.state_file) == RECORD
    assert RECORD.is_ready


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "forty-two"}', "\x00\xff"])
def test_a_damaged_record_reads_as_none(directory: DataDirectory, text: str) -> None:
    directory.state_file.write_text(text)
    assert StackRecord.read(directory.state_file) is None


def test_credentials_are_private_and_come_back(directory: DataDirectory) -> None:
    credentials = Credentials(project_id="p", api_key="tl_x_y", http_url="http://h", grpc_address="g:1")
    credentials.write(directory.credentials_file)
    assert Credentials.read(directory.credentials_file) == credentials
    assert mode_of(directory.credentials_file) == 0o600
    assert "tl_x_y" not in repr(credentials)


@pytest.mark.parametrize("text", ["", "[]", '{"apiKey": "tl_x_y"}', '{"apiKey": 1, "projectId": "p"}'])
def test_damaged_credentials_read_as_none(directory: DataDirectory, text: str) -> None:
    directory.credentials_file.write_text(text)
    assert Credentials.read(directory.credentials_file) is None


def test_the_folder_of_a_newer_timeloom_is_refused(directory: DataDirectory) -> None:
    directory.format_file.write_text(str(FORMAT + 1))
    with pytest.raises(DataDirectoryError, match="made by a newer Timeloom"):
        directory.prepare()


def test_a_file_in_the_place_of_the_folder_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DataDirectoryError, match="cannot be used") as refusal:
        DataDirectory(tmp_path / "data").prepare()
    assert "choose another folder: TIMELOOM_DATA_DIR=… timeloom up" in refusal.value.remedies


def test_one_supervisor_at_a_time_holds_the_folder(directory: DataDirectory) -> None:
    assert locks.holder(directory.lock_file) is None
    with locks.supervising(directory.lock_file):
        assert locks.holder(directory.lock_file) == os.getpid()
        with (
            pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"),
            locks.supervising(directory.lock_file),
        ):
            pass
    assert not locks.is_held(directory.lock_file)


def test_a_stale_process_id_in_the_lock_file_means_nothing(directory: DataDirectory) -> None:
    directory.lock_file.write_text("1\n")
    assert locks.holder(directory.lock_file) is None
    with locks.supervising(directory.lock_file):
        assert locks.holder(directory.lock_file) == os.getpid()


def test_a_damaged_lock_file_still_locks(directory: DataDirectory) -> None:
    with locks.supervising(directory.lock_file):
        directory.lock_file.write_text("not a number")
        assert locks.is_held(directory.lock_file)
        assert locks.holder(directory.lock_file) is None
