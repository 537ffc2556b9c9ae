"""Knows how to put an archive's members on disk; the only place that extracts anything.

Must never know a member's content. Names come from layout.MEMBERS alone, files are new, and the
target appears only when the whole container was proven.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from cogx.container.contract import Container, Report
from cogx.container.room import put_all, writing
from cogx.container.staged_directory import StagedDirectory
from cogx.errors import InvalidArchive
from cogx.format.layout import MEMBERS
from cogx.problems import Problem, ProblemLog, Severity


def extract(
    container: Container,
    target_dir: str | os.PathLike[str],
    *,
    report: Report,
    names: Callable[[str], bool] | None = None,
    force: bool = False,
) -> dict[str, int]:
    """Write the members into a new directory that appears when all of them are proven.

    Args:
        container: What to read; one pass is made.
        target_dir: A directory that does not exist or is empty; with ``force`` also one that
            holds nothing but an archive's members, which are replaced as a whole.
        report: Hears about every finding.
        names: Says which members are wanted; all, if None. The others are proven just as well.
        force: See ``target_dir``.

    Returns:
        Member -> its size in bytes, in the container's order.

    Raises:
        InvalidArchive: A finding was an error; ``problems`` holds them, and nothing was written.
        DamagedArchive: The container is damaged; nothing was written.
        LimitExceeded: A bound was passed; nothing was written.
        AlreadyThere: The target holds something.
        OutputError: The disk refused; nothing stays behind.

    Cost: one pass, flat memory, and the members' bytes on disk.

    """
    log = ProblemLog()

    def hear(problem: Problem) -> None:
        log.add(problem)
        report(problem)

    staged = StagedDirectory(os.fspath(target_dir), force=force)
    sizes = {}
    try:
        for member in container.members(hear):
            if member.name in MEMBERS and (names is None or names(member.name)):
                sizes[member.name] = _write(staged, member.name, member.chunks)
        if log.errors():
            errors = [found for found in log.kept if found.severity is Severity.ERROR]
            text = f"{container.name}: {errors[0]}. Nothing was extracted."
            raise InvalidArchive(text, errors)
        staged.publish()
    except BaseException:
        staged.abort()
        raise
    return sizes


def _write(staged: StagedDirectory, name: str, chunks: Callable[[], Iterator[bytes]]) -> int:
    size = 0
    path = f"{staged.path}/{name}"
    file = staged.create(name)
    try:
        for chunk in chunks():
            with writing(path):
                put_all(file, chunk)
            size += len(chunk)
        with writing(path):
            os.fsync(file)
    finally:
        os.close(file)
    return size
