"""Knows how a graph lives in a GraphML file, by networkx's writer and reader.

Attributes are those of :mod:`cogx.stores.networkx_graph`: numbers, booleans and text stand in
GraphML's types; dates and their like as text, lists and objects and what XML cannot hold as
JSON text. The key ``_cogx`` (JSON) says which is which, under ``types``, and holds what has no
place: ids and names that XML or networkx cannot hold, and ``rest``. So nothing is lost, and what
a person changes in a graph editor is read as changed.

The whole graph is in memory, twice while it is written or parsed: about 8 kB a node or edge.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cogx.codec.canonical import NotJson, encode
from cogx.codec.typed import DECLARABLE, TAG, UnreadableValue, from_json, read_tagged, to_json
from cogx.errors import BadSetting, NoSpace, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.graphml_parsing import parse
from cogx.stores.json_graph.form import FORMAT
from cogx.stores.networkx_graph import NetworkxReader, edge_attributes, node_attributes

if TYPE_CHECKING:
    import networkx
