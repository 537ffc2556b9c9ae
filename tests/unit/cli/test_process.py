"""cogx as a process: pipes, signals, completion, the streams it keeps apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import REAL, ROOT, Call, Run


def test_an_archive_comes_in_through_a_pipe(run: Run) -> None:
    done = run("cat", "-", "entity", stdin=REAL.read_bytes())
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 101
    assert run("validate", "-", stdin=REAL.read_bytes()).stdout == b"stdin: valid, 487 records\n"


def test_an_archive_goes_through_two_pipes(run: Run, tmp_path: Path) -> None:
    packed = run("pack", "-", "-", stdin=REAL.read_bytes())
    assert packed.returncode == 0
    assert b"Packed stdin into stdout" in packed.stderr
    done = run("unpack", "-", "out", stdin=packed.stdout)
    assert done.returncode == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"manifest.json", "facts.jsonl"}


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cogx", "cat", str(REAL)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) in (0, 141)


@pytest.mark.parametrize(
    "words", [["cat", REAL], ["inspect", REAL], ["--help"], ["pack", REAL, "-"]]
)
def test_a_closed_pipe_is_silent(words: list[object], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cogx", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 141


def test_a_mistake_shows_no_traceback(run: Run) -> None:
    done = run("validate", "nowhere")
    assert done.returncode == 2
    assert done.stderr == b"error: nowhere: no such file or directory.\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_process_leaves_nothing(tmp_path: Path, name: str) -> None:
    # Stopped where the result lies on disk under a private name and is not confirmed yet.
    slow = (
        "import sys, time, os, signal\n"
        # Whoever starts the tests in the background of a script may have it ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def slowly(file):\n"
        "    assert os.listdir(), 'nothing is being written'\n"
        "    sys.stderr.write('ready\\n'); sys.stderr.flush(); time.sleep(30)\n"
        "os.fsync = slowly\n"
        "from cogx.cli.main import run\n"
        f"sys.argv = ['cogx', 'pack', {str(REAL)!r}, 'out.tar.gz']\n"
        "run()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", slow],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        process.send_signal(getattr(signal, name))
        told = process.stderr.read().decode()
        code = process.wait(30)
    assert code == {"SIGINT": 130, "SIGTERM": 143}[name]
    assert told.strip() == "error: Stopped; nothing half-written was left."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert b"_COGX_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cogx val", "plain,validate"),
        ("cogx validate --form", "plain,--format"),
        ("cogx validate --lenient json.d", "plain,json.depth"),
        ("cogx validate --limit dep", "plain,depth="),
        ("cogx completion z", "plain,zsh"),
        ("cogx validate x", "file,x"),
    ],
)
def test_words_are_completed(run: Run, words: str, expected: str) -> None:
    count = len(words.split()) - 1
    env = {"_COGX_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    assert expected in run(env=env).stdout.decode().splitlines()


def test_progress_is_told_as_json_lines_on_stderr(run: Run) -> None:
    done = run("validate", REAL, "--progress", "json")
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert set(told[0]) == {"task", "done", "total", "unit", "finished"}
    assert (told[0]["task"], told[0]["unit"]) == ("validate", "bytes")
    assert told[-1]["finished"] is True
    assert done.stdout == f"{REAL}: valid, 487 records\n".encode()


def test_no_progress_is_drawn_where_nobody_looks(run: Run) -> None:
    assert run("validate", REAL).stderr == b""


def test_the_same_words_mean_the_same_in_process_and_out(run: Run, call: Call) -> None:
    started = time.monotonic()
    done = run("validate", REAL, "--json")
    assert time.monotonic() - started < 30
    assert done.stdout == call("validate", REAL, "--json").raw
