"""Knows the lexical graph: passages as nodes, their order, what each mentions; derives nothing.

A text that is one passage is its own node: its content record. A longer one gets a raw node of
the type Passage for each of its passages, a fact ``part_of`` from that to the content record, and
a fact ``next`` to the passage that follows. Whatever is made of a passage is mentioned by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from pydantic import BaseModel

from cogx.codec.canonical import encode
from cogx.codec.from_values import line_type
from cogx.derive.passages import Placed
from cogx.derive.record_lines import records_of_lines

PASSAGE_TYPE: Final = "Passage"
PART_OF: Final = "part_of"
NEXT: Final = "next"
MENTIONS: Final = "mentions"
MAKER: Final = "passages"
"""Who makes these nodes and facts, in the place of a deriver: it is no matter which one reads."""
LEXICAL_KINDS: Final = ("raw_node", "fact")
_VERSION: Final = "1"
_BATCH: Final = 500


def is_lexical(fact: Any) -> bool:
    """Tell whether a fact only says where a passage stands."""
    derived = fact.metadata.get("derived")
    return isinstance(derived, dict) and derived.get("deriver") == MAKER


def with_mentions(placed: Placed, records: Sequence[Any]) -> list[Any]:
    """Return what a deriver made of a passage, with a mention of every entity in it.

    A passage that is a node mentions them itself; else its content record does.
    """
    record = placed.passage.record[1]
    place = record if placed.is_whole else placed.passage.id
    made, mentioned, found = [], {record}, []
    for one in records:
        if one.kind == "entity":
            found.append(one)
        elif one.kind == "fact" and one.predicate == MENTIONS and one.subject_ref == record:
            mentioned.add(one.object_ref)
            made.append(_with_subject(one, place))
            continue
        made.append(one)
    for entity in found:
        if entity.external_id not in mentioned:
            mentioned.add(entity.external_id)
            made.append(_mention(place, entity))
    return made


class LexicalGraph:
    """The nodes and facts of the passages of longer texts, in order of their ids.

    Args:
        system: the external_system that the facts get.

    Cost: temporary disk of the size of the texts.
    """

    def __init__(self, system: str) -> None:
        self._system = system
        # An empty name is SQLite's private temporary database: it spills, and goes with us.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA cache_size = -8192")
        self._table.execute(
            "CREATE TABLE lines (kind TEXT, key TEXT, line BLOB, PRIMARY KEY (kind, key))"
        )
        self._table.execute("BEGIN")

    def add(self, placed: Placed) -> None:
        """Take a passage. Passages come in the order of their text."""
        if placed.is_whole:
            return
        passage = placed.passage
        node = {
            "id": passage.id,
            "type": PASSAGE_TYPE,
            "text": passage.text,
            "position": passage.at,
            "derived": {"deriver": MAKER, "version": _VERSION},
        }
        self._keep("raw_node", passage.id, node)
        self._join(placed, passage.id, PART_OF, passage.record[1])
        if placed.previous is not None:
            self._join(placed, placed.previous, NEXT, passage.id)

    def leave_out(self, kind: str, ids: Iterable[str]) -> None:
        """Drop records that are there already under their id, in the source."""
        self._table.executemany(
            "DELETE FROM lines WHERE kind = ? AND key = ?", ((kind, identity) for identity in ids)
        )

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        query = "SELECT COUNT(*) FROM lines WHERE kind = ?"
        return int(self._table.execute(query, (kind,)).fetchone()[0])

    def iter_batches(self, kind: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield (kind, records) ordered by id. May be called again."""
        rows = self._table.execute("SELECT line FROM lines WHERE kind = ? ORDER BY key", (kind,))
        while lines := rows.fetchmany(_BATCH):
            yield kind, records_of_lines(kind, [line for (line,) in lines])

    def close(self) -> None:
        """Release the disk space. May be called twice."""
        self._table.close()

    def _join(self, placed: Placed, subject: str, predicate: str, target: str) -> None:
        said = encode([subject, predicate, target]).decode()
        key = str(uuid5(NAMESPACE_OID, f"cogx:lexical:{said}"))
        passage = placed.passage
        fact: dict[str, Any] = {
            "kind": "fact",
            "external_system": self._system,
            "external_id": key,
            "subject_ref": subject,
            "predicate": predicate,
            "object_ref": target,
            "provenance": [passage.record[1]],
            "metadata": {
                "derived": {"deriver": MAKER, "version": _VERSION, "passages": [passage.id]}
            },
        }
        if placed.scope:
            fact["scope"] = placed.scope
        self._keep("fact", key, fact)

    def _keep(self, kind: str, key: str, fields: dict[str, Any]) -> None:
        self._table.execute("INSERT INTO lines VALUES (?, ?, ?)", (kind, key, encode(fields)))


def _with_subject(fact: Any, subject: str) -> Any:
    if fact.subject_ref == subject:
        return fact
    if isinstance(fact, BaseModel):
        return fact.model_copy(update={"subject_ref": subject})
    return msgspec.structs.replace(fact, subject_ref=subject)


def _mention(place: str, entity: Any) -> Any:
    return line_type("fact")(
        kind="fact",
        external_system=entity.external_system,
        external_id=f"{place}:{MENTIONS}:{entity.external_id}",
        subject_ref=place,
        predicate=MENTIONS,
        object_ref=entity.external_id,
        metadata={"count": 1},
    )
