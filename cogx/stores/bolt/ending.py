"""Knows how an import ends: its marks removed, or all of it taken back.

Both may be broken off and begun again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

from neo4j import Transaction

from cogx.generator import GENERATOR
from cogx.progress import SILENT, Progress
from cogx.stores.bolt.batches import by_count
from cogx.stores.bolt.before import read_state
from cogx.stores.bolt.dialect import META, NODE, quoted
from cogx.stores.bolt.edges import Ended, create
from cogx.stores.bolt.entries import FINISHING, ROLLING_BACK
from cogx.stores.bolt.found import SCHEMA_VERSION, nodes_in
from cogx.stores.bolt.journal import Journal
from cogx.stores.bolt.nodes import REPLACE, difference, relabel
from cogx.stores.bolt.server import run

_BY_ID: Final = "r.id IN $ids AND "
_AT_ONCE: Final = 1000
_MARKED_NODES: Final = f"MATCH (n:{NODE}) WHERE n._cogx_import = $key RETURN n.id, n._cogx_before"
_UNMARK_NODES: Final = (
    f"UNWIND $ids AS id MATCH (n:{NODE}) WHERE n.id = id REMOVE n._cogx_import, n._cogx_before"
)
_DELETE_NODES: Final = f"UNWIND $ids AS id MATCH (n:{NODE}) WHERE n.id = id DETACH DELETE n"
_DELETE_SOME: Final = f"MATCH (n:{NODE}) WITH n LIMIT $count DETACH DELETE n RETURN count(*)"


def finish(journal: Journal, header: str, progress: Progress = SILENT) -> None:
    """Make an import count, then remove its marks and the journal."""
    if journal.entry.phase != FINISHING:
        journal.write(partial(_enter, journal, FINISHING, header=header))
    progress.begin("finish", total=None, unit="rows")
    if not journal.entry.fresh:
        _unmark(journal, progress)
    journal.write(partial(_close, journal, header))
    progress.end()


def roll_back(journal: Journal) -> str:
    """Put everything back as it was when the import began; return what was done, in words."""
    if journal.entry.phase != ROLLING_BACK:
        journal.write(partial(_enter, journal, ROLLING_BACK))
    counts = _drop_all(journal) if journal.entry.fresh else _take_back(journal)
    journal.write(partial(_forget, journal))
    return counts


def _unmark(journal: Journal, progress: Progress) -> None:
    key = journal.entry.key
    for batch in by_count(_marked_nodes(journal), _AT_ONCE):
        ids = [node_id for node_id, _ in batch]
        journal.write(partial(run, query=_UNMARK_NODES, ids=ids))
        progress.advance(len(batch))
    for relationship in sorted(journal.relationships):
        query = f"{_marked(relationship, _BY_ID)} REMOVE r._cogx_import, r._cogx_before"
        for batch in by_count(_marked_edges(journal, relationship), _AT_ONCE):
            ids = [edge_id for edge_id, _ in batch]
            journal.write(partial(run, query=query, ids=ids, key=key))
            progress.advance(len(batch))


def _enter(journal: Journal, phase: str, transaction: Transaction, **more: Any) -> None:
    journal.say(transaction, phase=phase, **more)


def _close(journal: Journal, header: str, transaction: Transaction) -> None:
    about = {
        "schema_version": SCHEMA_VERSION,
        "generator": GENERATOR,
        "header": header,
        "stamp": uuid4().hex,
    }
    run(transaction, f"MERGE (m:{META} {{name: 'graph'}}) SET m += $about", about=about)
    journal.remove(transaction)


def _forget(journal: Journal, transaction: Transaction) -> None:
    run(transaction, f"MATCH (m:{META}) WHERE m.header IS NULL DELETE m")
    journal.remove(transaction)


def _drop_all(journal: Journal) -> str:
    """Delete every node of cogx: the store had none."""
    for relationship in sorted(journal.relationships):
        # Edges first, so that no transaction has to take all the edges of a hub.
        query = (
            f"MATCH (a)-[r:{quoted(relationship)}]->() WHERE a:{NODE} WITH r LIMIT $count "
            "DELETE r RETURN count(*)"
        )
        while journal.write(partial(_some, query)):
            pass
    nodes = 0
    while count := journal.write(partial(_some, _DELETE_SOME)):
        nodes += count
    return f"{nodes:,} nodes and their edges were deleted; the store is empty again"


def _some(query: str, transaction: Transaction) -> int:
    ((count,),) = run(transaction, query, count=_AT_ONCE)
    return int(count)


def _take_back(journal: Journal) -> str:
    """Delete what the import made, and restore what it changed: edges, then nodes."""
    deleted = restored = 0
    for relationship in sorted(journal.relationships):
        for batch in by_count(_marked_edges(journal, relationship), _AT_ONCE):
            journal.write(partial(_restore_edges, journal.entry.key, relationship, batch))
            restored += sum(before is not None for _, before in batch)
            deleted += sum(before is None for _, before in batch)
    for batch in by_count(_marked_nodes(journal), _AT_ONCE):
        _restore_nodes(journal, batch)
        restored += sum(before is not None for _, before in batch)
        deleted += sum(before is None for _, before in batch)
    return f"{deleted:,} nodes and edges were deleted, {restored:,} put back as they were"


def _restore_edges(
    key: str, relationship: str, batch: Sequence[tuple[Any, ...]], transaction: Transaction
) -> None:
    ids = [edge_id for edge_id, _ in batch]
    run(transaction, f"{_marked(relationship, _BY_ID)} DELETE r", ids=ids, key=key)
    create(transaction, [_edge_before(before) for _, before in batch if before is not None])


def _edge_before(text: str) -> tuple[Ended, dict[str, Any]]:
    state = read_state(text)
    held: dict[str, Any] = state["properties"]
    return (state["relationship"], state["source"], state["target"]), held


def _restore_nodes(journal: Journal, batch: Sequence[tuple[Any, ...]]) -> None:
    """Restore labels first: the properties take the mark away, and with it the way back."""
    states = {node_id: read_state(before) for node_id, before in batch if before is not None}
    there = nodes_in(journal.server.rows, list(states))
    relabel(
        journal,
        [
            difference(node_id, there[node_id][0], state["labels"])
            for node_id, state in states.items()
        ],
    )
    rows = [state["properties"] for state in states.values()]
    made = [node_id for node_id, before in batch if before is None]
    journal.write(partial(_put_back, rows, made))


def _put_back(rows: list[dict[str, Any]], made: list[str], transaction: Transaction) -> None:
    run(transaction, REPLACE, rows=rows)
    run(transaction, _DELETE_NODES, ids=made)


def _marked_nodes(journal: Journal) -> Iterator[tuple[Any, ...]]:
    yield from journal.server.stream(_MARKED_NODES, key=journal.entry.key)


def _marked_edges(journal: Journal, relationship: str) -> Iterator[tuple[Any, ...]]:
    query = f"{_marked(relationship)} RETURN r.id, r._cogx_before"
    yield from journal.server.stream(query, key=journal.entry.key)


def _marked(relationship: str, condition: str = "") -> str:
    """Return what finds an import's relationships of a type."""
    return f"MATCH ()-[r:{quoted(relationship)}]->() WHERE {condition}r._cogx_import = $key"
