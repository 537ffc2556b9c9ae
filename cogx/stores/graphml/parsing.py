"""Knows how to read a GraphML file with networkx, and to notice what networkx passes over."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError

from cogx.errors import StoreRefused
from cogx.stores.graphml.shown import exact_attributes
from cogx.stores.networkx_graph import NetworkxReader

if TYPE_CHECKING:
    import networkx

_NAMESPACE: Final = "{http://graphml.graphdrawing.org/xmlns}"


def parse(path: Path) -> NetworkxReader:
    """Return a reader of the graph in a file.

    Raises:
        StoreRefused: not a file, not GraphML, or more than networkx reads.
    """
    from networkx import NetworkXError  # noqa: PLC0415

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            graph = _read(path)
        if "cogx" in graph.graph:
            return NetworkxReader(_restored(graph))
        _apply_defaults(graph)
        notes = dict.fromkeys(f"networkx, reading GraphML: {warning.message}" for warning in said)
        return NetworkxReader(graph, keys_are_ids=True, notes=tuple(notes))
    except OSError as error:
        raise StoreRefused(f"There is no readable file at {path} ({error.strerror}).") from error
    except ParseError as error:
        raise StoreRefused(f"{path} is not XML: {error}.") from error
    except (NetworkXError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise StoreRefused(
            f"{path} is not GraphML that networkx reads ({type(error).__name__}: {error}). "
            "Check the file."
        ) from error


def _read(path: Path) -> networkx.MultiDiGraph[Any]:
    """Return the one graph of a file, if networkx saw every node and edge of it."""
    from networkx.readwrite.graphml import GraphMLReader  # noqa: PLC0415

    reader = GraphMLReader(node_type=str, edge_key_type=str, force_multigraph=True)
    graphs = list(reader(path=str(path)))
    if len(graphs) != 1:
        raise ValueError(f"{len(graphs)} graphs in the GraphML namespace, not one")
    (graph,) = graphs
    nodes = sum(1 for _ in reader.xml.iter(f"{_NAMESPACE}node"))
    edges = sum(1 for _ in reader.xml.iter(f"{_NAMESPACE}edge"))
    if edges != graph.number_of_edges():
        raise ValueError("nested graphs, or one id for several edges between two nodes")
    if nodes > graph.number_of_nodes():
        raise ValueError("nested graphs, or one id for several nodes")
    if nodes < graph.number_of_nodes():
        raise ValueError("an edge ends in a node that is not there")
    return graph


def _apply_defaults(graph: networkx.MultiDiGraph[Any]) -> None:
    """Give nodes and edges the values that their keys declare for those without."""
    for kind, rows in (("node_default", graph.nodes), ("edge_default", graph.edges)):
        default = graph.graph.get(kind) or {}
        if default:
            for attributes in rows.values():
                for name, value in default.items():
                    attributes.setdefault(name, value)


def _restored(shown: networkx.MultiDiGraph[Any]) -> networkx.MultiDiGraph[Any]:
    """Return the graph as cogx had it, from what the file shows."""
    graph = type(shown)(cogx=json.loads(shown.graph["cogx"]))
    names: dict[str, str] = {}
    for key, attributes in shown.nodes.items():
        exact, note = exact_attributes(attributes)
        names[key] = note.get("id", key)
        exact.get("_cogx", {}).pop("id", None)
        graph.add_nodes_from([(names[key], exact)])
    for (source, target, key), attributes in shown.edges.items():
        exact, _ = exact_attributes(attributes)
        graph.add_edges_from([(names[source], names[target], key, exact)])
    return graph
