"""Knows ``cogx sync``: raw data goes to a server, which builds the graph itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns, count_of, size_of
from cogx.cli.layout import command as command_line
from cogx.cli.options import key_option, output_options, password_option
from cogx.cli.progress_bar import progress_on
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.engine.sync_state import SyncedDataset, SyncResult

_NAMED: Final = 20


@click.command("sync")
@click.argument("what", metavar="[DATASET|STORE|ARCHIVE]...", nargs=-1)
@click.option("--target-dataset", metavar="NAME", help="Its name there; else the local one's.")
@click.option("--url", metavar="URL", help="The server; else as `cogx connect --status` says.")
@click.option("--graph", is_flag=True, help="Send the graph, too, as a push does; build none.")
@click.option(
    "--wait/--no-wait",
    default=True,
    help="Stay until the server has built its graph; else until the files are there. [wait]",
)
@click.option("--no-rebuild", is_flag=True, help="Store the files there; build no graph of them.")
@click.option("--user", metavar="EMAIL", help="As whom to read a local cognee.")
@click.option("--dry-run", is_flag=True, help="Look and compare; send nothing.")
@key_option
@password_option
@output_options
def command(
    what: tuple[str, ...],
    target_dataset: str | None,
    url: str | None,
    graph: bool,
    wait: bool,
    no_rebuild: bool,
    user: str | None,
    dry_run: bool,
    api_key: str | None,
    console: Console,
) -> int:
    """Send raw data to a cognee or cogx server, which builds the graph itself.

    DATASET is that of a local cognee; without one all that you may read are sent. Of a store or
    an archive the content records go, each as a file. Only what the server lacks is sent; a sync
    that broke off goes on where it stopped. Building needs a language model there; `cogx push`
    sends the graph that is here instead.
    """
    from cogx.engine.sync import sync_sync

    rebuild = "none" if no_rebuild else "wait" if wait else "start"
    with progress_on(console) as progress:
        result = sync_sync(
            list(what) or None,
            target_dataset=target_dataset,
            url=url,
            api_key=api_key,
            user=user,
            graph=graph,
            rebuild=rebuild,
            wait=True,
            dry_run=dry_run,
            progress=progress,
        )
    if console.json:
        console.data(result.to_json())
    else:
        _show(console, result)
    return PROBLEMS if result.status == "failed" else FINE


def _show(console: Console, result: SyncResult) -> None:
    console.line(_headline(result))
    if result.datasets:
        rows = [("dataset", "to send" if result.dry_run else "sent", "unchanged", "failed")]
        rows += [
            (
                one.name if one.name == one.target else f"{one.name} as {one.target}",
                f"{one.files_sent:,}",
                f"{one.files_unchanged + one.files_repeated:,}",
                f"{one.files_failed:,}",
            )
            for one in result.datasets
        ]
        for line in columns(rows, right=frozenset({1, 2, 3})):
            console.line(line)
    for one in result.datasets:
        _show_dataset(console, result, one)
    for note in result.notes:
        console.note(note)


def _headline(result: SyncResult) -> str:
    size = size_of(result.bytes_sent)
    files = count_of(result.files_sent, "file")
    if result.dry_run:
        return f"Would send {files} ({size}) to {result.url}; nothing was sent:"
    return f"Sent {files} ({size}) to {result.url}:"


def _show_dataset(console: Console, result: SyncResult, one: SyncedDataset) -> None:
    if one.files_failed:
        console.line(f"Not sent of {one.name}:", mark="error:")
        for name, reason in one.failed[:_NAMED]:
            console.line(f"  {name}: {reason}")
        if one.files_failed > _NAMED:
            more = one.files_failed - min(_NAMED, len(one.failed))
            console.line(f"  ... and {more:,} more; --json names up to a thousand.")
    if console.verbose:
        for name in one.sent:
            console.line(f"  {name}")
    if one.files_repeated:
        files = count_of(one.files_repeated, "file")
        console.note(
            f"{one.name}: {files} with the bytes of another one, which a server keeps once."
        )
    if one.files_changed:
        files = count_of(one.files_changed, "file")
        console.note(
            f"{one.name}: another version of {files} is there already, and stays there beside the "
            "new one. Delete it on the server if it is not wanted any more."
        )
    if one.files_text_only:
        files = count_of(one.files_text_only, "file")
        console.note(f"{one.name}: {files} as the text that cognee made; the originals are gone.")
    if one.error is not None:
        console.line(f"{one.name}: {one.error}", mark="error:")
    _show_graph(console, result, one)


def _show_graph(console: Console, result: SyncResult, one: SyncedDataset) -> None:
    if one.graph is not None:
        sent = "to send" if result.dry_run else "sent"
        nodes, edges = (int(one.graph[name]) for name in ("num_nodes", "num_edges"))
        graph = f"{count_of(nodes, 'node')}, {count_of(edges, 'edge')}"
        console.line(f"{one.name}: graph {sent}: {graph}")
    if one.rebuild == "completed":
        console.line(f"{one.name}: the server has built its graph")
    elif one.rebuild == "started":
        console.line(f"{one.name}: the server builds its graph now")
        if one.rebuild_run_id is not None:
            follow = command_line(
                "cogx", "status", one.rebuild_run_id, "--dataset", one.target, "--url", result.url
            )
            console.note(f"Ask how it goes: {follow}")
