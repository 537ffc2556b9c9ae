"""Knows how incoming nodes and edges go into a store: a new one, or one that holds a graph."""

from __future__ import annotations

from cogx.engine.incoming import Incoming
from cogx.engine.tally import Tally
from cogx.graph.mapping import is_stub
from cogx.graph.reconcile import created, reconcile_edges, reconcile_nodes
from cogx.ports import Edge, GraphUpdater, GraphWriter, Node
from cogx.progress import Progress


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
        updater.write_nodes(_nodes_to_write(batch, updater, tally, policy, system))
        progress.advance(len(batch))
    progress.end()
    progress.begin("merge edges", total=edges, unit="records")
    for facts in incoming.edges():
        updater.write_edges(_edges_to_write(facts, updater, tally, policy, system))
        progress.advance(len(facts))
    progress.end()


def _nodes_to_write(
    batch: list[Node], updater: GraphUpdater, tally: Tally, policy: str, system: str
) -> list[Node]:
    found = updater.nodes_at([node.id for node in batch])
    changed = []
    for new in batch:
        old = found.get(new.id)
        if old is None:
            tally.stubs += is_stub(new)
            tally.add(created(new, system))
            changed.append(new)
            continue
        node, outcomes = reconcile_nodes(old, new, policy, system)
        tally.add(outcomes)
        if node is not None:
            changed.append(node)
    return changed


def _edges_to_write(
    batch: list[Edge], updater: GraphUpdater, tally: Tally, policy: str, system: str
) -> list[Edge]:
    found = updater.edges_at([edge.id for edge in batch])
    changed = []
    for new in batch:
        old = found.get(new.id)
        if old is None:
            tally.add(created(new, system))
            changed.append(new)
            continue
        edge, outcomes = reconcile_edges(old, new, policy, system)
        tally.add(outcomes)
        if edge is not None:
            changed.append(edge)
    return changed


def _expected(incoming: Incoming) -> tuple[int, int]:
    facts = incoming.records.get("fact", 0)
    return sum(incoming.records.values()) - facts, facts
