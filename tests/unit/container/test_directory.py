"""Directories as archives: order, nesting, and everything that is no regular file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cogx.container import open_container
from cogx.errors import DamagedArchive, LimitExceeded
from cogx.limits import Limits
from cogx.problems import Problem

from .handmade import MANIFEST, codes, collect, read

GOOD = {"manifest.json": MANIFEST, "nodes.jsonl": b"n", "facts.jsonl": b"f"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name, data in GOOD.items():
        (folder / name).write_bytes(data)
    return folder


def test_members_come_in_layout_order_with_the_manifest_first(archive: Path) -> None:
    (archive / "permissions.json").write_bytes(b"{}")
    with open_container(archive) as container:
        kept = collect(container, [])
        assert container.form == "directory"
        assert container.position() == container.size == len(MANIFEST) + 4
    assert list(kept) == ["manifest.json", "permissions.json", "nodes.jsonl", "facts.jsonl"]


def test_an_archive_in_the_only_subdirectory_is_found(archive: Path) -> None:
    assert read(archive.parent) == (GOOD, [])
    (archive.parent / "README").touch()
    (archive.parent / "pictures").mkdir()
    kept, found = read(archive.parent)
    assert kept == GOOD
    assert codes(found) == ["member.unknown"] * 2


def test_a_directory_reached_by_the_users_link_is_read(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(archive)
    assert read(tmp_path / "link") == (GOOD, [])


def test_members_in_two_places_or_too_deep_are_a_layout_error(archive: Path) -> None:
    (archive / "inner").mkdir()
    (archive / "inner" / "entities.jsonl").touch()
    assert (read(archive)[0], codes(read(archive)[1])) == (GOOD, ["container.layout"])
    (archive.parent / "other").mkdir()
    (archive.parent / "other" / "facts.jsonl").touch()
    assert "container.layout" in codes(read(archive.parent)[1])
    above = archive.parent / "above"
    above.mkdir()
    archive.rename(above / "deep")
    (archive.parent / "other" / "facts.jsonl").unlink()
    kept, found = read(archive.parent)
    assert kept == {}
    assert set(codes(found)) == {"container.layout", "member.unknown"}


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_inner_link(path: Path) -> None:
    path.symlink_to("facts.jsonl")


@pytest.mark.parametrize(
    "make", [make_link, make_dangling_link, make_inner_link, os.mkfifo, os.mkdir]
)
@pytest.mark.parametrize("name", ["entities.jsonl", "Entities.jsonl"])
def test_nothing_but_a_regular_file_stands_for_a_member(
    archive: Path, make: object, name: str
) -> None:
    make(archive / name)  # type: ignore[operator]
    kept, found = read(archive)
    assert kept == GOOD
    assert codes(found) == ["member.not-regular"]


def test_a_linked_wrapper_is_not_entered(archive: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "wrapper").symlink_to(archive)
    assert (read(outer)[0], codes(read(outer)[1])) == ({}, ["member.not-regular"])


def test_odd_names_are_reported_and_never_opened(archive: Path) -> None:
    (archive / "Facts.jsonl").touch()
    (archive / "nodes.jsonl.tmp").touch()
    (archive / ".archive.partial-00ff").touch()
    (archive / "a\nb").touch()
    Path(os.fsdecode(os.fsencode(archive) + b"/\xff")).touch()
    kept, found = read(archive)
    assert kept.keys() == GOOD.keys()
    assert sorted(codes(found)) == [
        "member.duplicate",
        "member.leftover",
        "member.leftover",
        "member.unsafe-name",
        "member.unsafe-name",
    ]


def test_what_a_dead_writer_left_is_never_taken_for_an_archive(archive: Path) -> None:
    archive.rename(archive.parent / ".out.partial-0123456789abcdef")
    kept, found = read(archive.parent)
    assert (kept, codes(found)) == ({}, ["member.leftover"])


def test_a_file_that_grows_or_shrinks_under_the_reader_is_refused(archive: Path) -> None:
    big = archive / "nodes.jsonl"
    for change in (1 << 20, 4 << 20):
        big.write_bytes(bytes(3 << 20))
        found: list[Problem] = []
        with open_container(archive) as container, pytest.raises(DamagedArchive):
            for member in container.members(found.append):
                chunks = member.chunks()
                next(chunks)
                if member.name == "nodes.jsonl":
                    os.truncate(big, change)
                list(chunks)
        assert codes(found) == ["container.corrupt"]


@pytest.mark.parametrize("limit", ["members", "member_bytes", "total_bytes"])
def test_limits_hold_for_directories_too(archive: Path, limit: str) -> None:
    (archive / "nodes.jsonl").write_bytes(b"12345")
    with pytest.raises(LimitExceeded, match=limit):
        read(archive, Limits().replace(limit, 2))


def test_a_pipe_put_in_a_members_place_meanwhile_does_not_hang(archive: Path) -> None:
    with open_container(archive) as container:
        found: list[Problem] = []
        members = container.members(found.append)
        next(members)
        (archive / "nodes.jsonl").unlink()
        os.mkfifo(archive / "nodes.jsonl")
        rest: list[str] = []
        reader = threading.Thread(
            target=lambda: rest.extend(member.name for member in members), daemon=True
        )
        reader.start()
        reader.join(5)
    assert rest == ["facts.jsonl"]
    assert codes(found) == ["member.not-regular"]
