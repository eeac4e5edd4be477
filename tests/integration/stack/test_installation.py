"""PostgreSQL's programs for an account that cannot reach them where they were installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from timeloom_platform.embedded.accounts import Account
from timeloom_platform.embedded.installation import PostgresInstallation

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")


@pytest.fixture
def stranger() -> Account:
    return Account.named("nobody")


@pytest.fixture
def closed(scratch_directory: Path) -> PostgresInstallation:
    """An installation that is closed to others, as below `/root`, and made under a strict umask."""
    root = scratch_directory / "closed"
    packaged = PostgresInstallation.packaged().root
    packages = packaged.parent.parent
    for folder in (packaged, packages / f"{packaged.parent.name}.libs"):
        shutil.copytree(folder, root / folder.relative_to(packages), symlinks=True)
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    return PostgresInstallation(root=root / packaged.relative_to(packages))


def test_it_is_copied_to_where_the_account_can_run_it(
    closed: PostgresInstallation, stranger: Account
) -> None:
    reachable = closed.reachable_by(stranger)
    try:
        assert reachable.root.is_relative_to("/var/lib/timeloom")
        assert closed.reachable_by(stranger) == reachable
        answer = subprocess.run(
            [reachable.program("initdb"), "--show", "--pgdata=/nowhere"],
            user=stranger.uid,
            group=stranger.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"share_path={reachable.root}/share/postgresql" in answer.stdout + answer.stderr
    finally:
        shutil.rmtree(reachable.root.parent.parent)


def test_it_is_used_as_it_is_where_nothing_is_in_the_way(stranger: Account) -> None:
    packaged = PostgresInstallation.packaged()
    if packaged.reachable_by(stranger) != packaged:
        pytest.skip("this checkout itself is closed to others")
    assert packaged.reachable_by(None) == packaged
