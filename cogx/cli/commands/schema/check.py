"""Knows ``cogx schema check``: a schema is judged, and a graph is held against it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns, count_of
from cogx.cli.options import Reading, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import STANDARD, shown, source_of
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.engine.schema_check import SchemaCheck
    from cogx.graph_schema.rules import Fault

_SHOWN = 15


@click.command("check")
@click.argument("schema", metavar="SCHEMA", type=click.Path())
@click.argument("graph", metavar="[ARCHIVE|STORE]", required=False)
@click.option("--strict", is_flag=True, help="Advice makes a schema invalid, too.")
@click.option("--all", "everything", is_flag=True,
              help="Check chunks, summaries and sets of cognee, too.")  # fmt: skip
@reading_options
@output_options
def command(
    schema: str,
    graph: str | None,
    strict: bool,
    everything: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Check a schema, and a graph against it.

    SCHEMA must be a JSON Schema with a title that can be the name of a class, and refer only to
    what is in it; each fault is named with its place (a JSON pointer) and a remedy. With a graph:
    which of its types and facts the schema does not have, and which nodes break their type. The
    exit code is 1 if anything is wrong.
    """
    from cogx.engine.schema_check import check_graph
    from cogx.graph_schema.parsing import (
        decode_document,
        parse_graph_schema,
        schema_file,
        unwrapped,
    )
    from cogx.graph_schema.rules import check_graph_schema

    document = unwrapped(decode_document(schema_file(schema), schema))
    faults = check_graph_schema(document)
    wrong = any(fault.is_error or strict for fault in faults)
    found = None
    if graph is not None and not any(fault.is_error for fault in faults):
        with progress_on(console) as progress:
            found = check_graph(
                source_of(graph) if graph == STANDARD else graph,
                parse_graph_schema(document, name=schema),
                everything=everything,
                lenient=reading.lenient,
                limits=reading.limits,
                progress=progress,
            )
    if console.json:
        _data(console, faults, found)
    else:
        _show(console, schema, faults, wrong=wrong)
        if found is not None and graph is not None:
            _show_graph(console, shown(graph), found)
    return PROBLEMS if wrong or (found is not None and not found.keeps) else FINE


def _data(console: Console, faults: list[Fault], found: SchemaCheck | None) -> None:
    told = [
        {
            "pointer": fault.pointer,
            "message": fault.message,
            "remedy": fault.remedy,
            "severity": "error" if fault.is_error else "advice",
        }
        for fault in faults
    ]
    graph = {} if found is None else {"graph": found.to_json()}
    valid = not any(fault.is_error for fault in faults)
    console.data({"valid": valid, "faults": told, **graph})


def _show(console: Console, name: str, faults: list[Fault], *, wrong: bool) -> None:
    for fault in faults:
        console.line(str(fault), mark="error:" if fault.is_error else "advice:")
    console.line(f"{name}: {'is not valid' if wrong else 'valid'}.")


def _show_graph(console: Console, name: str, found: SchemaCheck) -> None:
    if found.keeps:
        facts = count_of(found.edges, "fact")
        console.line(f"{name}: keeps to it, {count_of(found.nodes, 'node')} and {facts}.")
        return
    console.line(f"{name}: does not keep to it.")
    _table(console, found, "Types that it does not have", found.types)
    _table(console, found, "Facts that it does not allow", found.facts)
    _table(console, found, "What is wrong in nodes", found.values)
    if found.loose:
        console.line(f"{count_of(found.loose, 'fact')} with an end that is no node.")


def _table(console: Console, found: SchemaCheck, title: str, counts: Counter[str]) -> None:
    if not counts:
        return
    console.line()
    console.line(f"{title} ({len(counts):,})")
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = len(listed) if console.verbose else _SHOWN
    rows = [
        (name, f"{number:,}", next(iter(found.examples.get(name, ())), ""))
        for name, number in listed[:most]
    ]
    for line in columns(rows, right=frozenset({1})):
        console.line(line)
    if len(listed) > most:
        console.line(f"  ... {len(listed) - most:,} more; --verbose names them.")
