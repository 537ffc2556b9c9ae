"""Knows how edges are written: new ones made, those that are there put in their place, marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from neo4j import Transaction
from neo4j.exceptions import ConstraintError

from cogx.errors import StoreRefused
from cogx.ports import Edge
from cogx.stores.bolt.batches import by_name, by_size
from cogx.stores.bolt.before import write_state
from cogx.stores.bolt.dialect import NODE, quoted
from cogx.stores.bolt.faults import message_of
from cogx.stores.bolt.found import nodes_in, take_edges
from cogx.stores.bolt.rows import HeldEdge, edge_row
from cogx.stores.bolt.server import run
from cogx.stores.bolt.work import Work

Ended = tuple[str, str, str]
"""Relationship type, source, target."""


def write_edges(work: Work, edges: Iterable[Edge]) -> None:
    """Write edges, each in the place of the one with its id.

    Raises:
        StoreRefused: an end that is no node, a value that no store keeps, or what the server says.
    """
    rows = (_row(work, edge) for edge in edges)
    for batch in by_size(rows):
        _index(work, {ends[0] for ends, _ in batch})
        try:
            work.journal.write(partial(_put, work, batch))
        except ConstraintError as error:
            raise StoreRefused(
                f"{work.server.address.shown}: an edge breaks a constraint of the database "
                f"({message_of(error)})."
            ) from error
        work.catalog.changed = False
        work.journal.relationships.update(ends[0] for ends, _ in batch)


def create(transaction: Transaction, rows: Iterable[tuple[Ended, dict[str, Any]]]) -> None:
    """Make relationships.

    Raises:
        StoreRefused: an end is no node.
    """
    pairs = ((ends[0], {"source": ends[1], "target": ends[2], "held": held}) for ends, held in rows)
    for relationship, group in by_name(pairs).items():
        ((made,),) = run(
            transaction,
            f"UNWIND $rows AS row MATCH (a:{NODE}) WHERE a.id = row.source "
            f"MATCH (b:{NODE}) WHERE b.id = row.target "
            f"CREATE (a)-[r:{quoted(relationship)}]->(b) SET r = row.held RETURN count(r)",
            rows=group,
        )
        if made != len(group):
            _refuse(transaction, group)


def _row(work: Work, edge: Edge) -> tuple[Ended, dict[str, Any]]:
    relationship, row = edge_row(edge, work.server.dialect, work.catalog)
    return (relationship, edge.source, edge.target), row


def _index(work: Work, relationships: set[str]) -> None:
    """Make ids quick to find before the first edge of a type is written."""
    for name in sorted(relationships - work.journal.relationships):
        work.server.define(work.server.dialect.edge_index(name))


def _put(
    work: Work, batch: Sequence[tuple[Ended, dict[str, Any]]], transaction: Transaction
) -> None:
    work.keep_names(transaction)
    relationships = {ends[0] for ends, _ in batch}
    if not relationships <= work.journal.relationships:
        relationships |= work.journal.relationships
        work.journal.say(transaction, relationships=sorted(relationships))
    there: dict[str, HeldEdge] = {}
    if work.looks:
        ids = [row["id"] for _, row in batch]
        there = take_edges(partial(run, transaction), ids, work.catalog.all_relationships())
    for _, row in batch:
        found = there.get(row["id"])
        work.mark(row, None if found is None else _before(work, found))
    create(transaction, batch)


def _before(work: Work, found: HeldEdge) -> str | None:
    """Return the state of an edge before this import, None if the import made it."""
    if found.properties.get("_cogx_import") == work.journal.entry.key:
        before: str | None = found.properties.get("_cogx_before")
        return before
    return write_state(found.state()) if work.marks else None


def _refuse(transaction: Transaction, group: Sequence[dict[str, Any]]) -> None:
    """Say which edge has an end that is not there."""
    ends = sorted({row[end] for row in group for end in ("source", "target")})
    there = nodes_in(partial(run, transaction), ends)
    for row in group:
        for end in ("source", "target"):
            if row[end] not in there:
                raise StoreRefused(
                    f"Edge {row['held']['id']!r:.80} ends in {row[end]!r:.80}, which is no node."
                )
    raise StoreRefused("The server made fewer edges than it was given, for no reason it tells.")
