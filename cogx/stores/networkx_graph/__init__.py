"""Knows a graph in memory as networkx has it: reads any, makes a MultiDiGraph; no file.

In what is made, a node's attributes are ``type``, ``labels`` if it has any, and its properties
as Python values; an edge's key is its id, its attributes are ``predicate`` and its properties.
``_cogx`` holds ``rest`` and those properties whose names are taken, so that networkx's own
node-link form of the graph is the one of :mod:`cogx.stores.json_graph`. ``graph.graph["cogx"]``
marks such a graph, and holds the header. The writer imports networkx when it is made; the
reader needs no import at all.
"""

from __future__ import annotations

from cogx.stores.networkx_graph.reader import NetworkxReader
from cogx.stores.networkx_graph.updater import NetworkxUpdater
from cogx.stores.networkx_graph.writer import NetworkxWriter

__all__ = ["NetworkxReader", "NetworkxUpdater", "NetworkxWriter"]
