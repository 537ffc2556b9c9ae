"""Knows how a directory becomes an archive and back, members byte for byte; changes no record."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Source
from cogx.archive.validate import Findings, validate_container
from cogx.archive.writer import Target
from cogx.container import Container, create_container, extract, open_container
from cogx.errors import ArchiveError, BadSetting, DigestMismatch, InvalidArchive
from cogx.format.layout import KIND_OF_MEMBER, MANIFEST, MEMBER_OF_KIND
from cogx.format.manifest import EXTENSION, Extension, Fingerprint, MemberInfo
from cogx.generator import GENERATOR
from cogx.limits import Limits
from cogx.problems import ProblemLog
from cogx.progress import SILENT, Progress

REFRESHED = frozenset(
    {
        "manifest.count",
        "manifest.bytes",
        "manifest.digest",
        "manifest.fingerprint",
        "manifest.extension",
        "member.missing",
    }
)
"""What --refresh writes anew, and so does not refuse."""


def pack(
    source: Source,
    target: Target,
    *,
    plain: bool = False,
    refresh: bool = False,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> Findings:
    """Pack an archive (usually a directory) into another container, after validating it.

    Args:
        plain: the manifest too stays byte for byte; else it gains our key if it has none.
        refresh: counts, digests and fingerprint are computed anew: for a directory that was
            edited by hand.

    Returns:
        What validation found; its manifest is the one before packing.

    Raises:
        BadSetting: both ``plain`` and ``refresh``.
        InvalidArchive: the source breaks the specification; nothing is written.
        AlreadyThere: the target exists and ``force`` is not set.
    Cost: two passes over the source; memory does not grow with it.
    """
    if plain and refresh:
        raise BadSetting("plain keeps the manifest as it is, refresh writes it anew: choose one.")
    limits = limits or Limits()
    lenient = checked_lenient(lenient) | (REFRESHED if refresh else frozenset())
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        writer = create_container(target, compression=compression, level=level, force=force)
        try:
            manifest = _copy_members(container, writer.write, findings, progress)
            if not plain and manifest is not None:
                manifest = extended(manifest, findings, refresh=refresh)
            if manifest is None:
                raise InvalidArchive("An archive without manifest.json cannot be packed.", [])
            writer.publish(manifest)
        finally:
            writer.abort()
    return findings


def unpack(
    source: Source,
    target: str | os.PathLike[str],
    *,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> dict[str, int]:
    """Unpack an archive into a new or empty directory, after validating it.

    Returns:
        The bytes of each member written.

    Raises:
        InvalidArchive: the archive breaks the specification; nothing is left behind.
        AlreadyThere: the directory is not empty and ``force`` is not set.
    Cost: two passes over the source; memory does not grow with it.
    """
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        log = ProblemLog()
        written = extract(container, target, report=log.add, force=force)
    for name, size in written.items():
        if size != findings.members[name].bytes:
            raise ArchiveError(f"{name} changed while it was unpacked; fetch the archive again.")
    return written


def extended(manifest: bytes, findings: Findings, *, refresh: bool) -> bytes:
    """Return a manifest's bytes with our key; one that is there stays unless refreshed.

    An archive without our key whose records hold ``$cogx`` objects as plain data stays without.
    Every other key keeps its value and place, also those COGX does not define.
    """
    plain: dict[str, Any] = json.loads(manifest)
    had = plain.get(EXTENSION) is not None
    if had and not refresh:
        return manifest
    if refresh:
        plain["counts"] = _counts(findings, plain.get("counts"))
    before = plain.get(EXTENSION) if findings.manifest and findings.manifest.cogx else None
    if findings.wrapped and before is None:
        # With our key, objects that are data in these members would become typed values.
        if had:
            raise InvalidArchive("The manifest's cogx key is unreadable, typed values need it.", [])
        return _text(plain) if refresh else manifest
    extension = Extension.model_validate(before or {"generator": GENERATOR})
    extension.generator = GENERATOR
    extension.members = {
        name: MemberInfo(
            bytes=facts.bytes,
            records=facts.records if name in KIND_OF_MEMBER else None,
            sha256=facts.sha256,
        )
        for name, facts in sorted(findings.members.items())
        if name != MANIFEST
    }
    extension.fingerprint = Fingerprint(**findings.fingerprint.hex())
    plain[EXTENSION] = extension.model_dump(mode="json", exclude_none=True)
    return _text(plain)


def _text(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"


def _counts(findings: Findings, before: Mapping[str, int] | None) -> dict[str, int]:
    kinds = [kind for kind in MEMBER_OF_KIND if findings.counts[kind] or kind in (before or {})]
    return {kind: findings.counts[kind] for kind in kinds}


def _copy_members(
    container: Container, write: Any, findings: Findings, progress: Progress
) -> bytes | None:
    """Copy every member but the manifest, which is returned."""
    manifest: bytes | None = None
    proven: dict[str, str] = {}
    log = ProblemLog()
    progress.begin("pack", total=sum(m.bytes for m in findings.members.values()), unit="bytes")
    for member in container.members(log.add):
        if member.name == MANIFEST:
            manifest = b"".join(member.chunks())
            continue
        write(member.name, b"")
        digest = hashlib.sha256()
        for chunk in member.chunks():
            write(member.name, chunk)
            digest.update(chunk)
            progress.advance(len(chunk))
        proven[member.name] = digest.hexdigest()
    progress.end()
    for name, facts in findings.members.items():
        if name != MANIFEST and proven.get(name) != facts.sha256:
            raise DigestMismatch(name, facts.sha256, proven.get(name, "absent"))
    return manifest
