"""Knows ``cogx import``: an archive becomes a graph in a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import command as command_line
from cogx.cli.model_options import ModelOptions, model_options
from cogx.cli.options import (
    ARCHIVE,
    Choosing,
    Reading,
    choosing_options,
    output_options,
    password_option,
    reading_options,
)
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import STANDARD, bytes_at, check_room, source_of
from cogx.cli.terminal import Console
from cogx.errors import BadSetting

if TYPE_CHECKING:
    from cogx.engine.receipt import Receipt
    from cogx.graph_schema.model import GraphSchema
    from cogx.ports import Deriver

_SMALLER = 10
"""A store takes at least this part of its archive's room: a lower bound."""

_MODES = ("preserve", "hybrid", "re-derive")
_POLICIES = ("merge", "skip", "replace", "fail")
_IDENTITIES = ("id", "cognee", "folded")


@click.command("import")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("store", metavar="STORE")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default="preserve",
    show_default=True,
    help="preserve: the graph as it is; hybrid: that, and what its texts say; re-derive: "
    "only what its texts say.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(_POLICIES),
    default="merge",
    show_default=True,
    help="What becomes of a record that is in the store with another content.",
)
@click.option("--into", metavar="NAME", help="The dataset; else the store's own.")
@choosing_options
@click.option(
    "--identity",
    type=click.Choice(_IDENTITIES),
    default="id",
    show_default=True,
    help="When two entities are one: same id, or same name by cognee's rule or a better one.",
)
@click.option("--resolve", metavar="REVIEW", type=click.Path(),
              help="Merge first by this file of cogx resolve --propose.")  # fmt: skip
@click.option("--auto-above", type=float, metavar="SCORE",
              help="Merge undecided pairs of at least this score; default none.")  # fmt: skip
@click.option("--deriver", metavar="NAME", default="vocabulary", show_default=True,
              help="What reads the texts in hybrid and re-derive.")  # fmt: skip
@click.option("--passage-tokens", type=int, metavar="N",
              help="The most of a passage, four characters a token; 500.")  # fmt: skip
@click.option("--overlap-tokens", type=int, metavar="N",
              help="How much of the text before a passage goes with it.")  # fmt: skip
@click.option("--no-lexical-graph", is_flag=True,
              help="Make no nodes of the passages of longer texts.")  # fmt: skip
@click.option("--schema", "schema_file", metavar="FILE",
              help="Derive only what this graph schema allows.")  # fmt: skip
@click.option("--instructions", metavar="FILE",
              help="Tell --deriver chat this, too: an extraction prompt.")  # fmt: skip
@model_options
@click.option("--no-cache", is_flag=True, help="Neither use nor keep what was derived before.")
@click.option("--keep-facts-as-text", is_flag=True,
              help="In re-derive, read what the graph says, too.")  # fmt: skip
@click.option("--id-map", metavar="FILE", help="Write the ids that changed to this new file.")
@click.option("--portable", is_flag=True, help="Turn records of the cognee profile back.")
@click.option("--restore-ids", metavar="FILE", help="Put the ids of this id map back.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option("--rollback", is_flag=True, help="Take back what a broken-off import has left.")
@click.option("--no-check", is_flag=True, help="Do not read the store again afterwards.")
@click.option("--allow-loss", metavar="CODE", multiple=True, help="End with 0 in spite of it.")
@click.option("--strict", is_flag=True, help="Refuse an archive with warnings, too.")
@click.option("--allow-empty", is_flag=True, help="Take an archive that holds no record.")
@reading_options
@password_option
@output_options
def command(
    archive: str,
    store: str,
    mode: str,
    on_conflict: str,
    into: str | None,
    choosing: Choosing,
    identity: str,
    resolve: str | None,
    auto_above: float | None,
    deriver: str,
    passage_tokens: int | None,
    overlap_tokens: int | None,
    no_lexical_graph: bool,
    schema_file: str | None,
    instructions: str | None,
    model: ModelOptions,
    no_cache: bool,
    keep_facts_as_text: bool,
    id_map: str | None,
    portable: bool,
    restore_ids: str | None,
    dry_run: bool,
    rollback: bool,
    no_check: bool,
    allow_loss: tuple[str, ...],
    strict: bool,
    allow_empty: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Import an archive into a graph store.

    The archive is validated before the store is touched; then all of it is loaded, or nothing.
    A store that holds a graph takes it in beside that: records with one id are brought together,
    and importing the same archive again changes nothing. Afterwards the store is read, and held
    against what it must have. The exit code is 1 if something was lost: the losses are named.
    """
    from cogx.engine.import_ import import_archive
    from cogx.engine.uris import is_file, parse_uri, store_at

    if rollback:
        console.line(store_at(store).rollback())
        return FINE
    if archive != STANDARD and is_file(store) and not dry_run:
        check_room(parse_uri(store)[1], bytes_at(archive) // _SMALLER, "the store")
    schema = _schema(schema_file)
    with (
        _deriver(deriver, mode, model, schema, instructions) as reader,
        progress_on(console) as progress,
    ):
        receipt = import_archive(
            source_of(archive),
            store,
            mode=mode,
            on_conflict=on_conflict,
            into=into,
            **choosing.named(),
            identity=identity,
            resolve=resolve,
            auto_above=auto_above,
            deriver=reader,
            passage_tokens=passage_tokens,
            overlap_tokens=overlap_tokens,
            lexical_graph=not no_lexical_graph,
            schema=schema,
            cache=not no_cache,
            keep_facts_as_text=keep_facts_as_text,
            id_map=id_map,
            portable=portable,
            restore_ids=restore_ids,
            dry_run=dry_run,
            check=not no_check,
            lenient=reading.lenient,
            strict=strict,
            limits=reading.limits,
            allow_empty=allow_empty,
            progress=progress,
        )
    as_it_is = (
        mode == "preserve"
        and identity == "id"
        and resolve is None
        and auto_above is None
        and not choosing
        and not restore_ids
        and not portable
    )
    follow_up = _follow_up(archive, store, into, receipt) if as_it_is else ""
    show_receipt(console, "Imported", receipt, follow_up)
    lost = receipt.losses.keys() - set(allow_loss)
    return PROBLEMS if lost else FINE


@contextmanager
def _deriver(
    name: str,
    mode: str,
    model: ModelOptions,
    schema: GraphSchema | None,
    instructions: str | None,
) -> Iterator[str | Deriver]:
    """Give the deriver, or its name: one that asks a model takes what was said of that."""
    if name != "chat" or mode == "preserve":
        if instructions is not None:
            raise BadSetting(
                "Instructions are for a language model: import with --deriver chat and --mode "
                "hybrid or re-derive, or leave --instructions out."
            )
        yield name
        return
    from cogx.derive.registry import deriver_named
    from cogx.text_files import text_of_file

    deriver: Any = deriver_named(
        name,
        settings=model.settings(),
        schema=schema,
        instructions=None if instructions is None else text_of_file(instructions).text,
    )
    with closing(deriver):
        yield deriver


def _schema(path: str | None) -> GraphSchema | None:
    if path is None:
        return None
    from cogx.graph_schema.parsing import read_graph_schema

    return read_graph_schema(path)


def _follow_up(archive: str, store: str, into: str | None, receipt: Receipt) -> str:
    """Return the command that proves the import, where one can: the store holds just that."""
    if archive == STANDARD or receipt.dry_run or receipt.fingerprint_before is not None:
        return ""
    return command_line("cogx", "verify", archive, store, *(["--dataset", into] if into else []))
