"""Knows how an archive becomes a graph: prove it first, load it second."""

from __future__ import annotations

from typing import Any, Final

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Archive, Source, archive_in
from cogx.archive.validate import Findings, validate_container
from cogx.container import open_container
from cogx.engine.load import Load
from cogx.engine.receipt import Receipt
from cogx.engine.uris import open_writer
from cogx.errors import EmptyGraph, InvalidArchive, UnknownMode, UsageError
from cogx.format.manifest import Manifest
from cogx.limits import Limits
from cogx.ports import GraphWriter
from cogx.problems import CODES, Severity
from cogx.progress import SILENT, Progress

NOT_GRAPH: Final = frozenset({"member.secret", "member.unknown", "member.leftover"})
"""What stands beside a graph in an archive: no graph store holds it, and none is asked to."""

MODES: Final = ("preserve", "hybrid", "re-derive")


def import_archive(
    source: Source,
    target: str | GraphWriter,
    *,
    mode: str = "preserve",
    lenient: frozenset[str] = frozenset(),
    strict: bool = False,
    limits: Limits | None = None,
    allow_empty: bool = False,
    progress: Progress = SILENT,
) -> Receipt:
    """Import an archive into a graph store: all of it, or nothing.

    The whole archive is validated before the store is touched, then read a second time; a
    member that changed in between is noticed by its digest.

    Args:
        source: as for :func:`cogx.archive.reader.open_archive`.
        target: a store URI, or any object with the methods of GraphWriter.
        mode: ``preserve`` (the graph as it is, no LLM).
        lenient: codes of errors that may pass; what they change is counted in the receipt.
        strict: warnings refuse the archive too.

    Raises:
        UnknownMode: ``mode`` is none of the three.
        BadSetting: nothing is at ``source``, or a code cannot be lenient.
        InvalidArchive: the archive breaks the specification; the store is untouched.
        EmptyGraph: the archive holds no record and ``allow_empty`` is not set.
        StoreError: the store does not take it; nothing is left in it.
    Cost: two passes over the archive; memory grows only by what the
    store holds of each node (Ladybug: 12 bytes, and about 40 in its key index).
    """
    _check_mode(mode)
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        if strict and findings.log.warnings():
            _refuse_warnings(findings)
        if not findings.counts.total() and not allow_empty:
            raise EmptyGraph(
                f"{findings.name} holds no record, so there is nothing to import. "
                "Check which dataset was exported, or pass --allow-empty."
            )
        archive = archive_in(container, lenient=lenient, limits=limits)
        archive.trust(
            {name: member.sha256 for name, member in findings.members.items()},
            findings.counts,
            proving=bool(lenient) or "time.precision" in findings.log.totals,
        )
        writer = open_writer(target) if isinstance(target, str) else target
        load = _load(archive, findings, writer, progress)
    return _receipt(
        findings, load, str(target) if isinstance(target, str) else type(target).__name__
    )


def _load(archive: Archive, findings: Findings, writer: GraphWriter, progress: Progress) -> Load:
    load = Load(archive, findings, writer, progress)
    try:
        load.run()
        writer.finish(_header(archive.manifest), progress)
    except BaseException:
        writer.abort()
        raise
    return load


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise UnknownMode(f"Unknown mode {mode!r}. Known: {', '.join(MODES)}.")
    if mode != "preserve":
        raise UsageError(
            f"Mode {mode} derives from raw content, and this version of cogx has no deriver yet. "
            "Import with --mode preserve; the raw content is kept in the store."
        )


def _refuse_warnings(findings: Findings) -> None:
    raise InvalidArchive(
        f"{findings.name} has {findings.log.warnings():,} warnings, and --strict refuses them. "
        f"First: {findings.problems[0]}",
        findings.problems,
    )


def _header(manifest: Manifest | None) -> dict[str, Any]:
    """Return what a store remembers of an archive, to write it again at the next export."""
    if manifest is None:
        return {"source_system": "unknown"}
    plain = manifest.model_dump(mode="json", exclude={"cogx", "counts", "cogx_version"})
    header = {"source_system": manifest.source_system} | {
        name: plain[name]
        for name in ("embedding_model", "migration_revision", "notes")
        if plain.get(name) is not None
    }
    if manifest.model_extra:
        header["unknown"] = manifest.model_extra
    extension = manifest.cogx
    if extension is not None:
        kept = extension.model_dump(
            mode="json",
            include={"dataset", "complete", "selection", "embedding"},
            exclude_none=True,
        )
        header |= kept
    return header


def _receipt(findings: Findings, load: Load, target: str) -> Receipt:
    created = dict(load.created)
    stubs = created.pop("stub", 0)
    totals = findings.log.totals
    errors = {code: n for code, n in totals.items() if CODES[code].severity is Severity.ERROR}
    dropped = {code: n for code, n in errors.items() if "left out" in CODES[code].lenient}
    losses = dropped | dict(load.dropped)
    return Receipt(
        source=findings.name,
        target=target,
        counts=created,
        stubs=stubs,
        losses=losses,
        changes={code: n for code, n in errors.items() if code not in losses},
        declared={code: totals[code] for code in NOT_GRAPH if totals[code]},
        warnings={code: n for code, n in totals.items() if code not in NOT_GRAPH | errors.keys()},
        fingerprint=findings.fingerprint.hex(),
    )
