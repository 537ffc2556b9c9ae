"""Knows the searches that need no language model: by words, then along the edges of what was found.

Results are ordered by score, then id, so that the same question finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from cogx.format.layout import CONTENT_KINDS
from cogx.server.index import Index, Item, Link

_CHUNK_TYPES: Final = ("DocumentChunk", "Passage")
_SUMMARY_TYPES: Final = ("TextSummary",)
_SEEDS: Final = 10
_LINKS_BETWEEN: Final = 400
_LINKS_OF_SEED: Final = 100
"""Of each, so that what has very many does not hide what the others have."""
_LONGEST_TEXT: Final = 100_000
"""Of a result, in characters; the graph itself gives all of it."""
_LONGEST_CONTEXT: Final = 200_000
_LEXICAL: Final = ("mentions", "next", "part_of", "co_occurs_with")
"""Predicates that say where something stands, and not what is the case: told last."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was found. ``text`` can be shown as it is; ``raw`` is all of it."""

    kind: str
    text: str
    score: float
    raw: dict[str, Any]
    metadata: dict[str, Any] = field(default_factory=dict)


def chunks(index: Index, words: str, limit: int) -> list[Result]:
    """Return texts in which any of the words stand."""
    contents = index.search(words, limit, kinds=sorted(CONTENT_KINDS))
    pieces = index.search(words, limit, types=_CHUNK_TYPES)
    by_id = {found.item.id: found for found in (*contents, *pieces) if found.item.text}
    best = sorted(by_id.values(), key=lambda one: (-one.score, one.item.id))[:limit]
    return [_of_item("chunk", one.item, one.score) for one in best]


def summaries(index: Index, words: str, limit: int) -> list[Result]:
    """Return summaries in which any of the words stand."""
    found = index.search(words, limit, types=_SUMMARY_TYPES)
    return [_of_item("summary", one.item, one.score) for one in found]


def facts(index: Index, words: str, limit: int) -> list[Result]:
    """Return what the graph says about the things that are named: facts, the nearest first.

    A fact between two things that were found goes before one of a single thing; ties go to facts
    that say something before those that say where something stands.
    """
    seeds = index.search(words, _SEEDS)
    scores = {one.item.id: one.score for one in seeds}
    links = _links(index, list(scores))
    ends = {item.id: item for item in index.items([e for x in links for e in (x.source, x.target)])}

    def rank(link: Link) -> tuple[bool, float, str]:
        score = scores.get(link.source, 0.0) + scores.get(link.target, 0.0)
        return link.predicate in _LEXICAL, -score, link.id

    best = sorted(links, key=rank)[:limit]
    told = [
        _of_link(link, ends, scores.get(link.source, 0.0) + scores.get(link.target, 0.0))
        for link in best
    ]
    lonely = [one for one in seeds if one.item.kind == "entity" and one.item.text]
    return [*told, *(_of_item("graph", one.item, one.score) for one in lonely)][:limit]


def _links(index: Index, seeds: list[str]) -> list[Link]:
    found = {link.id: link for link in index.links_between(seeds, _LINKS_BETWEEN)}
    for seed in seeds:
        found |= {link.id: link for link in index.links_of([seed], _LINKS_OF_SEED)}
    return list(found.values())


Search = Callable[[Index, str, int], list[Result]]
"""(index, words, limit) -> results, best first."""

SEARCHES: Final[dict[str, Search]] = {
    "CHUNKS": chunks,
    "CHUNKS_LEXICAL": chunks,
    "SUMMARIES": summaries,
    "INSIGHTS": facts,
    "GRAPH": facts,
}
"""Search types that are answered by what is found itself."""


def context_of(results: Sequence[Result]) -> str:
    """Return results as the text that a language model is given: the best, as many as fit."""
    lines = [f"- {one.text}" for one in results]
    ends = accumulate(len(line) + 1 for line in lines)
    fit = [line for line, end in zip(lines, ends, strict=True) if end <= _LONGEST_CONTEXT]
    return "\n".join(fit or lines)[:_LONGEST_CONTEXT]


def _of_item(kind: str, item: Item, score: float) -> Result:
    told = item.text[:_LONGEST_TEXT] if item.text else None
    text = told or item.label
    if kind == "graph":
        text = f"{item.label}: {told}"
    raw = {
        "id": item.id,
        "type": item.type,
        "name": item.name,
        "text": told,
        "properties": item.properties,
    }
    metadata: dict[str, Any] = {"node_id": item.id, "node_type": item.type}
    if item.text and len(item.text) > _LONGEST_TEXT:
        metadata["cut_from_characters"] = len(item.text)
    return Result(kind, text, score, raw, metadata)


def _of_link(link: Link, ends: dict[str, Item], score: float) -> Result:
    source, target = ends.get(link.source), ends.get(link.target)
    names = [end.label if end else ref for end, ref in ((source, link.source),
                                                        (target, link.target))]  # fmt: skip
    text = link.text or f"{names[0]} {link.predicate.replace('_', ' ')} {names[1]}"
    raw = {
        "id": link.id,
        "source": {"id": link.source, "name": names[0]},
        "predicate": link.predicate,
        "target": {"id": link.target, "name": names[1]},
        "properties": link.properties,
    }
    return Result("graph", text, score, raw, {"edge_id": link.id})
