"""Knows how an archive is opened once it is judged valid; never what is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Archive, Source, archive_in
from cogx.archive.validate import Findings, validate_container
from cogx.container import open_container
from cogx.limits import Limits
from cogx.progress import SILENT, Progress


@contextmanager
def proven(
    source: Source,
    *,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> Iterator[tuple[Archive, Findings]]:
    """Judge an archive, and give it out with what was found; close it afterwards.

    What is read of it then is what was judged: a member that changes in between is noticed by its
    digest.

    Raises:
        BadSetting: nothing is at ``source``, or a code cannot be lenient.
        InvalidArchive: the archive breaks the specification.
    Cost: one pass over the archive.
    """
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        archive = archive_in(container, lenient=lenient, limits=limits)
        archive.trust(
            {name: member.sha256 for name, member in findings.members.items()},
            findings.counts,
            proving=bool(lenient) or "time.precision" in findings.log.totals,
        )
        yield archive, findings
