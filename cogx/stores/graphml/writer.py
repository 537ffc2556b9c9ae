"""Knows how to write a GraphML file with networkx, which appears at once when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cogx.build_site import BuildSite
from cogx.codec.canonical import NotJson
from cogx.errors import NoSpace, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.graphml.shown import is_fit_name, json_text, shown_attributes
from cogx.stores.json_graph.form import FORMAT
from cogx.stores.networkx_graph.attributes import edge_attributes, node_attributes

if TYPE_CHECKING:
    import networkx

_STANDIN: Final = "_cogx:"


class GraphmlWriter:
    """Write a graph as one GraphML file: a GraphWriter.

    An id that XML cannot hold, or that came before among edges, has a stand-in there, and
    itself stands in ``_cogx``.
    """

    def __init__(self, path: Path, *, replace: bool) -> None:
        import networkx  # noqa: PLC0415 - 0.1 s and 30 MB that only these stores need

        self._path = path
        self._site = BuildSite(path)
        if os.path.lexists(path) and not replace:
            self._site.close()
            raise StoreRefused(f"{path} exists already. Give another path, or remove it first.")
        self._graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
        self._standins: dict[str, str] = {}
        self._edge_ids: set[str] = set()
        self._sealed = self._over = False

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter.

        Raises:
            UsageError: edges were written already.
            StoreRefused: an id came twice, or a value that no store keeps.
        """
        self._check_open()
        if self._sealed:
            raise UsageError("Nodes must be written before edges.")
        for node in nodes:
            if self._standins.get(node.id, node.id) in self._graph:
                raise StoreRefused(f"Two nodes have the id {node.id!r:.80}.")
            key, note = node.id, {}
            if not _is_fit_id(key):
                key = self._standins[node.id] = f"{_STANDIN}{len(self._graph)}"
                note = {"id": node.id}
            attributes = shown_attributes(node.id, node_attributes(node), note)
            self._graph.add_nodes_from([(key, attributes)])

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node; several may bear one id.

        Raises:
            StoreRefused: an end is not among the nodes, or a value that no store keeps.
        """
        self._check_open()
        self._sealed = True
        for edge in edges:
            ends = [self._standins.get(end, end) for end in (edge.source, edge.target)]
            for end, name in zip(ends, (edge.source, edge.target), strict=True):
                if end not in self._graph:
                    raise StoreRefused(
                        f"Edge {edge.id!r:.80} ends in {name!r:.80}, which is no node."
                    )
            key, note = edge.id, {}
            if key in self._edge_ids or not _is_fit_id(key):
                key = f"{_STANDIN}{len(self._edge_ids)}"
                note = {"id": edge.id}
            self._edge_ids.add(key)
            attributes = shown_attributes(edge.id, edge_attributes(edge), note)
            self._graph.add_edges_from([(*ends, key, attributes)])

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Write the file, make it durable, and let it appear at the path.

        Raises:
            NoSpace: the disk is full. Call ``abort()`` after it.
            StoreRefused: somebody else made a file at the path meanwhile.
        """
        self._check_open()
        progress.begin("write file", total=1, unit="files")
        mark = {"format": FORMAT, "header": dict(header)}
        try:
            self._graph.graph["cogx"] = json_text(mark)
            self._write()
        except NotJson as error:
            raise StoreRefused(f"The header cannot be stored ({error}).") from error
        except OSError as error:
            raise NoSpace(f"{self._path}: {error.strerror}. Nothing was written there.") from error
        self.abort()
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Drop what was not finished; may be called twice."""
        self._over = True
        self._graph.clear()
        self._site.close()

    def _write(self) -> None:
        from networkx import write_graphml_xml  # noqa: PLC0415 - that of lxml escapes otherwise

        with self._site.built.open("wb") as file:
            write_graphml_xml(self._graph, file)
        self._site.publish()

    def _check_open(self) -> None:
        if self._over:
            raise UsageError("This writer is finished or aborted; open a new one.")


def _is_fit_id(text: str) -> bool:
    return text != "" and not text.startswith(_STANDIN) and is_fit_name(text)
