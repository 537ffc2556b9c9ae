"""Directories that no repository can hold: links, pipes, devices and names that collide."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cogx.archive.reader import open_archive
from cogx.archive.validate import Findings, validate
from cogx.errors import CogxError
from tests.conformance.corpus import CORPUS

_SECONDS = 20

Hazard = Callable[[Path], None]


@pytest.fixture(autouse=True)
def _never_waits() -> Iterator[None]:
    """Break a test that waits for a pipe."""

    def give_up(number: int, frame: object) -> None:
        raise TimeoutError(f"still waiting after {_SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A good archive that a test may spoil."""
    return Path(shutil.copytree(CORPUS / "good" / "pair", tmp_path / "harbour"))


def _symlink(path: Path) -> None:
    outside = path.parent.parent / f"outside-{path.name}"
    path.rename(outside)
    path.symlink_to(outside)


def _symlink_inside(path: Path) -> None:
    path.unlink()
    path.symlink_to("facts.jsonl" if path.name != "facts.jsonl" else "entities.jsonl")


def _dangling_symlink(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _device(path: Path) -> None:
    path.unlink()
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def _socket_like(path: Path) -> None:
    path.unlink()
    try:
        os.mknod(path, stat.S_IFSOCK | 0o600)
    except OSError:
        pytest.skip("this system makes sockets in no other way than by binding them")


_HAZARDS = [
    _symlink, _symlink_inside, _dangling_symlink, _fifo, _directory, _device, _socket_like,
]  # fmt: skip


@pytest.mark.parametrize("member", ["manifest.json", "entities.jsonl", "facts.jsonl"])
@pytest.mark.parametrize("hazard", _HAZARDS, ids=lambda hazard: hazard.__name__.strip("_"))
def test_what_is_no_regular_file_is_refused_as_a_member(
    archive: Path, member: str, hazard: Hazard
) -> None:
    hazard(archive / member)
    findings = validate(archive)
    assert not findings.valid
    assert _places(findings, "member.not-regular") == [member]


@pytest.mark.parametrize("hazard", _HAZARDS, ids=lambda hazard: hazard.__name__.strip("_"))
def test_what_is_no_regular_file_is_refused_where_nothing_counts_it(
    archive: Path, hazard: Hazard
) -> None:
    extra = archive / "documents.jsonl"
    extra.write_bytes(b"")
    hazard(extra)
    assert _places(validate(archive), "member.not-regular") == ["documents.jsonl"]


@pytest.mark.parametrize("hazard", [_symlink, _fifo], ids=["symlink", "fifo"])
def test_what_is_no_regular_file_is_refused_in_a_wrapper(
    archive: Path, hazard: Hazard, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    archive.rename(outer / "harbour")
    hazard(outer / "harbour" / "facts.jsonl")
    assert _places(validate(outer), "member.not-regular") == ["harbour/facts.jsonl"]


@pytest.mark.parametrize("hazard", _HAZARDS, ids=lambda hazard: hazard.__name__.strip("_"))
def test_reading_refuses_what_is_no_regular_file(archive: Path, hazard: Hazard) -> None:
    hazard(archive / "entities.jsonl")
    with pytest.raises(CogxError), open_archive(archive) as opened:
        deque(opened.records(), maxlen=0)


def test_a_directory_that_is_a_link_to_an_archive_is_not_a_wrapper(
    archive: Path, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    (outer / "harbour").symlink_to(archive)
    findings = validate(outer)
    assert not findings.valid
    assert _places(findings, "member.not-regular") == ["harbour"]


def test_the_archive_itself_may_be_reached_by_a_link(archive: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(archive)
    assert validate(link).problems == []


@pytest.mark.parametrize("name", ["Facts.jsonl", "FACTS.JSONL", "fact\u017f.jsonl"])
def test_names_that_a_disk_could_take_for_one_are_refused(archive: Path, name: str) -> None:
    _need_distinct_names(archive, name)
    shutil.copy(archive / "facts.jsonl", archive / name)
    findings = validate(archive)
    assert not findings.valid
    assert findings.log.totals["member.duplicate"] == 1


def test_unknown_files_that_a_disk_could_take_for_one_are_refused(archive: Path) -> None:
    _need_distinct_names(archive, "TIDE.md", "tide.md")
    for name in ("tide.md", "TIDE.md"):
        (archive / name).write_bytes(b"low")
    assert validate(archive).log.totals["member.duplicate"] == 1


@pytest.mark.parametrize("name", ["tide\n.md", "tide\x1b[2J.md", "back\\slash.md", "C:tide.md"])
def test_names_that_another_system_reads_otherwise_are_refused(archive: Path, name: str) -> None:
    (archive / name).write_bytes(b"low")
    findings = validate(archive)
    assert findings.log.totals["member.unsafe-name"] == 1
    assert all((problem.member or "-").isprintable() for problem in findings.problems)


def test_a_name_that_is_not_utf_8_is_refused(archive: Path) -> None:
    (archive / os.fsdecode(b"t\xe5de.md")).write_bytes(b"low")
    assert validate(archive).log.totals["member.unsafe-name"] == 1


def test_more_declared_value_types_than_a_reader_must_hold_are_refused(archive: Path) -> None:
    born = {"kind": "entity", "type": "Person", "field": "attributes", "value_type": "date"}
    manifest = json.loads((archive / "manifest.json").read_bytes())
    for number, valid in ((10_000, True), (10_001, False)):
        declared = [born | {"key": f"k{index}"} for index in range(number)]
        manifest["cogx"] = {"version": 1, "generator": "a test", "value_types": declared}
        (archive / "manifest.json").write_text(json.dumps(manifest))
        findings = validate(archive)
        assert findings.valid is valid, findings.problems
        assert (findings.log.totals["manifest.extension"] > 0) is not valid


def _need_distinct_names(folder: Path, name: str, other: str = "facts.jsonl") -> None:
    """Skip where the disk takes both names for one."""
    (folder / name).write_bytes(b"")
    same = (folder / other).exists() and (folder / name).samefile(folder / other)
    (folder / name).unlink()
    if same:
        pytest.skip("this disk holds no two such names")


def _places(findings: Findings, code: str) -> list[str | None]:
    return [problem.member for problem in findings.problems if problem.code == code]
