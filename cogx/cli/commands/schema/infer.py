"""Knows ``cogx schema infer``: a schema is proposed for what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import count_of
from cogx.cli.model_options import ModelOptions, model_options
from cogx.cli.options import Reading, force_option, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import STANDARD, source_of
from cogx.cli.terminal import Console, json_text

if TYPE_CHECKING:
    from cogx.graph_schema.model import GraphSchema

_DERIVERS = ("structure", "chat")


@click.command("infer")
@click.argument("sources", metavar="ARCHIVE|STORE|FILE...", nargs=-1, required=True)
@click.option(
    "--deriver",
    type=click.Choice(_DERIVERS),
    default="structure",
    show_default=True,
    help="structure counts graphs and reads texts by their form; chat lets a language model read "
    "the texts.",
)
@click.option("--title", metavar="NAME", help="What the graph is called; else the first source.")
@click.option("--all", "everything", is_flag=True,
              help="Count chunks, summaries and sets of cognee, too.")  # fmt: skip
@click.option("--no-examples", is_flag=True, help="Let no name or value stand in the schema.")
@click.option("--sample", type=click.IntRange(min=500), metavar="N",
              help="How many characters of the texts chat is shown; 12,000.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Write the schema to this file.")
@force_option
@model_options
@reading_options
@output_options
def command(
    sources: tuple[str, ...],
    deriver: str,
    title: str | None,
    everything: bool,
    no_examples: bool,
    sample: int | None,
    output: str | None,
    force: bool,
    model: ModelOptions,
    reading: Reading,
    console: Console,
) -> int:
    """Propose a schema for the graphs and texts in some sources.

    The result is a JSON Schema with each entity type under $defs, relations as references
    between them. A graph is counted: all of it keeps to the schema. FILE is a text (txt, md,
    json, jsonl, csv, tsv, html, pdf), read offline by its form: headings, lines "Key: value",
    tables, JSON, capitalised names. A store without a scheme that ends with .json is a FILE;
    write json:PATH for a graph. With --json the schema is on one line.
    """
    from cogx.engine.schema_inference import infer_schema

    more: dict[str, Any] = {"sample_characters": sample} if sample else {}
    if deriver == "chat":
        more["settings"] = model.settings()
    with progress_on(console) as progress:
        schema = infer_schema(
            *(source_of(one) if one == STANDARD else one for one in sources),
            title=title,
            deriver=deriver,
            everything=everything,
            examples=not no_examples,
            lenient=reading.lenient,
            limits=reading.limits,
            progress=progress,
            **more,
        )
    for note in schema.notes:
        console.note(note)
    if output is None:
        console.text(json_text(schema.document, indent=None if console.json else 2))
    else:
        _write(output, json_text(schema.document, indent=2) + "\n", force=force)
        _tell(console, output, schema)
    return FINE


def _write(path: str, text: str, *, force: bool) -> None:
    from cogx.container.room import put_all, writing
    from cogx.container.staged_file import StagedFile

    staged = StagedFile(path, force=force)
    try:
        with writing(staged.path):
            put_all(staged.file, text.encode())
    except BaseException:
        staged.abort()
        raise
    staged.publish(private=False)


def _tell(console: Console, path: str, schema: GraphSchema) -> None:
    counts = {"types": len(schema.entity_types), "relations": len(schema.relations)}
    if console.json:
        told = {"path": path, "title": schema.title, "digest": schema.digest, **counts}
        console.data(told | {"notes": list(schema.notes)})
        return
    types, relations = count_of(counts["types"], "type"), count_of(counts["relations"], "relation")
    console.line(f"{path}: {schema.title}, {types}, {relations}.")
