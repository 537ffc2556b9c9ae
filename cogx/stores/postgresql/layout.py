"""Knows the tables of a PostgreSQL store, as SQL; opens nothing.

Names stand without their schema: it is the only one on the search path of our sessions.
"""

from __future__ import annotations

from typing import Final, LiteralString

SCHEMA_VERSION: Final = 1
META: Final = "_cogx_meta"
NODE_COLUMNS: Final = ("id", "type", "labels", "properties", "_cogx")
EDGE_COLUMNS: Final = ("id", "source", "target", "predicate", "properties", "_cogx")

_NODE_SHAPE: Final = """
  id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  labels text[] NOT NULL DEFAULT '{}',
  properties jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(properties) = 'object'),
  _cogx jsonb
"""
_EDGE_SHAPE: Final = """
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  predicate text COLLATE "C" NOT NULL,
  properties jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(properties) = 'object'),
  _cogx jsonb
"""

TABLES: Final[tuple[LiteralString, ...]] = (
    "CREATE TABLE _cogx_meta (key text PRIMARY KEY, value text NOT NULL)",
    f"CREATE TABLE nodes ({_NODE_SHAPE})",
    f"CREATE TABLE edges ({_EDGE_SHAPE})",
)

# Made behind the rows, which is how an index and a foreign key are made quickest.
INDEXES: Final[tuple[LiteralString, ...]] = (
    "ALTER TABLE nodes ADD PRIMARY KEY (id)",
    "ALTER TABLE edges ADD PRIMARY KEY (id)",
    "CREATE INDEX nodes_type ON nodes (type)",
    """CREATE INDEX nodes_stub ON nodes (id) WHERE _cogx = '{"rest": {"stub": true}}'""",
    "CREATE INDEX edges_source ON edges (source)",
    "CREATE INDEX edges_target ON edges (target)",
    "CREATE INDEX edges_predicate ON edges (predicate)",
    "ALTER TABLE edges ADD FOREIGN KEY (source) REFERENCES nodes",
    "ALTER TABLE edges ADD FOREIGN KEY (target) REFERENCES nodes",
    "CREATE INDEX nodes_properties ON nodes USING gin (properties jsonb_path_ops)",
    """CREATE VIEW facts AS
SELECT edges.id, source, origin.properties->>'name' AS source_name, predicate,
  target, goal.properties->>'name' AS target_name,
  edges.properties->>'fact_text' AS fact_text, edges.properties
FROM edges
LEFT JOIN nodes AS origin ON origin.id = source
LEFT JOIN nodes AS goal ON goal.id = target""",
)

COUNT_NODES: Final = (
    'SELECT count(*), count(*) FILTER (WHERE _cogx = \'{"rest": {"stub": true}}\') FROM nodes'
)
"""All nodes, and those that only hold the place of another one (decisions: facts)."""
COUNT_EDGES: Final = "SELECT count(*) FROM edges"
KEEP_META: Final = """INSERT INTO _cogx_meta (key, value) VALUES (%s, %s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"""

COPY: Final[dict[str, LiteralString]] = {
    "nodes": "COPY nodes (id, type, labels, properties, _cogx) FROM STDIN",
    "edges": "COPY edges (id, source, target, predicate, properties, _cogx) FROM STDIN",
    "incoming_nodes": "COPY pg_temp.incoming_nodes FROM STDIN",
    "incoming_edges": "COPY pg_temp.incoming_edges FROM STDIN",
}

INCOMING: Final[dict[str, LiteralString]] = {
    "nodes": f"CREATE TEMPORARY TABLE incoming_nodes ({_NODE_SHAPE}) ON COMMIT DROP",
    "edges": f"CREATE TEMPORARY TABLE incoming_edges ({_EDGE_SHAPE}) ON COMMIT DROP",
}
CLEAR: Final[dict[str, LiteralString]] = {
    "nodes": "TRUNCATE pg_temp.incoming_nodes",
    "edges": "TRUNCATE pg_temp.incoming_edges",
}
# To jsonb 1 and 1.0 are equal, to us they are not: rows are compared as text.
TAKE: Final[dict[str, LiteralString]] = {
    "nodes": """INSERT INTO nodes AS old (id, type, labels, properties, _cogx)
SELECT id, type, labels, properties, _cogx FROM pg_temp.incoming_nodes
ON CONFLICT (id) DO UPDATE SET type = EXCLUDED.type, labels = EXCLUDED.labels,
  properties = EXCLUDED.properties, _cogx = EXCLUDED._cogx
WHERE (old.type, old.labels, old.properties::text, old._cogx::text) IS DISTINCT FROM
  (EXCLUDED.type, EXCLUDED.labels, EXCLUDED.properties::text, EXCLUDED._cogx::text)""",
    "edges": """INSERT INTO edges AS old (id, source, target, predicate, properties, _cogx)
SELECT id, source, target, predicate, properties, _cogx FROM pg_temp.incoming_edges
ON CONFLICT (id) DO UPDATE SET source = EXCLUDED.source, target = EXCLUDED.target,
  predicate = EXCLUDED.predicate, properties = EXCLUDED.properties, _cogx = EXCLUDED._cogx
WHERE (old.source, old.target, old.predicate, old.properties::text, old._cogx::text)
  IS DISTINCT FROM (EXCLUDED.source, EXCLUDED.target, EXCLUDED.predicate,
  EXCLUDED.properties::text, EXCLUDED._cogx::text)""",
}
