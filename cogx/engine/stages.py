"""Knows in which order records are resolved, chosen, renamed, identified, derived from, profiled.

Every stage takes a RecordSource and is one. On import what comes out goes through a temporary
archive, which is proven and loaded like any other; on export it goes straight to the target.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cogx.archive.reader import Archive
from cogx.archive.writer import ArchiveWriter, exported_now
from cogx.engine.deriving import tell
from cogx.engine.header import header_of, manifest_of
from cogx.engine.receipt import Receipt
from cogx.engine.record_sources import ArchiveRecords, OnlyKinds
from cogx.engine.rewriting import Rewriting
from cogx.format.layout import CONTENT_KINDS
from cogx.ports import RecordSource
from cogx.progress import SILENT, Progress

NOTHING_MERGED: Final = "No line decides to merge: no entity became part of another."


class Stages:
    """The stages that a rewriting asks for, one on the other; ``records`` comes out. Close it.

    Cost: temporary disk and memory as each stage says.
    """

    def __init__(self, source: RecordSource, rewriting: Rewriting) -> None:
        self.rewriting = rewriting
        self.records = source
        self._stack = ExitStack()
        self._resolved: Any = None
        self._selected: Any = None
        self._renamed: Any = None
        self._identified: Any = None
        self._derived: Any = None
        self._profile: Any = None
        self._plan: dict[str, Any] | None = None
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    @property
    def system(self) -> str:
        """The external_system that goes without saying in what comes out."""
        return self.records.system

    @property
    def selection(self) -> str | None:
        """What was chosen, in words; None if everything was."""
        return self.rewriting.criteria.describe() if self.rewriting.criteria else None

    def fill(
        self,
        writer: ArchiveWriter,
        progress: Progress = SILENT,
        *,
        task: str = "rewrite",
        total: int | None = None,
    ) -> int:
        """Write all that comes out, and return how many records that is.

        Args:
            task, total: for the progress: how it is called, and of about how many records.
        """
        written = 0
        progress.begin(task, total=total, unit="records")
        for kind, batch in self.records.iter_batches():
            writer.write_batch(kind, batch)
            written += len(batch)
            progress.advance(len(batch))
        progress.end()
        return written

    def tell(self, receipt: Receipt) -> None:
        """Say in a receipt what was done; complete once all records have come out."""
        if self._selected is not None:
            receipt.left_out |= {kind: n for kind, n in self._selected.counts.items() if n}
            receipt.notes += [f"--only {term} matched nothing." for term in self._selected.unused]
        if self._renamed is not None:
            receipt.changes |= dict(self._renamed.changed)
            receipt.notes += [f"{rule} matched nothing." for rule in self._renamed.unused]
        if self._derived is not None:
            tell(self._derived, receipt)
        if self._plan is not None:
            receipt.plan = self._plan
        if self._resolved is not None and not self._resolved.changes:
            receipt.notes.append(NOTHING_MERGED)
        for stage in (self._resolved, self._identified, self._profile):
            if stage is not None:
                receipt.changes |= dict(stage.changes)
                receipt.examples |= dict(stage.examples)
        receipt.declared |= self.declared()

    def declared(self) -> dict[str, int]:
        """Return what the profile says its reader will not keep, by code."""
        return {} if self._profile is None else dict(self._profile.declared)

    def changes(self) -> dict[str, int]:
        """Return what was changed so that the profile's reader keeps it, by code."""
        return {} if self._profile is None else dict(self._profile.changes)

    def write_id_map(self) -> str | None:
        """Write the ids that changed to the file that was asked for; return its name."""
        if self.rewriting.id_map is None or self.rewriting.rehearsal:
            return None
        from cogx.transform.id_map import IdMap, chained  # noqa: PLC0415 - only if asked for

        stages = (self._resolved, self._identified, self._profile)
        IdMap.write(
            self.rewriting.id_map,
            chained([one.iter_id_changes for one in stages if one is not None]),
        )
        return self.rewriting.id_map

    def close(self) -> None:
        """Release what the stages hold. May be called twice."""
        self._stack.close()

    def _build(self) -> None:
        asked = self.rewriting
        if asked.portable:
            from cogx.transform.portable import Portable  # noqa: PLC0415

            self._add(Portable(self.records))
        if asked.restore_ids is not None:
            from cogx.transform.id_map import IdMap, Mapped  # noqa: PLC0415

            id_map = IdMap.inverse(asked.restore_ids)
            self._stack.callback(id_map.close)
            self._add(Mapped(self.records, id_map))
        if asked.resolving:  # Before all else that changes ids: a review has those of its archive.
            self._resolved = self._add(asked.resolving.stage(self.records))
        if asked.criteria:
            from cogx.transform.selection import Selected  # noqa: PLC0415

            self._selected = self._add(Selected(self.records, asked.criteria))
        if asked.predicates or asked.scopes:
            from cogx.transform.renaming import Renamed  # noqa: PLC0415

            self._renamed = self._add(Renamed(self.records, asked.predicates, asked.scopes))
        if asked.identity != "id":
            from cogx.transform.identity import Identified  # noqa: PLC0415

            self._identified = self._add(Identified(self.records, asked.identity))
        if asked.mode != "preserve":
            self._derive()
        if asked.profile == "cognee":
            from cogx.transform.profile import CogneeProfile  # noqa: PLC0415

            self._profile = self._add(CogneeProfile(self.records))

    def _derive(self) -> None:
        asked = self.rewriting
        derived = asked.deriving.stage(
            self.records, asked.mode, allow_empty=asked.allow_empty, stack=self._stack
        )
        if asked.rehearsal:
            plan = derived.plan()
            self._plan = asdict(plan)
            if plan.calls:  # a rehearsal asks no language model: what it would say is not known
                if asked.mode == "re-derive":
                    self._add(OnlyKinds(self.records, CONTENT_KINDS))
                return
        self._derived = self.records = derived

    def _add(self, stage: Any) -> Any:
        if hasattr(stage, "close"):
            self._stack.callback(stage.close)
        self.records = stage
        return stage


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A temporary archive with what came out of the stages."""

    path: str
    stages: Stages

    def tell(self, receipt: Receipt) -> None:
        """Say in a receipt what was done."""
        self.stages.tell(receipt)


@contextmanager
def rewritten(archive: Archive, rewriting: Rewriting, progress: Progress) -> Iterator[Rewritten]:
    """Write what comes out of the stages to a temporary archive, and drop it afterwards.

    Cost: temporary disk of the size of the records.
    """
    header = header_of(archive.manifest)
    with (
        tempfile.TemporaryDirectory(prefix="cogx-") as directory,
        closing(Stages(ArchiveRecords(archive), rewriting)) as stages,
    ):
        header["source_system"] = stages.system
        path = str(Path(directory, "rewritten.tar"))
        manifest = manifest_of(header, exported_now(), selection=stages.selection)
        with ArchiveWriter(path, manifest=manifest) as writer:
            stages.fill(writer, progress, total=sum(archive.counts.values()))
        yield Rewritten(path, stages)
