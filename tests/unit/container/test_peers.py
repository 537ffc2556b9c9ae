"""Other programs read what we write, and we read what they write."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from cogx.container import create_container

from .handmade import KEPT, MANIFEST, NOISE, fill, read


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
