"""Writing containers: what was written is read back, and twice it is the same."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.container import create_container, open_container
from cogx.container.tar_header import decode_header, decode_pax, encode_entry
from cogx.errors import AlreadyThere, BadSetting, UnknownName
from cogx.format.layout import MEMBER_OF_KIND

from .handmade import FORMS, KEPT, MANIFEST, NOISE, collect, fill, listing, read


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


def test_many_members_can_be_open_at_once(tmp_path: Path) -> None:
    writer = create_container(tmp_path / "a.tar.gz")
    names = sorted(MEMBER_OF_KIND.values())
    for number in range(300):
        writer.write(names[number % len(names)], b"%d\n" % number)
    writer.publish(MANIFEST)
    with open_container(tmp_path / "a.tar.gz") as container:
        kept = collect(container, [])
    assert sum(data.count(b"\n") for data in kept.values()) == 300
