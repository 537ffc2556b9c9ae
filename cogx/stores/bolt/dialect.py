"""Knows in what servers that speak Bolt differ; asks none.

Tested against ArcadeDB. What stands here of Neo4j and Memgraph follows their manuals.
Everywhere, values are compared in WHERE, not in a pattern's ``{id: row.id}``: there ArcadeDB takes
a text that begins with ``$`` for the name of a parameter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NODE: Final = "CogxNode"
META: Final = "CogxMeta"
JOURNAL: Final = "CogxJournal"
EDGE: Final = "CogxEdge"
"""The relationship type of edges whose predicate gets none of its own."""

RESERVED_NAMES: Final = frozenset({NODE, META, JOURNAL, EDGE})
RESERVED_PREFIX: Final = "_cogx"
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's ways.

    ``ticks`` is how many units of ``timestamp()`` make a second; ``unfit_characters`` may not
    stand in names; ``unfit_kinds`` are kinds of values that cannot be properties; ``names`` is
    how many types, and how many predicates, get a name of their own; ``one_space`` says that a
    label and a relationship type may not have the same name; ``lists_names`` that ``db.labels``
    and ``db.relationshipTypes`` are there.
    """

    element_id: str = "elementId({})"
    ticks: int = 1000
    unfit_characters: frozenset[str] = frozenset()
    unfit_kinds: frozenset[str] = frozenset()
    names: int = 300
    one_space: bool = False
    lists_names: bool = True
    old_schema: bool = False

    def allows(self, name: str) -> bool:
        """Tell whether a name may be a label, a relationship type or a property's."""
        return _allows(name, self.unfit_characters)

    def schema(self) -> Iterator[str]:
        """Yield the statements that make the constraints and indexes of the layout."""
        for label, key in ((NODE, "id"), (META, "name"), (JOURNAL, "name")):
            if self.old_schema:
                yield f"CREATE CONSTRAINT ON (n:{label}) ASSERT n.{key} IS UNIQUE"
                yield f"CREATE INDEX ON :{label}({key})"
            else:
                yield (
                    f"CREATE CONSTRAINT {label.lower()}_{key} IF NOT EXISTS "
                    f"FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
                )
        if self.old_schema:
            yield f"CREATE INDEX ON :{NODE}(_cogx_import)"
        else:
            yield f"CREATE INDEX cogxnode_import IF NOT EXISTS FOR (n:{NODE}) ON (n._cogx_import)"

    def edge_index(self, name: str) -> str:
        """Return the statement that makes ids of a relationship type quick to find."""
        if self.old_schema:
            return f"CREATE EDGE INDEX ON :{quoted(name)}(id)"
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return (
            f"CREATE INDEX cogxedge_{digest} IF NOT EXISTS FOR ()-[r:{quoted(name)}]-() ON (r.id)"
        )


NEO4J: Final = Dialect()
MEMGRAPH: Final = Dialect(
    element_id="toString(id({}))",
    ticks=1_000_000,
    unfit_kinds=frozenset({"bytes", "offset time"}),
    lists_names=False,
    old_schema=True,
)
ARCADEDB: Final = Dialect(
    unfit_characters=frozenset(",~*@"),
    # It keeps a datetime that comes as a parameter, but not its offset.
    unfit_kinds=frozenset({"offset datetime"}),
    names=40,
    one_space=True,
)


def dialect_of(agent: str) -> Dialect:
    """Return the dialect of the server that calls itself so."""
    known = {"memgraph": MEMGRAPH, "arcadedb": ARCADEDB}
    return next((known[name] for name in known if name in agent.lower()), NEO4J)


def quoted(name: str) -> str:
    """Return a name as it may stand in Cypher, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=8192)
def _allows(name: str, unfit_characters: frozenset[str]) -> bool:
    return (
        0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
        # A backslash begins an escape in quoted names of old servers.
        and "\\" not in name
        and unfit_characters.isdisjoint(name)
        and not name.startswith(RESERVED_PREFIX)
        and name not in RESERVED_NAMES
    )
