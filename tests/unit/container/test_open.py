"""What may be opened: paths, pipes, file objects, bytes, mappings; and what is refused."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cogx.container import Container, open_container
from cogx.errors import BadSetting, DamagedArchive, InvalidArchive, LimitExceeded, UsageError
from cogx.limits import Limits
from cogx.problems import Problem

from .handmade import MANIFEST, codes, entry, gz, read, tar

DATA = gz(tar(entry(b"facts.jsonl", b"f")))
GOOD = {"manifest.json": MANIFEST, "facts.jsonl": b"f"}


def test_a_path_is_opened_whatever_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "looks-like.zip"
    path.write_bytes(DATA)
    for source in (path, str(path)):
        assert read(source) == (GOOD, [])
    with open_container(path) as container:
        assert (container.name, container.form, container.size) == (str(path), "tar.gz", len(DATA))


def test_a_link_to_an_archive_is_followed_since_the_user_gave_it(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(DATA)
    (tmp_path / "link").symlink_to("real")
    assert read(tmp_path / "link") == (GOOD, [])


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" * 300, bytes(10240), b"{}" * 400])
def test_what_is_no_container_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(InvalidArchive, match=r"a\.tar\.gz") as caught:
        open_container(path)
    assert codes(list(caught.value.problems)) == ["container.unreadable"]


def test_a_missing_path_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no such file"):
        open_container(tmp_path / "nowhere")
    with pytest.raises(BadSetting):
        open_container(tmp_path / "nowhere" / "deeper")


def test_a_pipe_device_or_socket_as_path_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "link").symlink_to(fifo)
    with socket.socket(socket.AF_UNIX) as listener:
        short = os.path.relpath(tmp_path / "s")
        listener.bind(short if len(short) < 100 else str(tmp_path / "s"))
        for path in (fifo, tmp_path / "link", tmp_path / "s", Path(os.devnull)):
            with pytest.raises(BadSetting, match="not a regular file"):
                open_container(path)


def test_a_seekable_object_is_read_from_where_it_stands_and_never_closed() -> None:
    stream = io.BytesIO(b"before" + DATA)
    stream.seek(6)
    with open_container(stream) as container:
        assert container.size == len(DATA)
        for _ in range(2):
            kept = {m.name: b"".join(m.chunks()) for m in container.members(print)}
            assert kept == GOOD
    assert not stream.closed


def test_a_pipe_is_spooled_once_and_read_as_often_as_wanted() -> None:
    reading, writing = os.pipe()
    feeder = threading.Thread(target=lambda: (os.write(writing, DATA), os.close(writing)))
    feeder.start()
    with os.fdopen(reading, "rb") as pipe, open_container(pipe) as container:
        for _ in range(2):
            assert {m.name: b"".join(m.chunks()) for m in container.members(print)} == GOOD
    feeder.join()


def test_a_source_that_breaks_is_a_setting_to_correct() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BadSetting, match="cannot be read"):
        open_container(Broken())  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="no such file"):
        open_container("a\0b")


def test_bytes_and_mappings_need_no_disk() -> None:
    assert read(DATA) == (GOOD, [])
    assert read(GOOD) == (GOOD, [])
    with open_container(GOOD) as container:
        assert (container.form, container.name, container.size) == ("memory", "<memory>", 18)


def test_a_mapping_is_judged_like_every_other_container() -> None:
    odd = {"../x": b"", "facts.jsonl": b"f", "./facts.jsonl": b"g", "README": b"", "a/b/c": b""}
    kept, found = read(odd)
    assert kept == {"facts.jsonl": b"f"}
    assert codes(found) == [
        "member.unsafe-name",
        "member.duplicate",
        "member.unknown",
        "member.unknown",
    ]
    for limit in ("members", "member_bytes", "total_bytes"):
        with pytest.raises(LimitExceeded, match=limit):
            read({"facts.jsonl": b"ff", "nodes.jsonl": b""}, Limits().replace(limit, 1))


@pytest.mark.parametrize("form", ["tarball", "directory", "memory"])
def test_closing_twice_is_fine_and_reading_after_it_is_not(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(MANIFEST)
    (tmp_path / "t").write_bytes(DATA)
    sources: dict[str, object] = {"tarball": tmp_path / "t", "directory": folder, "memory": GOOD}
    container: Container = open_container(sources[form])  # type: ignore[arg-type]
    container.close()
    container.close()
    if form != "memory":
        with pytest.raises(UsageError, match="closed"):
            next(container.members(print))


def test_a_file_that_changes_between_opening_and_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(DATA)
    found: list[Problem] = []
    with open_container(path) as container:
        members = container.members(found.append)
        next(members)
        os.utime(path, (1, 1))
        with pytest.raises(DamagedArchive, match="changed"):
            list(members)
    assert codes(found) == ["container.corrupt"]


def descriptors() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


def test_nothing_stays_open_when_a_pass_is_given_up(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    for name in ("manifest.json", "facts.jsonl"):
        (folder / name).write_bytes(b"{}")
    (tmp_path / "t").write_bytes(DATA)
    before = len(descriptors())
    for path in (folder, tmp_path / "t"):
        with open_container(path) as container:
            members = container.members(print)
            next(next(members).chunks())
            del members
    with pytest.raises(InvalidArchive):
        open_container(Path(__file__))
    assert len(descriptors()) == before


def test_importing_the_package_loads_no_compression_library() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; import cogx.container;"
        "print([n for n in ('isal', 'zstandard', 'lzma', 'bz2', 'tarfile') if n in sys.modules])"
    )
    command = [sys.executable, "-c", code, *sys.path]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
