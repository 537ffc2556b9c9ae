"""Knows ``cogx push``: a graph goes to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns, count_lines, count_of, size_of
from cogx.cli.layout import command as command_line
from cogx.cli.options import key_option, output_options, password_option
from cogx.cli.progress_bar import progress_on
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.engine.push_result import PushResult

_MODES = ("preserve", "hybrid", "re-derive")


@click.command("push")
@click.argument("what", metavar="DATASET|STORE|ARCHIVE", default="main_dataset")
@click.option("--target-dataset", metavar="NAME", help="Its name there; else the local one's.")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default="preserve",
    show_default=True,
    help="preserve: the graph, no LLM; hybrid: that, and the texts; re-derive: the texts alone.",
)
@click.option("--url", metavar="URL", help="The server; else as `cogx connect --status` says.")
@click.option("-b", "--background", is_flag=True, help="Return once the upload is complete.")
@click.option("--wait", is_flag=True, help="Stay until a background import has ended.")
@click.option("--verify", is_flag=True, help="Look afterwards whether all of it is there.")
@click.option("--since", metavar="ARCHIVE", help="Send only what this archive does not hold.")
@click.option("--user", metavar="EMAIL", help="As whom to read a local cognee.")
@click.option("--dry-run", is_flag=True, help="Ask, pack and check; send nothing.")
@click.option("--split", is_flag=True, help="Send what is too large for the server in parts.")
@click.option("--allow-loss", metavar="CODE", multiple=True, help="End with 0 in spite of it.")
@click.option("--allow-empty", is_flag=True, help="Push even a graph of 0 nodes.")
@click.option("--strict", is_flag=True, help="End with 1 for what such servers never keep, too.")
@key_option
@password_option
@output_options
def command(
    what: str,
    target_dataset: str | None,
    mode: str,
    url: str | None,
    background: bool,
    wait: bool,
    verify: bool,
    since: str | None,
    user: str | None,
    dry_run: bool,
    split: bool,
    allow_loss: tuple[str, ...],
    allow_empty: bool,
    strict: bool,
    api_key: str | None,
    console: Console,
) -> int:
    """Push a graph to a cognee or cogx server.

    DATASET is that of a local cognee; a store URI or an archive will do as well. The server is
    asked before anything is sent: whether it can import, takes the key, and has room. Towards a
    real cognee entities go as raw nodes, which keep all the properties it knows.
    """
    from cogx.engine.push import push_sync

    with progress_on(console) as progress:
        result = push_sync(
            what,
            target_dataset=target_dataset,
            mode=mode,
            run_in_background=background,
            url=url,
            api_key=api_key,
            user=user,
            since=since,
            wait=wait,
            verify=verify,
            dry_run=dry_run,
            split=split,
            allow_empty=allow_empty,
            progress=progress,
        )
    if console.json:
        console.data(result.to_json())
    else:
        _show(console, what, result)
    lost = set(result.losses) | (set(result.declared) if strict else set())
    return PROBLEMS if lost - set(allow_loss) else FINE


def _show(console: Console, what: str, result: PushResult) -> None:
    console.line(_headline(what, result))
    for line in count_lines(result.sent):
        console.line(line)
    calls = count_of(result.llm_calls, "LLM call")
    there = f"at least {calls}" if result.llm_calls else "no LLM call"
    parts = f" in {result.parts:,} parts" if result.parts > 1 else ""
    console.line(f"{size_of(result.size_bytes)} packed{parts}, {there} there")
    _show_codes(console, "Not taken by the server:", result.losses, mark="error:")
    _show_codes(console, "Not kept by such a server, as is known:", result.declared)
    if console.verbose:
        _show_codes(console, "Told otherwise, so that it is kept:", result.changes)
    if result.verified:
        console.line("Looked at: the server shows every node, name and edge that was sent.")
    for note in result.notes:
        console.note(note)
    if result.pipeline_run_id and not result.finished and not result.dry_run:
        follow = command_line(
            "cogx", "status", result.pipeline_run_id, "--dataset", result.target_dataset,
            "--url", result.url,
        )  # fmt: skip
        console.note(f"Ask how it goes: {follow}")


def _headline(what: str, result: PushResult) -> str:
    there = f"dataset {result.target_dataset} of {result.url}"
    told = f"version {result.server_version}" if result.server_version else ""
    name = result.server_name or told
    version = f" ({name})" if name else ""
    if result.dry_run:
        return f"Would push {what} to {there}{version}; nothing was sent:"
    if result.finished:
        return f"Pushed {what} to {there}{version}"
    return f"Uploaded {what} to {there}{version}; the import there is {result.status}"


def _show_codes(console: Console, title: str, counts: dict[str, Any], mark: str = "") -> None:
    if counts:
        console.line(title, mark=mark)
        rows = [(f"{number:,}", code) for code, number in counts.items()]
        for line in columns(rows, right=frozenset({0})):
            console.line(line)
