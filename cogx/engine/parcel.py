"""Knows what is to be pushed and packs it for one server: a temporary archive, and its figures.

What is pushed is a local cognee dataset, a store, a graph in memory or an archive; what the server
is decides the profile. Sends nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cogx.archive.reader import open_archive
from cogx.archive.writer import ArchiveWriter, exported_now
from cogx.engine.header import header_of, manifest_of
from cogx.engine.holdings import StoreRecords
from cogx.engine.proven import proven
from cogx.engine.record_sources import ArchiveRecords, OnlyKinds
from cogx.engine.rewriting import Rewriting
from cogx.engine.split_files import stem_of
from cogx.engine.stages import Stages
from cogx.engine.uris import parse_uri, reading
from cogx.errors import BadSetting, UnknownName
from cogx.format.layout import CONTENT_KINDS, GRAPH_KINDS, KINDS, SUFFIXES
from cogx.format.manifest import Manifest
from cogx.graph.datasets import reader_of
from cogx.limits import Limits
from cogx.ports import GraphReader, RecordSource
from cogx.progress import SILENT, Progress

DEFAULT_DATASET: Final = "main_dataset"
NODE_KINDS: Final = GRAPH_KINDS - {"fact"}
EVERYTHING: Final = frozenset(KINDS)


@dataclass(slots=True)
class Parcel:
    """An archive that is ready to be sent.

    ``counts`` are records by kind in it; ``largest_member`` and ``total`` bytes when unpacked;
    ``fingerprint`` both sums of what it holds; ``declared`` and ``changes`` what the profile says
    the server will not keep, or had changed.
    """

    path: Path
    counts: dict[str, int]
    size_bytes: int
    sha256: str
    largest_member: int
    total: int
    fingerprint: str
    declared: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)

    @property
    def nodes(self) -> int:
        """Return how many nodes it gives."""
        return sum(self.counts.get(kind, 0) for kind in NODE_KINDS)

    @property
    def contents(self) -> int:
        """Return how many content records it holds."""
        return sum(self.counts.get(kind, 0) for kind in CONTENT_KINDS)


class Shipment:
    """What a person wants pushed, open for reading. Close it.

    ``name`` is the local dataset's name, or what stands for one; ``header`` what the manifest
    will say; ``records`` a RecordSource; ``exported_at`` the archive's own, so that it is packed
    into the same bytes each time and an upload of them can go on.
    """

    exported_at: datetime | None = None

    def __init__(self, what: Any, *, user: str | None = None, progress: Progress = SILENT) -> None:
        self._stack = ExitStack()
        self._progress = progress
        try:
            self._open(what, user)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release what is read. May be called twice."""
        self._stack.close()

    def __enter__(self) -> Shipment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, what: Any, user: str | None) -> None:
        if isinstance(what, os.PathLike) or (isinstance(what, str) and _is_archive(what)):
            self._open_archive(os.fspath(what))
            return
        if isinstance(what, UUID) or (isinstance(what, str) and not _is_store(what)):
            what = f"cognee:{what}" + (f"?user={user}" if user else "")
        reader = self._stack.enter_context(reading(what))
        self._open_store(reader, what)

    def _open_archive(self, path: str) -> None:
        archive, _ = self._stack.enter_context(proven(path, progress=self._progress))
        self.header = header_of(archive.manifest)
        self.exported_at = archive.manifest.exported_at if archive.manifest else None
        self.name = self.header.get("dataset") or stem_of(path)
        self.records: RecordSource = ArchiveRecords(archive)
        self.profile = self.header.get("profile", "portable")

    def _open_store(self, whole: GraphReader, what: Any) -> None:
        reader = reader_of(whole, None)
        self.header = dict(reader.header())
        self.name = self.header.get("dataset") or _name_of(what)
        self.records = StoreRecords(reader, self._progress)
        self.profile = self.header.get("profile", "portable")

    @contextmanager
    def packed(
        self,
        directory: Path,
        *,
        for_cognee: bool,
        mode: str,
        target: str,
        kinds: frozenset[str] = EVERYTHING,
        before: Sequence[Any] = (),
    ) -> Iterator[Parcel]:
        """Pack what is to be sent into a directory, and give it out.

        Args:
            for_cognee: whether the server is a real cognee: then ids and nodes are told as it
                keeps them best, and ids of contents are those of the target dataset.
            kinds: records of other kinds stay here.
            before: further stages, as callables from a RecordSource to one.

        Cost: temporary disk of the packed size.
        """
        source: RecordSource = self.records
        for stage in before:
            source = stage(source)
        wants_profile = for_cognee and mode != "re-derive" and self.profile != "cognee"
        rewriting = Rewriting.of(profile="cognee" if wants_profile else "portable")
        with closing(Stages(source, rewriting)) as stages:
            ready: RecordSource = stages.records
            if kinds != EVERYTHING:
                ready = OnlyKinds(ready, kinds)
            if for_cognee:
                ready = ScopedContent(ready, target, _scoped(mode))
            path = directory / f"{_file_name(target)}.cogx.tar.gz"
            header = self.header | {"source_system": ready.system}
            if wants_profile:
                header["profile"] = "cognee"
            exported_at = self.exported_at or exported_now()
            manifest = manifest_of(header, exported_at, dataset=self.name)
            with ArchiveWriter(path, manifest=manifest, force=True) as writer:
                for kind, batch in ready.iter_batches():
                    writer.write_batch(kind, batch)
                manifest = writer.publish()
            parcel = parcel_of(path, manifest)
            parcel.declared, parcel.changes = stages.declared(), stages.changes()
            yield parcel


class ScopedContent:
    """Records whose content belongs to one dataset of a cognee server: a RecordSource.

    A real cognee makes the id of a content record of its system and id alone, so that the same
    archive can go into one dataset of a server only. Here the system's name ends with the
    dataset's, so that it can go into any.

    Args:
        kinds: the records of which the server makes content.
    """

    def __init__(
        self, source: RecordSource, dataset: str, kinds: frozenset[str] = CONTENT_KINDS
    ) -> None:
        self._source = source
        self._dataset = dataset
        self._kinds = kinds
        self.system = source.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); those that become content with the dataset in their system."""
        ending = f":{self._dataset}"
        for kind, records in self._source.iter_batches(*kinds):
            if kind in self._kinds:
                for record in records:
                    if not record.external_system.endswith(ending):
                        record.external_system += ending
            yield kind, records


def _scoped(mode: str) -> frozenset[str]:
    """Return the kinds of which a cognee makes content: told to re-derive, of a graph, too.

    It writes descriptions and facts into texts, whose ids it makes of the first one's system.
    """
    return CONTENT_KINDS | {"entity", "fact"} if mode == "re-derive" else CONTENT_KINDS


def parcel_of(path: Path, manifest: Manifest | None = None) -> Parcel:
    """Return the figures of an archive that cogx wrote.

    Args:
        manifest: its own, if it is known.
    """
    if manifest is None:
        with open_archive(path, limits=Limits.none()) as archive:
            manifest = archive.manifest
    assert manifest is not None and manifest.cogx is not None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    sizes = [member.bytes for member in manifest.cogx.members.values()]
    sums = manifest.cogx.fingerprint
    assert sums is not None
    return Parcel(
        path=path,
        counts=dict(manifest.counts),
        size_bytes=path.stat().st_size,
        sha256=digest,
        largest_member=max(sizes, default=0),
        total=sum(sizes),
        fingerprint=sums.graph + sums.content,
    )


def _is_archive(text: str) -> bool:
    return text.endswith(tuple(SUFFIXES)) or (Path(text) / "manifest.json").is_file()


def _is_store(text: str) -> bool:
    try:
        parse_uri(text)
    except (BadSetting, UnknownName):
        return False
    return True


def _name_of(what: Any) -> str:
    if not isinstance(what, str):
        return DEFAULT_DATASET
    place = parse_uri(what)[1]
    return Path(place.rpartition("/")[2] or place).stem or DEFAULT_DATASET


def _file_name(dataset: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in dataset)[:100]
