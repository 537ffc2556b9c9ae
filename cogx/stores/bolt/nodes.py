"""Knows how nodes are written: new ones made, those that are there replaced, marked if need be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from neo4j import Transaction
from neo4j.exceptions import ConstraintError

from cogx.errors import StoreRefused
from cogx.ports import Node
from cogx.stores.bolt.batches import by_name, by_size
from cogx.stores.bolt.before import write_state
from cogx.stores.bolt.dialect import NODE, quoted
from cogx.stores.bolt.faults import message_of
from cogx.stores.bolt.found import nodes_in
from cogx.stores.bolt.journal import Journal
from cogx.stores.bolt.rows import node_row
from cogx.stores.bolt.server import run
from cogx.stores.bolt.work import Work

Labelled = tuple[tuple[str, ...], dict[str, Any]]
"""The labels and the properties that a node shall have."""
Relabelling = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A node's id, the labels it lacks, and those it has too many."""

REPLACE: Final = f"UNWIND $rows AS row MATCH (n:{NODE}) WHERE n.id = row.id SET n = row"


def write_nodes(work: Work, nodes: Iterable[Node]) -> None:
    """Write nodes, each in the place of the one with its id.

    Raises:
        StoreRefused: a value that no store keeps, an id that came twice, or what the server says.
    """
    rows = (node_row(node, work.server.dialect, work.catalog) for node in nodes)
    for batch in by_size(rows):
        try:
            relabelled = work.journal.write(partial(_put, work, batch))
        except ConstraintError as error:
            raise StoreRefused(
                f"{work.server.address.shown}: two nodes have one id, or break another constraint "
                f"of the database ({message_of(error)})."
            ) from error
        work.catalog.changed = False
        relabel(work.journal, relabelled)


def relabel(journal: Journal, changes: Sequence[Relabelling]) -> None:
    """Give nodes their labels, new ones first.

    In transactions of their own, one step each: ArcadeDB moves a node that gets another set of
    labels, and cannot move it twice. A crash between them is mended by writing the node again.
    """
    for labels, ids in by_name((added, node_id) for node_id, added, _ in changes if added).items():
        journal.write(partial(_label, "SET", labels, ids))
    for labels, ids in by_name((gone, node_id) for node_id, _, gone in changes if gone).items():
        journal.write(partial(_label, "REMOVE", labels, ids))


def difference(node_id: str, has: Iterable[str], shall: Iterable[str]) -> Relabelling:
    """Return what is to be done about a node's labels."""
    has, shall = set(has), set(shall)
    return node_id, tuple(sorted(shall - has)), tuple(sorted(has - shall))


def _put(work: Work, batch: Sequence[Labelled], transaction: Transaction) -> list[Relabelling]:
    """Write a batch; return what is left to do about labels."""
    work.keep_names(transaction)
    there: dict[str, tuple[list[str], dict[str, Any]]] = {}
    if work.looks:
        there = nodes_in(partial(run, transaction), [row["id"] for _, row in batch])
    new: list[Labelled] = []
    changed: list[dict[str, Any]] = []
    relabelled: list[Relabelling] = []
    for labels, row in batch:
        found = there.get(row["id"])
        work.mark(row, None if found is None else _before(work, *found))
        if found is None:
            new.append((labels, row))
        else:
            changed.append(row)
            relabelled.append(difference(row["id"], found[0], labels))
    for labels, rows in by_name(new).items():
        run(transaction, f"UNWIND $rows AS row CREATE (n{_text(labels)}) SET n = row", rows=rows)
    if changed:
        run(transaction, REPLACE, rows=changed)
    return relabelled


def _before(work: Work, labels: list[str], held: dict[str, Any]) -> str | None:
    """Return the state of a node before this import, None if the import made it."""
    if held.get("_cogx_import") == work.journal.entry.key:
        before: str | None = held.get("_cogx_before")
        return before
    return write_state({"labels": labels, "properties": held}) if work.marks else None


def _label(verb: str, labels: Sequence[str], ids: list[str], transaction: Transaction) -> None:
    run(
        transaction,
        f"UNWIND $ids AS id MATCH (n:{NODE}) WHERE n.id = id {verb} n{_text(labels)}",
        ids=ids,
    )


def _text(labels: Sequence[str]) -> str:
    return "".join(f":{quoted(label)}" for label in labels)
