"""Knows how what many passages give becomes one record each, on disk; never how it is derived.

Entities with one id are one entity, and facts that say the same are one fact: their ``count``
is added up, the first three pieces of ``evidence`` are kept, and they name the passages and
records that they come from. A fact with evidence says what its evidence says: its ``fact_text``
is one way to put it, and the first one stays. Facts of different scopes stay apart, so that
nothing crosses from one user's memory into another's; of an entity that several speak of, what
only one has said of it (a description, another name) is left out.

Everything here is ordered by place in the source and then by id, so the same input gives the
same bytes. What has been merged waits in a private SQLite file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec

from cogx.codec.canonical import encode
from cogx.derive.parts import EVIDENCE, Part
from cogx.derive.record_lines import fields_of, records_of_lines
from cogx.errors import BadSetting
from cogx.ports import Passage

DERIVED_KINDS: Final = ("entity", "fact")
_IN_MEMORY: Final = 20_000
_BATCH: Final = 1000
_MAKERS_OWN: Final = ("kind", "external_id", "provenance")


class Gathering:
    """Takes records passage by passage; gives them merged, any number of times.

    Args:
        deriver: (name, version) of who makes them.
        system: the external_system that the records get.
        origin: what else each record says of how it was made (a model, a prompt).

    Cost: some tens of MB of memory; temporary disk of about 1 KB for each record and each
    stretch of the corpus in which it occurs.
    """

    def __init__(
        self, deriver: tuple[str, str], system: str, origin: Mapping[str, Any] | None = None
    ) -> None:
        self._deriver = deriver
        self._system = system
        self._origin = dict(origin or {})
        self._parts: dict[tuple[str, str], Part] = {}
        self._run = 0
        # An empty name is SQLite's private temporary database: it spills, and goes with us.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA cache_size = -8192")
        self._table.execute("CREATE TABLE parts (kind TEXT, key TEXT, run INTEGER, part BLOB)")
        self._table.execute("BEGIN")

    def add(self, passage: Passage, scope: dict[str, Any], records: Sequence[Any]) -> None:
        """Take what a passage gave. Passages come in the order of the source.

        Raises:
            BadSetting: the deriver gave something else than an entity or a fact.
        """
        for record in records:
            if record.kind not in DERIVED_KINDS:
                raise BadSetting(
                    f"The deriver {self._deriver[0]!r} gave a {record.kind}; derivers give "
                    "entities and facts. Use another one, or tell its author."
                )
            key, part = self._part(record, scope)
            part.passages.add(passage.id)
            part.records.add(passage.record[1])
            known = self._parts.get((record.kind, key))
            if known is None:
                self._parts[record.kind, key] = part
            else:
                known.join(part)
        if len(self._parts) >= _IN_MEMORY:
            self._flush()

    def finish(self) -> None:
        """Put everything in order. Called once, after the last passage."""
        self._flush()
        self._table.execute("CREATE INDEX in_order ON parts (kind, key, run)")

    def leave_out(self, kind: str, ids: Iterable[str]) -> None:
        """Drop records that are there already under their id, in the source. After ``finish``."""
        self._table.executemany(
            "DELETE FROM parts WHERE kind = ? AND key = ?", ((kind, identity) for identity in ids)
        )

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are. After ``finish``."""
        query = "SELECT COUNT(DISTINCT key) FROM parts WHERE kind = ?"
        return int(self._table.execute(query, (kind,)).fetchone()[0])

    def count_differing(self) -> int:
        """Return how many entities were told differently by different passages: the first wins.

        Other names are no difference, they are kept as aliases. Cost: a pass over the entities.
        """
        return sum(part.differs for _, part in self._merged("entity"))

    def iter_batches(self, kind: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield (kind, records) ordered by id. May be called again. After ``finish``."""
        lines: list[bytes] = []
        for key, part in self._merged(kind):
            lines.append(encode(self._fields(kind, key, part)))
            if len(lines) >= _BATCH:
                yield kind, records_of_lines(kind, lines)
                lines = []
        if lines:
            yield kind, records_of_lines(kind, lines)

    def close(self) -> None:
        """Release the disk space. May be called twice."""
        self._parts = {}
        self._table.close()

    def _part(self, record: Any, scope: dict[str, Any]) -> tuple[str, Part]:
        fields = fields_of(record)
        fields["external_system"] = self._system
        scope = fields.pop("scope", None) or scope
        if record.kind == "entity":
            for name in _MAKERS_OWN:
                fields.pop(name, None)
            names = dict.fromkeys((fields.pop("name"), *fields.pop("aliases", ())), scope)
            return record.external_id, Part(fields, scope, names=names)
        metadata = fields.pop("metadata", {})
        count, evidence = metadata.pop("count", 0), metadata.pop("evidence", [])
        if metadata:
            fields["metadata"] = metadata
        for name in _MAKERS_OWN:
            fields.pop(name, None)
        wording = {"fact_text"} if evidence else ()
        stated = {name: value for name, value in fields.items() if name not in wording}
        said = encode([self._deriver[0], scope, stated]).decode()
        key = str(uuid5(NAMESPACE_OID, f"cogx:derived:{said}"))
        return key, Part(fields, scope, count=count, evidence=evidence[:EVIDENCE])

    def _flush(self) -> None:
        rows = (
            (kind, key, self._run, msgspec.json.encode(part))
            for (kind, key), part in self._parts.items()
        )
        self._table.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)
        self._run += 1
        self._parts = {}

    def _merged(self, kind: str) -> Iterator[tuple[str, Part]]:
        query = "SELECT key, part FROM parts WHERE kind = ? ORDER BY key, run"
        for key, rows in groupby(self._table.execute(query, (kind,)), key=itemgetter(0)):
            merged, *later = (_DECODER.decode(part) for _, part in rows)
            for part in later:
                merged.join(part)
            yield key, merged

    def _fields(self, kind: str, key: str, part: Part) -> dict[str, Any]:
        fields = part.fields | {"kind": kind, "external_id": key}
        name, version = self._deriver
        derived = self._origin | {"deriver": name, "version": version}
        derived |= part.passages.told("passages")
        metadata = dict(fields.get("metadata", ()))
        if part.scope:
            fields["scope"] = part.scope
        if kind == "entity":
            fields["name"], *aliases = part.told_names()
            if aliases:
                fields["aliases"] = aliases
        else:
            fields["provenance"] = part.records.some
            if part.records.count > len(part.records.some):
                derived["more_records"] = part.records.count - len(part.records.some)
            if part.count:
                metadata["count"] = part.count
            if part.evidence:
                metadata["evidence"] = part.evidence
        fields["metadata"] = metadata | {"derived": derived}
        return fields


_DECODER: Final = msgspec.json.Decoder(Part)
