"""Knows how a dataset reads as Markdown: summaries, entities, relationships, documents.

The layout is that of cognee's memory export, in an order that stays. Source: spec/wire.md#export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from cogx.server.data import DataItem
from cogx.server.index import Index

_SUMMARY: Final = "TextSummary"
_NOT_OTHER: Final = (_SUMMARY, "DocumentChunk", "TextDocument")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_OF_COGNEE: Final = (
    "'EntityType', 'EdgeType', 'NodeSet', 'TextSummary', 'DocumentChunk', 'TextDocument'"
)
_IS_ENTITY: Final = f"(i.type = 'Entity' OR (i.kind = 'entity' AND i.type NOT IN ({_OF_COGNEE})))"
"""Types of cognee's own are no entities, though they have names."""
_IS_OTHER: Final = f"i.kind IN ('entity', 'raw_node') AND NOT {_IS_ENTITY}"


def iter_markdown(
    name: str, index: Index, data: Iterable[DataItem], documents: int, exported_at: datetime
) -> Iterator[str]:
    """Yield the report of a dataset in pieces.

    Args:
        data: its data items, ordered by name; ``documents`` is how many there are.

    Cost: one pass over the index for each section; memory does not grow.
    """
    entities = index.count_items(f"WHERE {_IS_ENTITY}")
    _, relationships = index.counts()
    at = f"{_day(exported_at)} {exported_at:%H:%M}"
    yield f"# Dataset: {_line(name)}\n\nExported: {at} UTC | {documents} documents | "
    yield f"{entities} entities | {relationships} relationships\n\n"
    yield from _summaries(index)
    if entities:
        yield "## Entities\n\n| Entity | Description |\n|--------|-------------|\n"
        for one in index.iter_items(f"WHERE {_IS_ENTITY}"):
            yield f"| {_cell(one.label)} | {_cell(one.text or '')} |\n"
        yield "\n"
    if relationships:
        yield "## Relationships\n\n| Source | Relationship | Target |\n"
        yield "|--------|-------------|--------|\n"
        for link, source, target in index.iter_named_links():
            relation = _cell(link.predicate or "related_to")
            yield f"| {_cell(source)} | {relation} | {_cell(target)} |\n"
        yield "\n"
    if documents:
        yield "## Documents\n\n"
        for item in data:
            kind = (item.extension or "?").upper()
            yield f"- **{_line(item.name) or 'unnamed'}** ({kind}, {_day(item.created_at)})\n"
        yield "\n"
    yield from _others(index)


def _summaries(index: Index) -> Iterator[str]:
    began = False
    for one in index.iter_items("WHERE i.type = ?", (_SUMMARY,)):
        if one.text:
            if not began:
                yield "## Summaries\n\n"
            began = True
            yield f"> {one.text}\n\n"


def _others(index: Index) -> Iterator[str]:
    began = False
    marks = ", ".join("?" * len(_NOT_OTHER))
    where = f"WHERE {_IS_OTHER} AND i.type NOT IN ({marks})"
    for one in index.iter_items(where, _NOT_OTHER):
        if not began:
            yield "## Other Nodes\n\n"
        began = True
        yield f"- [{_line(one.type)}] {_line(one.label)}\n"
    if began:
        yield "\n"


def _day(moment: datetime) -> str:
    """Return a day as cognee writes it, in whatever locale the server runs."""
    return f"{_MONTHS.split()[moment.month - 1]} {moment.day:02d}, {moment.year}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
