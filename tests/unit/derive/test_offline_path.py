"""The offline path gives the same bytes in every process, and after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(folder: Path, *words: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "tests.unit.derive.offline_path", str(folder), *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = run(tmp_path_factory.mktemp("whole"))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", ["1", "4294967295"])
def test_another_hash_seed_gives_the_same_bytes(whole: str, tmp_path: Path, seed: str) -> None:
    done = run(tmp_path / "other", seed=seed)
    assert done.stdout == whole, done.stderr


@pytest.mark.parametrize("task", ["rewrite", "load nodes", "propose", "resolve"])
def test_a_run_after_a_kill_gives_the_bytes_of_one_that_was_not_killed(
    whole: str, tmp_path: Path, task: str
) -> None:
    killed = run(tmp_path / "killed", task)
    assert killed.returncode < 0, f"there is no task {task}: {killed.stdout}{killed.stderr}"
    assert run(tmp_path / "killed").stdout == whole
