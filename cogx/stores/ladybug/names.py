"""Knows which names Ladybug can hold, and finds a near one for those it cannot; opens nothing.

Table names of nodes and relationships share one space; ASCII letters of different case are
one letter to Ladybug, all others are kept apart.
"""

from __future__ import annotations

import re
from typing import Final

META: Final = "_cogx_meta"
OTHER_NODE: Final = "_OtherNode"
OTHER_EDGE: Final = "_OtherEdge"
NODE_RESERVED: Final = frozenset({"id", "labels"})
EDGE_RESERVED: Final = frozenset({"id", "from", "to"})

_LONGEST: Final = 200
# Internal to Ladybug; it refuses some of them in one statement and takes them in another.
_INTERNAL: Final = frozenset(
    {"_id", "_label", "_src", "_dst", "_nodes", "_rels", "_length", "_row_offset"}
)
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f`\\\u2028\u2029\ud800-\udfff]+")
# A dot in a table's name is taken for that of an attached database, quoted or not.
_UNFIT_TABLE: Final = re.compile(_UNFIT.pattern.replace("[", "[.", 1))


class Names:
    """Hand out names that are unlike each other, as near as possible to what is asked for.

    Args:
        taken: names that are never given.
        tables: whether these are tables, whose names can hold a little less than columns'.
    """

    def __init__(self, taken: frozenset[str] = frozenset(), *, tables: bool = False) -> None:
        self._taken = {folded(name) for name in taken}
        self._unfit = _UNFIT_TABLE if tables else _UNFIT

    def take(self, wanted: str) -> str:
        """Return ``wanted``, or something near it, and never return that again."""
        near = self._unfit.sub("_", wanted)[:_LONGEST].strip(" ") or "unnamed"
        if near.lower().startswith("_cogx") or folded(near) in _INTERNAL:
            near = "x" + near if near.startswith("_") else near + "_"
        name, number = near, 2
        while folded(name) in self._taken:
            name, number = f"{near}_{number}", number + 1
        self._taken.add(folded(name))
        return name


def folded(name: str) -> str:
    """Return the name as Ladybug compares it: ASCII letters in lower case."""
    return name.translate(_ASCII_LOWER)


def quoted(name: str) -> str:
    """Return the name as it stands in Cypher."""
    return "`" + name.replace("`", "``") + "`"


def text_literal(text: str) -> str:
    """Return the text as a Cypher string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_ASCII_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
