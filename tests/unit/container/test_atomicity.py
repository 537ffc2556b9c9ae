"""Whole or not at all: targets that exist, appear or break while a container is written."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cogx.container import create_container
from cogx.errors import AlreadyThere, BadSetting, NoSpace, OutputError

from .handmade import FORMS, KEPT, MANIFEST, NOISE, fill, listing, read


@pytest.mark.parametrize("name", FORMS)
def test_what_exists_is_replaced_only_by_force_and_only_at_publish(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    fill(create_container(path))
    with pytest.raises(AlreadyThere, match="--force"):
        create_container(path)
    small = {"manifest.json": b"new", "facts.jsonl": b"new"}
    writer = create_container(path, force=True)
    writer.write("facts.jsonl", b"new")
    assert read(path)[0] == KEPT
    writer.publish(b"new")
    assert read(path)[0] == small
    assert listing(tmp_path) == [name]


@pytest.mark.parametrize("name", FORMS)
def test_a_target_that_appears_meanwhile_is_never_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = create_container(path)
    writer.write("facts.jsonl", b"f")
    if name == "a":
        path.mkdir()
        (path / "mine").write_bytes(b"mine")
    else:
        path.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        writer.publish(MANIFEST)
    assert (path / "mine" if name == "a" else path).read_bytes() == b"mine"
    assert listing(tmp_path) == [name]


@pytest.mark.parametrize("name", FORMS)
def test_a_target_that_appears_at_the_last_moment_is_never_overwritten(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    writer = create_container(path)
    sync = os.fsync

    def racing(descriptor: int) -> None:
        sync(descriptor)
        if not path.exists():
            path.write_bytes(b"mine")

    monkeypatch.setattr(os, "fsync", racing)
    monkeypatch.setattr("cogx.container.staged_file.StagedFile.refuse_taken", lambda self: None)
    monkeypatch.setattr(
        "cogx.container.staged_directory.StagedDirectory.refuse_taken", lambda s: []
    )
    with pytest.raises(AlreadyThere, match="meanwhile"):
        writer.publish(MANIFEST)
    assert path.read_bytes() == b"mine"
    assert listing(tmp_path) == [name]


def test_disks_without_links_are_written_with_a_claimed_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    fill(create_container(tmp_path / "a.tar"))
    assert read(tmp_path / "a.tar") == (KEPT, [])
    assert listing(tmp_path) == ["a.tar"]
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError):
        fill(create_container(tmp_path / "b.tar"))
    assert listing(tmp_path) == ["a.tar"]


def test_force_never_removes_what_is_no_archive(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "summer.jpg").touch()
    with pytest.raises(AlreadyThere, match=r"summer\.jpg"):
        create_container(folder, force=True)
    (tmp_path / "pipe.tar").mkdir()
    with pytest.raises(AlreadyThere):
        create_container(tmp_path / "pipe.tar", force=True)
    os.mkfifo(tmp_path / "fifo.tar")
    with pytest.raises(AlreadyThere, match="never replaced"):
        create_container(tmp_path / "fifo.tar", force=True)
    (tmp_path / "file").touch()
    with pytest.raises(AlreadyThere):
        create_container(tmp_path / "file", force=True)


@pytest.mark.parametrize("name", FORMS)
def test_abort_leaves_nothing_and_may_come_at_any_time(tmp_path: Path, name: str) -> None:
    writer = create_container(tmp_path / name)
    writer.write("nodes.jsonl", NOISE * 4)
    writer.abort()
    writer.abort()
    assert listing(tmp_path) == []
    for call in (lambda: writer.write("nodes.jsonl", b""), lambda: writer.publish(b"")):
        with pytest.raises(OutputError, match="before"):
            call()
    published = create_container(tmp_path / name)
    published.publish(MANIFEST)
    published.abort()
    with pytest.raises(OutputError):
        published.publish(MANIFEST)
    assert read(tmp_path / name)[0] == {"manifest.json": MANIFEST}


FAULTS = ["write", "fsync", "open", "link", "rename", "replace", "mkdir", "fchmod"]


def fail_at(monkeypatch: pytest.MonkeyPatch, number: int, code: int) -> list[int]:
    """Make the call of this number among all that change the disk fail; return the counter."""
    calls = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[0] += 1
            if calls[0] == number:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        return call

    for name in [*FAULTS, "copy_file_range"]:
        if hasattr(os, name):
            monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return calls


def test_an_empty_directory_of_the_user_is_filled_and_stays_the_same_one(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o711)
    before = folder.stat()
    (tmp_path / "link").symlink_to("mine")
    fill(create_container(tmp_path / "link"))
    after = folder.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert read(folder) == (KEPT, [])
    assert listing(folder) == sorted(KEPT)


def test_an_empty_directory_that_is_filled_meanwhile_keeps_what_it_got(tmp_path: Path) -> None:
    for force in (False, True):
        folder = tmp_path / str(force)
        folder.mkdir()
        writer = create_container(folder, force=force)
        writer.write("facts.jsonl", b"f")
        (folder / "facts.jsonl").write_bytes(b"mine")
        with pytest.raises(AlreadyThere):
            writer.publish(MANIFEST)
        assert listing(folder) == ["facts.jsonl"]
        assert (folder / "facts.jsonl").read_bytes() == b"mine"


def test_a_fault_while_filling_an_empty_directory_leaves_it_empty(tmp_path: Path) -> None:
    for number in range(1, 100):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as monkeypatch:
            calls = fail_at(monkeypatch, number, errno.EIO)
            try:
                fill(create_container(folder))
            except (OutputError, BadSetting) as error:
                assert listing(folder) == [] or "is in place" in str(error)
        if calls[0] < number:
            assert read(folder) == (KEPT, [])
            return
    raise AssertionError


def test_directories_are_replaced_also_where_names_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a"
    fill(create_container(folder), {"manifest.json": b"old", "nodes.jsonl": b"old"})
    monkeypatch.setattr("cogx.container.staged_directory.exchange", lambda *args: False)
    fill(create_container(folder, force=True))
    assert read(folder) == (KEPT, [])
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize("exchanging", [False, True])
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.zst", "a.tar", "a"])
def test_a_fault_at_any_call_leaves_the_old_or_the_new_and_nothing_else(
    tmp_path: Path, name: str, force: bool, exchanging: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchanging:
        monkeypatch.setattr("cogx.container.staged_directory.exchange", lambda *args: False)
    path = tmp_path / name
    old = {"manifest.json": b"old", "facts.jsonl": b"old"}
    number = 0
    while True:
        number += 1
        for leftover in tmp_path.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        if force:
            fill(create_container(path), old)
        with pytest.MonkeyPatch.context() as faulty:
            calls = fail_at(faulty, number, errno.ENOSPC)
            writer = None
            try:
                writer = create_container(path, force=force)
                fill(writer)
                failure = None
            except (OutputError, BadSetting) as error:
                failure = error
            finally:
                if writer is not None:
                    writer.abort()
        if calls[0] < number:
            assert failure is None
            break
        left = listing(tmp_path)
        if left:
            assert [each for each in left if each == name or each not in str(failure)] == [name]
            assert read(path)[0] in (KEPT, old)
        if failure is not None and "is in place" not in str(failure):
            assert (name in left) == force
            assert len(left) == int(force)
            assert not force or read(path)[0] == old
    assert number > 8


def test_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = create_container(tmp_path / "a.tar.gz")

    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NoSpace, match="no room left"):
        writer.write("nodes.jsonl", NOISE * 9)
    monkeypatch.undo()
    assert listing(tmp_path) == []


def test_a_stream_that_breaks_is_an_output_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        os.fdopen(writing, "wb", buffering=0) as pipe,
        pytest.raises(OutputError, match="cannot be written"),
    ):
        fill(create_container(pipe))


@pytest.mark.parametrize("name", FORMS)
def test_what_a_writer_that_died_has_left_is_cleared_away_by_the_next(
    tmp_path: Path, name: str
) -> None:
    left = tmp_path / f".{name}.partial-{'0' * 16}"
    if name == "a":
        left.mkdir()
        (left / "facts.jsonl").touch()
    else:
        left.touch()
    fill(create_container(tmp_path / name))
    assert listing(tmp_path) == [name]


@pytest.mark.parametrize("name", FORMS)
def test_what_a_living_writer_works_on_is_never_cleared_away(tmp_path: Path, name: str) -> None:
    first = create_container(tmp_path / name)
    first.write("facts.jsonl", b"f")
    create_container(tmp_path / name).abort()
    first.publish(MANIFEST)
    assert read(tmp_path / name)[0] == {"manifest.json": MANIFEST, "facts.jsonl": b"f"}


def test_only_temporary_names_of_our_own_are_ever_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / f".a.partial-{'0' * 16}"
    left.mkdir()
    (left / "summer.jpg").touch()
    others = [".b.partial-0000000000000000", ".a.partial-12", "a.partial-0000000000000000"]
    for other in others:
        (tmp_path / other).touch()
    fill(create_container(tmp_path / "a"))
    assert (left / "summer.jpg").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"a", left.name, *others}


@pytest.mark.parametrize("call", ["link", "unlink"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_interrupt_while_an_empty_directory_is_filled_leaves_it_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    (tmp_path / "a").mkdir()
    real = getattr(os, call)
    calls = [0]

    def stopped(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        calls[0] += 1
        if calls[0] == number:
            raise KeyboardInterrupt

    writer = create_container(tmp_path / "a")
    for name in ("facts.jsonl", "nodes.jsonl"):
        writer.write(name, b"n")
    monkeypatch.setattr(os, call, stopped)
    with pytest.raises(KeyboardInterrupt):
        writer.publish(MANIFEST)
    assert listing(tmp_path / "a") == []
