"""Extraction: whole and private, or nothing at all; never outside its own new directory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from cogx.container import extract, free_bytes, open_container
from cogx.errors import AlreadyThere, ArchiveError, InvalidArchive, LimitExceeded, NoSpace
from cogx.limits import Limits
from cogx.problems import Problem

from .handmade import MANIFEST, codes, entry, gz, header, listing, tar

FACTS = entry(b"facts.jsonl", b"f" * 3000)
GOOD = gz(tar(FACTS, entry(b"permissions.json", b"{}"), entry(b"README", b"no member")))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_members_are_extracted_and_nothing_else(tmp_path: Path) -> None:
    found: list[Problem] = []
    with open_container(GOOD) as container:
        sizes = extract(container, tmp_path / "out", report=found.append)
    assert sizes == {"manifest.json": len(MANIFEST), "facts.jsonl": 3000, "permissions.json": 2}
    assert files(tmp_path / "out").keys() == sizes.keys()
    assert codes(found) == ["member.unknown"]
    assert listing(tmp_path) == ["out"]
    secret = (tmp_path / "out" / "permissions.json").stat().st_mode
    assert stat.S_IMODE(secret) == 0o600


def test_only_wanted_members_are_written_but_all_are_proven(tmp_path: Path) -> None:
    def wanted(name: str) -> bool:
        return name == "facts.jsonl"

    with open_container(GOOD) as container:
        assert extract(container, tmp_path / "a", report=print, names=wanted) == {
            "facts.jsonl": 3000
        }
    flipped = bytearray(GOOD)
    flipped[-6] ^= 1
    with open_container(bytes(flipped)) as container, pytest.raises(ArchiveError):
        extract(container, tmp_path / "b", report=print, names=wanted)
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize(
    "source",
    [
        GOOD[:-3],
        GOOD + b"x",
        gz(tar(FACTS, FACTS)),
        gz(tar(FACTS, entry(b"../../escaped", b"x"))),
        gz(tar(FACTS, entry(b"/tmp/escaped", b"x"))),
        gz(tar(FACTS, header(b"nodes.jsonl", 0, b"2", link=b"/etc/passwd"))),
        gz(tar(header(b"w", 0, b"2", link=b"/"), entry(b"w/nodes.jsonl", b"x"))),
        gz(tar(FACTS, entry(b"other/nodes.jsonl", b"x"))),
    ],
)
def test_any_error_leaves_nothing_behind(tmp_path: Path, source: bytes) -> None:
    with open_container(source) as container, pytest.raises(ArchiveError):
        extract(container, tmp_path / "out", report=print)
    assert listing(tmp_path) == []
    assert not (tmp_path.parent / "escaped").exists()


def test_reported_errors_are_all_in_the_exception(tmp_path: Path) -> None:
    source = tar(FACTS, FACTS, entry(b"../x"), entry(b"README"))
    with open_container(source) as container, pytest.raises(InvalidArchive) as caught:
        extract(container, tmp_path / "out", report=print)
    assert codes(list(caught.value.problems)) == ["member.duplicate", "member.unsafe-name"]


def test_a_passed_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    limits = Limits().replace("total_bytes", 1000)
    with open_container(GOOD, limits) as container, pytest.raises(LimitExceeded):
        extract(container, tmp_path / "out", report=print)
    assert listing(tmp_path) == []


def test_a_target_must_be_new_or_empty_or_forced(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with open_container(GOOD) as container:
        extract(container, target, report=print)
        with pytest.raises(AlreadyThere):
            extract(container, target, report=print)
        (target / "nodes.jsonl").write_bytes(b"old")
        extract(container, target, report=print, force=True)
        assert "nodes.jsonl" not in files(target)
        (target / "mine.txt").touch()
        with pytest.raises(AlreadyThere, match=r"mine\.txt"):
            extract(container, target, report=print, force=True)
    assert listing(tmp_path) == ["out"]


def test_a_link_planted_in_the_target_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"safe")
    target = tmp_path / "out"
    target.mkdir()
    (target / "facts.jsonl").symlink_to(victim)
    with open_container(GOOD) as container, pytest.raises(AlreadyThere):
        extract(container, target, report=print, force=True)
    assert victim.read_bytes() == b"safe"


def test_a_full_disk_and_an_interrupt_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[BaseException] = [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()]
    for fault in faults:

        def fail(*args: object, fault: BaseException = fault) -> int:
            raise fault

        with monkeypatch.context() as patch, open_container(GOOD) as container:
            patch.setattr(os, "write", fail)
            with pytest.raises((NoSpace, KeyboardInterrupt)):
                extract(container, tmp_path / "out", report=print)
        assert listing(tmp_path) == []


def test_directories_and_mappings_are_extracted_alike(tmp_path: Path) -> None:
    with open_container({"manifest.json": MANIFEST, "facts.jsonl": b"f"}) as container:
        extract(container, tmp_path / "one", report=print)
    with open_container(tmp_path / "one") as container:
        extract(container, tmp_path / "two", report=print)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_free_bytes_looks_at_the_nearest_directory_that_exists(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet" / "there") > 0
    assert free_bytes(tmp_path) > 0
