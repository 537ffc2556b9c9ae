"""Knows how a graph is told in plain documents, as cognee tells it; derives nothing from them.

For re-derive with its facts kept as text: entities that have a description, a line each, then
facts, two hundred a document. Source: the reference's migration, where these documents have the
same ids and titles.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any, Final, NamedTuple

from cogx.codec.from_values import line_type
from cogx.derive.lexical import is_lexical
from cogx.format.timestamps import format_timestamp
from cogx.ports import RecordSource

FACTS: Final = 200
CHARACTERS: Final = 1 << 20
"""Where the entities' document goes on in another one, so that each fits on a line."""
_BATCH: Final = 50


class Digest(NamedTuple):
    """One sort of these documents: of which kind, how it is called, and its most lines."""

    kind: str
    id: str
    title: str
    lines: int | None


DIGESTS: Final = (
    Digest("entity", "entities-digest", "Imported entity descriptions", None),
    Digest("fact", "facts-digest", "Imported facts", FACTS),
)


def is_digest(document: Any) -> bool:
    """Tell whether a document was made here, of an older graph."""
    derived = document.metadata.get("derived")
    return isinstance(derived, dict) and "digest" in derived


def iter_digests(
    source: RecordSource, taken: Container[str]
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield ("document", records) that say what the entities and facts of a source say.

    Args:
        taken: ids that other documents have.

    Cost: one pass over entities, one over facts; a batch of documents in memory.
    """
    batch: list[Any] = []
    for document in _documents(source, taken):
        batch.append(document)
        if len(batch) >= _BATCH:
            yield "document", batch
            batch = []
    if batch:
        yield "document", batch


def entity_line(entity: Any) -> str | None:
    """Return ``name: description``, None for an entity without a description."""
    return f"{entity.name}: {entity.description}" if entity.description else None


def fact_line(fact: Any) -> str | None:
    """Return a fact's text, or its ends and predicate, and when it held; None for passages' own."""
    if is_lexical(fact):
        return None
    said = fact.fact_text or f"{fact.subject_ref} {fact.predicate} {fact.object_ref}"
    times = [
        f"{words} {format_timestamp(moment)}"
        for words, moment in (("valid from", fact.valid_at), ("invalid since", fact.invalid_at))
        if moment is not None
    ]
    return f"{said} ({', '.join(times)})" if times else said


def _documents(source: RecordSource, taken: Container[str]) -> Iterator[Any]:
    for digest in DIGESTS:
        for number, (system, lines) in enumerate(_pages(source, digest), 1):
            own = digest.id if digest.lines is None and number == 1 else f"{digest.id}-{number}"
            while own in taken:
                own += "+"
            yield line_type("document")(
                kind="document",
                external_system=system,
                external_id=own,
                content="\n".join(lines),
                title=digest.title,
                mime_type="text/plain",
                metadata={"derived": {"digest": digest.id}},
            )


def _pages(source: RecordSource, digest: Digest) -> Iterator[tuple[str, list[str]]]:
    """Yield (system of the first record, lines) of each document."""
    line_of = entity_line if digest.kind == "entity" else fact_line
    lines: list[str] = []
    length, system = 0, ""
    for _, batch in source.iter_batches(digest.kind):
        for record in batch:
            line = line_of(record)
            if line is None:
                continue
            if lines and (length + len(line) > CHARACTERS or len(lines) == digest.lines):
                yield system, lines
                lines, length = [], 0
            system = system if lines else record.external_system
            lines.append(line)
            length += len(line) + 1
    if lines:
        yield system, lines
