"""Knows how texts of any form are read for a graph schema: which reader each of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from cogx.errors import EmptyGraph
from cogx.graph_schema.building import schema_of
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.observations import Observations
from cogx.graph_schema.texts.outline import outline_of
from cogx.graph_schema.texts.prose import observe_prose
from cogx.graph_schema.texts.tables import csv_things, delimiter_of, json_things, sort_of_file
from cogx.graph_schema.texts.things import MOST_THINGS, Thing, observe
from cogx.text_files import FileText

_TABLES: Final = {"text/csv", "text/tab-separated-values"}


def infer_from_texts(
    texts: Iterable[str | FileText], *, title: str = "Inferred", examples: bool = True
) -> GraphSchema:
    """Return the graph schema that the form of some texts suggests; no model is asked.

    Read are JSON, JSON Lines, tables with a header, headings, lines ``Key: value`` and
    capitalised names. The same texts give the same schema. What prose means is not understood:
    a language model finds more.

    Args:
        texts: texts, or what :func:`cogx.text_files.text_of_file` gives: then a file's title
            tells what its rows are.
        title: what the graph is called.
        examples: whether names and values of the texts stand in the schema.

    Raises:
        EmptyGraph: nothing in the texts has a form.
    Cost: all that is found in memory.
    """
    seen = Observations()
    notes = observe_texts(texts, seen)
    if not seen.types:
        raise EmptyGraph(
            "Nothing in the texts has the form of a thing: no JSON, no table, no headings with "
            "lines Key: value, no capitalised names. Let a language model read them "
            "(--deriver chat), or write the schema by hand."
        )
    return schema_of(seen, title=title, examples=examples, notes=notes)


def observe_texts(texts: Iterable[str | FileText], seen: Observations) -> tuple[str, ...]:
    """Count what the form of some texts suggests; return what a person should know."""
    things: list[Thing] = []
    prose: list[str] = []
    left_out = 0
    for text in texts:
        for one in _things(text, prose):
            if len(things) < MOST_THINGS:
                things.append(one)
            else:
                left_out += 1
    observe(things, seen)
    owners = {one.name.casefold(): one.type for one in reversed(things) if one.name}
    observe_prose(prose, owners, seen)
    return (f"{left_out:,} things in texts are left out, for there are too many.",) * bool(left_out)


def _things(text: str | FileText, prose: list[str]) -> Iterator[Thing]:
    content, title, form = (text, None, None) if isinstance(text, str) else _told(text)
    sort = sort_of_file(title)
    value = _json_in(content)
    if value is not None:
        yield from json_things(value, sort)
        return
    delimiter = "\t" if form == "text/tab-separated-values" else delimiter_of(content)
    if delimiter and (form is None or form in _TABLES or form == "text/plain"):
        yield from csv_things(content, delimiter, sort)
        return
    found, lines = outline_of(content)
    yield from found
    prose += [*lines, ""]


def _told(text: FileText) -> tuple[str, str, str]:
    return text.text, text.title, text.mime_type


def _json_in(text: str) -> Any:
    """Return the value of a text that is JSON, a list for one that is JSON Lines, else None."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    for read in (msgspec.json.decode, _lines):
        try:
            value = read(text)
        except (msgspec.DecodeError, RecursionError):
            continue
        return value if isinstance(value, dict | list) else None
    return None


def _lines(text: str) -> list[Any]:
    return [msgspec.json.decode(line) for line in text.split("\n") if line.strip()]
