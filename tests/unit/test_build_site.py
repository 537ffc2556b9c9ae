from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cogx import build_site
from cogx.build_site import BuildSite, clear_leftovers
from cogx.errors import (
    BadSetting,
    NoSpace,
    OutputError,
    StoreBusy,
    StoreRefused,
    StoreUnavailable,
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


def listing(place: Path) -> list[str]:
    return sorted(one.name for one in place.parent.iterdir())


def build(place: Path, text: str = "new") -> None:
    site = BuildSite(place)
    try:
        site.built.write_text(text)
        site.publish()
    finally:
        site.close()


@contextmanager
def other_process(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that builds for a path, until it is told to end or is killed."""
    code = (
        "import sys, pathlib\n"
        "from cogx.build_site import BuildSite\n"
        "site = BuildSite(pathlib.Path(sys.argv[1]))\n"
        "site.built.write_text('half')\n"
        "(site.directory / 'folder').mkdir()\n"
        "(site.directory / 'folder' / 'file').write_text('x')\n"
        "print(site.directory, flush=True)\n"
        "sys.stdin.read()\n"
        "site.publish()\n"
        "site.close()\n"
    )
    words = [sys.executable, "-c", code, str(place)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def killed_builder(place: Path) -> None:
    with other_process(place) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_what_is_built_appears_when_it_is_whole(place: Path) -> None:
    site = BuildSite(place)
    site.built.write_text("new")
    assert not place.exists()
    site.publish()
    site.close()
    assert place.read_text() == "new"
    assert listing(place) == [place.name]


def test_what_is_not_published_is_cleared_away(place: Path) -> None:
    site = BuildSite(place)
    site.built.write_text("new")
    (site.directory / "more").write_text("x")
    site.close()
    site.close()
    assert listing(place) == []


def test_it_builds_beside_the_path(place: Path) -> None:
    site = BuildSite(place)
    assert site.directory.parent == place.parent
    assert site.directory.stat().st_mode & 0o777 == 0o700
    site.close()


def test_a_directory_that_is_not_there_is_named(place: Path) -> None:
    with pytest.raises(BadSetting, match="Make it first"):
        BuildSite(place / "x")


def test_a_directory_that_may_not_be_written_to_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("cogx.build_site.os.open", refused)
    with pytest.raises(OutputError, match="Permission denied"):
        BuildSite(place)


def test_who_comes_second_learns_who_builds_and_since_when(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = BuildSite(place)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 90)
    with pytest.raises(StoreBusy) as caught:
        BuildSite(place)
    said = str(caught.value)
    assert f"process {os.getpid()} of {getpass.getuser()} on {socket.gethostname()}" in said
    age = int(said.partition(", for ")[2].partition(" s")[0])
    assert age in range(85, 95)
    assert "Wait until it is done, or stop it" in said
    site.close()
    BuildSite(place).close()


def test_a_lock_that_does_not_say_whose_it_is_still_locks(place: Path) -> None:
    site = BuildSite(place)
    (lock,) = place.parent.glob("*.cogx-lock")
    lock.write_text("")
    with pytest.raises(StoreBusy, match="it has not said which"):
        BuildSite(place)
    site.close()


def test_two_processes_do_not_build_at_once(place: Path) -> None:
    with other_process(place) as process:
        with pytest.raises(StoreBusy, match=f"process {process.pid} of"):
            BuildSite(place)
        with pytest.raises(StoreBusy, match=f"process {process.pid} of"):
            clear_leftovers(place)
        process.communicate("")
        assert process.returncode == 0
    assert place.read_text() == "half"
    build(place)
    assert place.read_text() == "new"
    assert listing(place) == [place.name]


def test_a_builder_that_died_is_in_nobody_s_way(place: Path) -> None:
    place.write_text("old")
    killed_builder(place)
    assert len(listing(place)) == 3
    assert place.read_text() == "old"
    build(place)
    assert listing(place) == [place.name]


def test_what_dead_builders_left_can_be_cleared_away_alone(place: Path) -> None:
    killed_builder(place)
    assert clear_leftovers(place) == 1
    assert clear_leftovers(place) == 0
    assert listing(place) == []


@pytest.mark.parametrize(
    "other", ["graph", "graph.db.db", "graph.dbx", "graph.db.abcdefgh", "raph.db"]
)
def test_a_store_with_a_name_alike_is_left_alone(place: Path, other: str) -> None:
    theirs = BuildSite(place.with_name(other))
    theirs.built.write_text("theirs")
    build(place)
    assert clear_leftovers(place) == 0
    theirs.publish()
    theirs.close()
    assert place.with_name(other).read_text() == "theirs"
    assert place.read_text() == "new"


@pytest.mark.parametrize(
    "name",
    [".graph.db.cogx-partial", ".graph.db.ABCDEFGH.cogx-partial", "graph.db.abcdefgh.cogx-partial",
     ".graph.db.x.abcdefgh.cogx-partial", ".graphxdb.abcdefgh.cogx-partial"],
)  # fmt: skip
def test_what_no_builder_of_ours_made_stays(place: Path, name: str) -> None:
    place.with_name(name).mkdir()
    build(place)
    assert place.with_name(name).is_dir()


@pytest.mark.parametrize("name", ["[a]*?", "a\nb", "é", " ", "x" * 200, ".hidden", "a.cogx-lock"])
def test_any_name_can_be_built_for(place: Path, name: str) -> None:
    odd = place.with_name(name)
    killed_builder(odd)
    build(odd)
    assert listing(place) == [name]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_what_is_replaced_keeps_its_permissions(place: Path, mode: int) -> None:
    place.write_text("old")
    place.chmod(mode)
    build(place)
    assert (place.read_text(), place.stat().st_mode & 0o7777) == ("new", mode)


def test_what_appeared_meanwhile_is_not_replaced(place: Path) -> None:
    site = BuildSite(place)
    site.built.write_text("new")
    place.write_text("theirs")
    with pytest.raises(StoreRefused, match="made by somebody else meanwhile"):
        site.publish()
    site.close()
    assert place.read_text() == "theirs"


def _append(place: Path) -> None:
    with place.open("a") as file:
        file.write("more")


def _swap(place: Path) -> None:
    other = place.with_name("other")
    other.write_text("old")
    os.utime(other, ns=(0, place.stat().st_mtime_ns))
    other.replace(place)


@pytest.mark.parametrize(
    "change", [_append, _swap, lambda place: os.utime(place, (0, 0)), Path.unlink],
    ids=["written to", "swapped", "touched", "gone"],
)  # fmt: skip
def test_what_changed_meanwhile_is_not_replaced(place: Path, change: object) -> None:
    place.write_text("old")
    site = BuildSite(place)
    site.built.write_text("new")
    assert callable(change)
    change(place)
    before = place.read_text() if place.exists() else None
    with pytest.raises(StoreUnavailable, match="by somebody else meanwhile"):
        site.publish()
    site.close()
    assert (place.read_text() if place.exists() else None) == before


def test_a_disk_that_is_full_at_the_end_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_text("old")
    site = BuildSite(place)
    site.built.write_text("new")

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_site, "_sync", full)
    with pytest.raises(NoSpace, match="Nothing was written there"):
        site.publish()
    site.close()
    assert place.read_text() == "old"
    assert listing(place) == [place.name]


def test_of_many_that_come_at_once_each_waits_for_another(place: Path) -> None:
    """The lock is a file that goes with its holder: nobody gets one that is gone already."""
    inside, most = 0, 0
    counting = threading.Lock()

    def compete() -> None:
        nonlocal inside, most
        for _ in range(20):
            try:
                site = BuildSite(place)
            except StoreBusy:
                continue
            with counting:
                inside += 1
                most = max(most, inside)
            with counting:
                inside -= 1
            site.close()

    threads = [threading.Thread(target=compete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert listing(place) == []
