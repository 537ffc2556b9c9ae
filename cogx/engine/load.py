"""Knows how incoming nodes and edges go into a store: a new one, or one that holds a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from cogx.engine.incoming import Incoming
from cogx.engine.tally import Tally
from cogx.graph.mapping import is_stub
from cogx.graph.reconcile import Outcome, created, reconcile_edges, reconcile_nodes
from cogx.ports import Edge, GraphUpdater, GraphWriter, Node
from cogx.progress import Progress

Row = TypeVar("Row", Node, Edge)


def load_new(incoming: Incoming, writer: GraphWriter, tally: Tally, progress: Progress) -> None:
    """Write every node, then every edge; nothing is there to be asked about.

    Raises:
        StoreError: the store does not take it. The caller aborts the writer.
    """
    nodes, edges = _expected(incoming)
    progress.begin("load nodes", total=nodes, unit="records")
    for batch in incoming.nodes():
        writer.write_nodes(batch)
        tally.add_nodes(batch)
        progress.advance(len(batch))
    progress.end()
    progress.begin("load edges", total=edges, unit="records")
    for facts in incoming.edges():
        writer.write_edges(facts)
        tally.add_edges(facts)
        progress.advance(len(facts))
    progress.end()


def load_into(
    incoming: Incoming,
    updater: GraphUpdater,
    tally: Tally,
    progress: Progress,
    *,
    policy: str,
    system: str,
) -> None:
    """Bring every node, then every edge together with what is there, and write what changes.

    Args:
        policy: one of :data:`cogx.graph.reconcile.POLICIES`.
        system: the external_system that goes without saying in the store.

    Raises:
        IdentityConflict: a record is there with another content, and the policy is ``fail``.
        StoreError: the store does not take it. The caller aborts the updater.
    """
    nodes, edges = _expected(incoming)
    progress.begin("merge nodes", total=nodes, unit="records")
    for batch in incoming.nodes():
        there = updater.nodes_at([node.id for node in batch])
        tally.stubs += sum(is_stub(node) for node in batch if node.id not in there)
        updater.write_nodes(_to_write(batch, there, reconcile_nodes, tally, (policy, system)))
        progress.advance(len(batch))
    progress.end()
    progress.begin("merge edges", total=edges, unit="records")
    for facts in incoming.edges():
        known = updater.edges_at([edge.id for edge in facts])
        updater.write_edges(_to_write(facts, known, reconcile_edges, tally, (policy, system)))
        progress.advance(len(facts))
    progress.end()


def _to_write(
    batch: list[Row],
    found: Mapping[str, Row],
    reconcile: Callable[[Row, Row, str, str], tuple[Row | None, list[Outcome]]],
    tally: Tally,
    asked: tuple[str, str],
) -> list[Row]:
    """Return what is to be written of a batch, and count what becomes of each record.

    Args:
        found: what is in the store, by id.
        asked: policy and system.
    """
    policy, system = asked
    changed = []
    for new in batch:
        old = found.get(new.id)
        if old is None:
            tally.add(created(new, system))
            changed.append(new)
            continue
        row, outcomes = reconcile(old, new, policy, system)
        tally.add(outcomes)
        if row is not None:
            changed.append(row)
    return changed


def _expected(incoming: Incoming) -> tuple[int, int]:
    facts = incoming.records.get("fact", 0)
    return sum(incoming.records.values()) - facts, facts
