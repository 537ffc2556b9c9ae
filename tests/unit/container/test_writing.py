"""Writing containers: what was written is read back, twice the same, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.container import ContainerWriter, create_container, open_container
from cogx.container.tar_header import decode_header, decode_pax, encode_entry
from cogx.errors import AlreadyThere, BadSetting, NoSpace, OutputError, UnknownName
from cogx.format.layout import MEMBER_OF_KIND

from .handmade import MANIFEST, collect, listing, read

FORMS = ["a.tar.gz", "a.TGZ", "a.tar.zst", "a.tar", "a"]
NOISE = os.urandom(700_001)
KEPT = {
    "manifest.json": MANIFEST,
    "permissions.json": b"{}",
    "nodes.jsonl": NOISE + bytes(2 << 20) + NOISE,
    "entities.jsonl": b"",
    "facts.jsonl": b"fact\n",
}


def fill(writer: ContainerWriter, kept: dict[str, bytes] = KEPT, cut: int = 1 << 16) -> None:
    for name in reversed(kept):
        if name == "manifest.json":
            continue
        for at in range(0, len(kept[name]) or 1, cut):
            writer.write(name, kept[name][at : at + cut])
    writer.publish(kept["manifest.json"])


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", FORMS)
def test_what_was_written_is_read_in_layout_order_manifest_first(tmp_path: Path, name: str) -> None:
    fill(create_container(tmp_path / name))
    kept, found = read(tmp_path / name)
    assert (kept, found) == (KEPT, [])
    assert list(kept) == list(KEPT)
    assert listing(tmp_path) == [name]


members = st.dictionaries(
    st.sampled_from(sorted(MEMBER_OF_KIND.values())),
    st.lists(st.binary(max_size=3000), max_size=4),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(members, st.binary(max_size=2000), st.sampled_from(["gz", "zst", "tar"]), st.data())
def test_read_after_write_is_the_identity(
    parts: dict[str, list[bytes]], manifest: bytes, form: str, data: Any
) -> None:
    stream = io.BytesIO()
    writer = create_container(stream, compression=form)
    turns = data.draw(st.permutations([name for name, cuts in parts.items() for _ in cuts]))
    waiting = {name: list(cuts) for name, cuts in parts.items()}
    for name in turns:
        writer.write(name, waiting[name].pop(0))
    writer.publish(manifest)
    wanted = {name: b"".join(cuts) for name, cuts in parts.items() if cuts}
    assert read(stream.getvalue()) == ({"manifest.json": manifest} | wanted, [])


@pytest.mark.parametrize("name", FORMS[:4])
def test_the_same_bytes_give_the_same_file_however_they_were_cut(tmp_path: Path, name: str) -> None:
    digests = set()
    for number, cut in enumerate((999, 1 << 20, 3 << 20)):
        path = tmp_path / f"{number}{name}"
        fill(create_container(path), cut=cut)
        digests.add(digest(path))
    assert len(digests) == 1


@pytest.mark.parametrize("form", ["gz", "zst", "tar"])
def test_a_stream_gets_the_same_bytes_as_a_file_and_only_at_publish(
    tmp_path: Path, form: str
) -> None:
    stream = io.BytesIO()
    writer = create_container(stream, compression=form)
    writer.write("nodes.jsonl", NOISE * 3)
    assert stream.getvalue() == b""
    writer.publish(MANIFEST)
    assert not stream.closed
    file = create_container(tmp_path / "x", compression=form)
    file.write("nodes.jsonl", NOISE * 3)
    file.publish(MANIFEST)
    assert (tmp_path / "x").read_bytes() == stream.getvalue()


def test_a_stream_that_takes_little_at_a_time_gets_everything() -> None:
    class Dribble(io.RawIOBase):
        def __init__(self) -> None:
            self.kept = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.kept += bytes(data)[:1000]
            return min(1000, len(data))

    dribble = Dribble()
    fill(create_container(dribble))  # type: ignore[arg-type]
    assert read(bytes(dribble.kept)) == (KEPT, [])


def test_a_mapping_is_filled_at_publish() -> None:
    target: dict[str, bytes] = {}
    writer = create_container(target)
    writer.write("facts.jsonl", b"f")
    assert target == {}
    writer.publish(MANIFEST)
    assert list(target.items()) == [("manifest.json", MANIFEST), ("facts.jsonl", b"f")]
    with pytest.raises(AlreadyThere):
        create_container(target)
    fill(create_container(target, force=True))
    assert read(target) == (KEPT, [])


def test_levels_and_mtime_are_settable_and_bounded(tmp_path: Path) -> None:
    for compression, level in (("gz", 0), ("gz", 3), ("zst", 1), ("zst", 19)):
        path = tmp_path / f"{compression}{level}"
        small = {"manifest.json": MANIFEST, "facts.jsonl": b"f" * 5000}
        fill(create_container(path, compression=compression, level=level, mtime=1234), small)
        assert read(path)[0] == small
        assert path.stat().st_size < 12_000
    with tarfile.open(tmp_path / "gz3") as plain:
        assert {entry.mtime for entry in plain} == {1234}
    for compression, level in (
        ("gz", 4),
        ("gz", -1),
        ("zst", 0),
        ("zst", 23),
        ("tar", 1),
        ("dir", 1),
    ):
        with pytest.raises(BadSetting):
            create_container(tmp_path / "x", compression=compression, level=level)
    with pytest.raises(BadSetting):
        create_container(tmp_path / "x.tar", mtime=-1)
    with pytest.raises(UnknownName):
        create_container(tmp_path / "x", compression="rar")


def test_the_path_says_what_is_written(tmp_path: Path) -> None:
    for name in ("plain", "slash.d/", ".hidden"):
        fill(create_container(f"{tmp_path}/{name}"))
        assert (tmp_path / name / "manifest.json").is_file()
    (tmp_path / "made.d").mkdir()
    fill(create_container(tmp_path / "made.d"))
    assert read(tmp_path / "made.d") == (KEPT, [])
    with pytest.raises(BadSetting, match=r"\.tar\.zst"):
        create_container(tmp_path / "a.zip")
    fill(create_container(tmp_path / "a.zip", compression="zst"))
    with open_container(tmp_path / "a.zip") as container:
        assert container.form == "tar.zst"
    with pytest.raises(BadSetting, match="stream"):
        create_container(io.BytesIO(), compression="dir")
    with pytest.raises(BadSetting, match="No such file"):
        create_container(tmp_path / "nowhere" / "a.tar.gz")
    with pytest.raises(BadSetting, match="No such file"):
        create_container(tmp_path / "nowhere" / "a")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "C:a", "a\nb", "x" * 81])
@pytest.mark.parametrize("form", ["a.tar.gz", "a"])
def test_names_that_some_container_cannot_hold_are_refused(
    tmp_path: Path, form: str, name: str
) -> None:
    writer = create_container(tmp_path / form)
    with pytest.raises(BadSetting):
        writer.write(name, b"")
    with pytest.raises(BadSetting, match="publish"):
        writer.write("manifest.json", b"")
    writer.abort()
    assert listing(tmp_path) == []


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


@pytest.mark.parametrize("name", FORMS)
def test_secrets_stay_with_the_owner_and_the_umask_is_kept(tmp_path: Path, name: str) -> None:
    old = os.umask(0o027)
    try:
        fill(create_container(tmp_path / name))
        fill(
            create_container(tmp_path / ("open" + name)), {"manifest.json": b"", "facts.jsonl": b""}
        )
    finally:
        os.umask(old)

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    if name == "a":
        assert mode(tmp_path / name) == 0o750
        assert mode(tmp_path / name / "permissions.json") == 0o600
        assert mode(tmp_path / name / "facts.jsonl") == 0o640
    else:
        assert mode(tmp_path / name) == 0o600
        assert mode(tmp_path / ("open" + name)) == 0o640


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


def test_copying_falls_back_where_the_kernel_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(create_container(tmp_path / "a.tar.gz"))

    def refuse(*args: object, **kwargs: object) -> int:
        raise OSError(errno.EXDEV, "other disk")

    monkeypatch.setattr(os, "copy_file_range", refuse, raising=False)
    fill(create_container(tmp_path / "b.tar.gz"))
    monkeypatch.delattr(os, "copy_file_range")
    fill(create_container(tmp_path / "c.tar.gz"))
    assert len({digest(tmp_path / f"{name}.tar.gz") for name in "abc"}) == 1


def test_sizes_beyond_ustar_go_into_a_pax_record() -> None:
    for size in (0, 5, (8 << 30) - 1):
        block = encode_entry("facts.jsonl", size, mode=0o644, mtime=0)
        assert decode_header(block).size == size
    for size in (8 << 30, 99 << 30, 1 << 50):
        blocks = encode_entry("facts.jsonl", size, mode=0o644, mtime=0)
        first = decode_header(blocks[:512])
        assert first.kind == b"x"
        assert decode_pax(blocks[512 : 512 + first.size]) == {b"size": b"%d" % size}
        with tarfile.open(fileobj=io.BytesIO(blocks), mode="r:") as peer:
            entry = peer.next()
        assert entry is not None
        assert (entry.name, entry.size) == ("facts.jsonl", size)


@pytest.mark.parametrize("form", ["gz", "tar"])
@pytest.mark.parametrize("mode", ["r:*", "r|*", "r:", "r|"])
def test_the_standard_library_reads_our_tarballs(tmp_path: Path, form: str, mode: str) -> None:
    path = tmp_path / "a"
    fill(create_container(path, compression=form))
    full = mode if mode.endswith("*") or form == "tar" else mode + form
    with tarfile.open(path, full) as peer:
        kept = {}
        for entry in peer:
            file = peer.extractfile(entry)
            assert file is not None
            kept[entry.name] = file.read()
            assert (entry.uid, entry.uname, entry.mtime) == (0, "", 0)
    assert kept == KEPT


@pytest.mark.parametrize(
    ("form", "command"),
    [
        ("gz", "tar xzf"),
        ("gz", "bsdtar xf"),
        ("zst", "tar --zstd -xf"),
        ("tar", "tar xf"),
        ("gz", "gzip -t"),
        ("gz", "pigz -t"),
        ("zst", "zstd -qt"),
    ],
)
def test_other_programs_read_our_tarballs(tmp_path: Path, form: str, command: str) -> None:
    if shutil.which(command.partition(" ")[0]) is None or (
        "zst" in form and not shutil.which("zstd")
    ):
        pytest.skip("not installed here")
    path = tmp_path / f"a.tar.{form}"
    fill(create_container(path, compression=form))
    answer = subprocess.run([*command.split(), path], cwd=tmp_path, capture_output=True, check=True)
    assert answer.stderr == b""
    path.unlink()
    if command.endswith(("xf", "xzf")):
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == KEPT


SMALL = {"manifest.json": MANIFEST, "nodes.jsonl": NOISE[:9000], "facts.jsonl": b""}


@pytest.mark.parametrize(
    ("style", "flag"),
    [(style, "") for style in ("v7", "oldgnu", "gnu", "ustar", "pax")]
    + [("gnu", flag) for flag in ("-z", "-j", "-J", "--zstd")],
)
@pytest.mark.parametrize("place", [".", "wrapper"])
def test_tarballs_of_gnu_tar_are_read(tmp_path: Path, style: str, flag: str, place: str) -> None:
    needed = {"": "tar", "-z": "gzip", "-j": "bzip2", "-J": "xz", "--zstd": "zstd"}[flag]
    if not shutil.which("tar") or not shutil.which(needed):
        pytest.skip("not installed here")
    folder = tmp_path / "in" / "wrapper"
    folder.parent.mkdir()
    fill(create_container(folder), SMALL)
    start = folder if place == "." else folder.parent
    command = ["tar", f"--format={style}", "-c", "-f", tmp_path / "out", "-C", start, place]
    subprocess.run([*command, *([flag] if flag else [])], check=True)
    assert read(tmp_path / "out") == (SMALL, [])


@pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "w|gz"])
def test_tarballs_of_the_standard_library_are_read(style: int, mode: str) -> None:
    stream = io.BytesIO()
    packer: Any = tarfile.open
    with packer(fileobj=stream, mode=mode, format=style) as peer:
        for name, data in SMALL.items():
            entry = tarfile.TarInfo(f"{'w' * 70}-ü/{name}")
            entry.size = len(data)
            entry.mtime = 1_700_000_000
            peer.addfile(entry, io.BytesIO(data))
    assert read(stream.getvalue()) == (SMALL, [])


def test_many_members_can_be_open_at_once(tmp_path: Path) -> None:
    writer = create_container(tmp_path / "a.tar.gz")
    names = sorted(MEMBER_OF_KIND.values())
    for number in range(300):
        writer.write(names[number % len(names)], b"%d\n" % number)
    writer.publish(MANIFEST)
    with open_container(tmp_path / "a.tar.gz") as container:
        kept = collect(container, [])
    assert sum(data.count(b"\n") for data in kept.values()) == 300
