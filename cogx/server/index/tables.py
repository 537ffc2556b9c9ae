"""Knows the tables of an index; nothing is in them that its store does not say."""

from __future__ import annotations

from typing import Final

VERSION: Final = 2

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT,
    text TEXT,
    name_key TEXT,
    text_key TEXT,
    properties BLOB NOT NULL
);
CREATE TABLE links (
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    predicate TEXT NOT NULL,
    text TEXT,
    properties BLOB NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5(
    name, text, content = 'items', content_rowid = 'row',
    tokenize = "unicode61 remove_diacritics 2"
);
"""

FINISH: Final = """
CREATE INDEX items_by_type ON items (type, name, id);
CREATE INDEX links_by_source ON links (source, predicate, target, id);
CREATE INDEX links_by_target ON links (target);
INSERT INTO words (words) VALUES ('rebuild');
"""
"""Run once everything is in: indexes are made faster at the end."""
