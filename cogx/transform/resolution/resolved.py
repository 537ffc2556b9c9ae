"""Knows how a source looks with decided entities merged; a RecordSource. Decides nothing itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from cogx.codec.lines import canonical_line
from cogx.disk_index import DiskIndex
from cogx.errors import IdentityConflict
from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.ports import RecordSource
from cogx.transform.examples import Examples
from cogx.transform.id_map import IdChange
from cogx.transform.merging import decoded
from cogx.transform.resolution.groups import Groups, place_of
from cogx.transform.resolution.joining import joined
from cogx.transform.resolution.named_ends import named_ends
from cogx.transform.resolution.review import Line, refuse

POLICIES: Final = ("merge", "fail")
_OTHERS: Final = tuple(kind for kind in KINDS if kind not in {"entity", "fact"})


class Resolved:
    """A source in which the entities that a review calls one are one.

    The one that stays keeps its id, its name and its place; see
    :meth:`~cogx.transform.resolution.groups.Groups.survivors` and
    :func:`~cogx.transform.resolution.joining.joined`. What refers to another one, by id or by name,
    refers to it; every other reference stays as it is written. Facts are never merged.

    After a pass over entities or facts, ``changes`` says what it changed, by code:
    ``resolve.merged`` entities that are part of another now, ``resolve.conflict`` values that gave
    way, ``resolve.end`` ends of facts that mean another id now, ``resolve.self_loop`` facts that
    join an entity with itself now and did not before.

    Raises (when records are first asked for):
        BadSetting: lines contradict each other, or name what is not in the source.
        IdentityConflict: values differ, and ``on_conflict`` is ``fail``.
    Cost: a pass over everything beforehand, two if a fact names an entity of the review by its
    name; 0.5 KB of memory for each entity that a line merges, its record on temporary disk.
    """

    def __init__(
        self,
        source: RecordSource,
        lines: Sequence[Line],
        *,
        auto_above: float | None = None,
        on_conflict: str = "merge",
        review: str | os.PathLike[str] | None = None,
    ) -> None:
        """Take a source, the lines of a review, and the name of its file for messages."""
        self.system = source.system
        self.examples = Examples()
        self._source = source
        self._review = review
        self._groups = Groups(lines, auto_above)
        self._fails = on_conflict == "fail"
        self._become: dict[str, str] | None = None
        self._named: dict[str, str] = {}
        self._lines = DiskIndex()
        self._of_entities: Counter[str] = Counter()
        self._of_facts: Counter[str] = Counter()

    @property
    def changes(self) -> Counter[str]:
        """Return what the last pass over entities, and the last over facts, changed, by code."""
        return self._of_entities + self._of_facts

    def prepare(self) -> None:
        """Find out who becomes whom now; else the first records that are asked for do it."""
        self._gather()

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); as :meth:`cogx.ports.RecordSource.iter_batches`."""
        become = self._gather()
        for kind in kinds or KINDS:
            if not become or kind not in {"entity", "fact"}:
                yield from self._source.iter_batches(kind)
            elif kind == "entity":
                yield from self._entities(become)
            else:
                yield from self._facts(become)

    def iter_id_changes(self) -> Iterator[IdChange]:
        """Yield what became of each entity of a group, those that stay included; for the id map."""
        for identity, survivor in self._gather().items():
            yield IdChange("entity", identity, survivor)

    def close(self) -> None:
        """Give the temporary disk back; the source stays open. May be called twice."""
        self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gather(self) -> dict[str, str]:
        """Find out who becomes whom, once."""
        if self._become is None:
            refuse(self._review, self._groups.faults)
            names = self._gather_entities() if len(self._groups) else {}
            refuse(self._review, self._faults(names))
            become = dict(sorted(self._groups.survivors(self._count_facts()).items()))
            leaving = {one for one, survivor in become.items() if one != survivor}
            folded = {normalise_name(name) for one in leaving for name in names[one]}
            by_name = named_ends(self._source, leaving, folded) if leaving else {}
            self._named = {end: become[one] for end, one in by_name.items()}
            self._become = become
        return self._become

    def _gather_entities(self) -> dict[str, set[str]]:
        """Keep the records of the groups; return the names of each id."""
        names: dict[str, set[str]] = {}
        for _, entities in self._source.iter_batches("entity"):
            some = [one for one in entities if one.external_id in self._groups]
            self._lines.add((one.external_id, canonical_line(one).decode()) for one in some)
            for one in some:
                names.setdefault(one.external_id, set()).add(one.name)
        return names

    def _faults(self, names: dict[str, set[str]]) -> list[str]:
        """Say which lines do not fit the source."""
        taken = {
            record.external_id: kind
            for kind, records in (self._source.iter_batches(*_OTHERS) if names else ())
            for record in records
            if record.external_id in self._groups
        }
        return [fault for line in self._groups.lines for fault in _misfits(line, names, taken)]

    def _count_facts(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        if len(self._groups):
            for _, facts in self._source.iter_batches("fact"):
                ends = (end for fact in facts for end in (fact.subject_ref, fact.object_ref))
                counts.update(end for end in ends if end in self._groups)
        return counts

    def _entities(self, become: dict[str, str]) -> Iterator[tuple[str, Sequence[Any]]]:
        self._of_entities = counts = Counter[str]()
        members: dict[str, list[str]] = {}
        for identity, first in become.items():
            members.setdefault(first, []).append(identity)
        for _, entities in self._source.iter_batches("entity"):
            kept: list[Any] = []
            for entity in entities:
                survivor = become.get(entity.external_id)
                if survivor is None:
                    kept.append(entity)
                elif survivor == entity.external_id and survivor in members:
                    kept.append(self._joined(members.pop(survivor), survivor, counts))
                else:
                    counts["resolve.merged"] += 1
                    self.examples.note("resolve.merged", f"{entity.external_id} -> {survivor}")
            if kept:
                yield "entity", kept

    def _joined(self, members: Sequence[str], survivor: str, counts: Counter[str]) -> Any:
        lines = (line for identity in members for line in self._lines.get(identity))
        made, gave_way = joined([decoded("entity", line.encode()) for line in lines], survivor)
        if gave_way and self._fails:
            raise IdentityConflict(
                f"The entities that become {survivor!r:.80} differ in {', '.join(gave_way)}, and "
                "--on-conflict fail was given. Nothing was written. Decide `keep` for them, or "
                "let `merge` keep what gives way in metadata.resolved.",
                kind="entity",
                id=survivor,
                fields=gave_way,
            )
        counts["resolve.conflict"] += len(gave_way)
        for path in gave_way:
            self.examples.note("resolve.conflict", f"{survivor}: {path}")
        return made

    def _facts(self, become: dict[str, str]) -> Iterator[tuple[str, Sequence[Any]]]:
        self._of_facts = counts = Counter[str]()
        get = (self._named | become).get  # an id goes before a name
        for _, facts in self._source.iter_batches("fact"):
            for fact in facts:
                before = fact.subject_ref, fact.object_ref
                after = get(before[0], before[0]), get(before[1], before[1])
                if before != after:
                    fact.subject_ref, fact.object_ref = after
                    counts["resolve.end"] += (before[0] != after[0]) + (before[1] != after[1])
                    if after[0] == after[1] and before[0] != before[1]:
                        counts["resolve.self_loop"] += 1
                        self.examples.note("resolve.self_loop", fact.external_id)
                if fact.provenance:
                    fact.provenance = [become.get(one, one) for one in fact.provenance]
            yield "fact", facts


def _misfits(line: Line, names: dict[str, set[str]], taken: dict[str, str]) -> Iterator[str]:
    for side, identity, name in (
        ("left", line.left_id, line.left_name),
        ("right", line.right_id, line.right_name),
    ):
        place = f"{place_of(line)}, {side}_id: {identity!r:.80}"
        if identity not in names:
            yield f"{place} is no entity of this archive. Propose anew, or delete the line."
        elif name is not None and name not in names[identity]:
            called = " or ".join(sorted(map(repr, names[identity])))
            yield (
                f"{place} is called {called:.80} in this archive, not {name!r:.80}. Propose anew: "
                "the review was made of another archive."
            )
        elif identity in taken:
            yield f"{place} is a {taken[identity]}, too, so it stays. Decide keep."
