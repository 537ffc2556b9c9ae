"""Knows ``cogx cache``: what derivers have said before, and is kept so that nobody pays twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import columns, count_of, size_of
from cogx.cli.options import output_options
from cogx.cli.terminal import Console, json_text
from cogx.errors import BadSetting

if TYPE_CHECKING:
    from cogx.derive.cache import Entry, ResultCache

_SHOWN_KEY = 12


@click.command("cache")
@click.argument("key", metavar="[KEY]", required=False)
@click.option("--list", "listing", is_flag=True, help="List the results, the newest first.")
@click.option("--clear", is_flag=True, help="Forget all of them.")
@output_options
def command(key: str | None, listing: bool, clear: bool, console: Console) -> int:
    """Show what derivers have said before.

    Results of derivers that cost something are kept on disk, one for each passage, so that an
    import that is run again asks only about what is new. Without KEY: where they are kept, how
    many there are of each deriver and model, and their size. With KEY, or how it begins: one
    result. They are as private as the texts they are made of.
    """
    from cogx.derive.cache import ResultCache

    if (key is not None) + listing + clear > 1:
        raise click.UsageError("KEY, --list and --clear are different wishes; give one of them.")
    with ResultCache() as cache:
        if clear:
            cache.clear()
            console.line(f"{cache.path} is empty.")
        elif listing:
            _list(console, cache)
        elif key is not None:
            _show(console, _found(cache, key))
        else:
            _sum_up(console, cache)
    return FINE


def _sum_up(console: Console, cache: ResultCache) -> None:
    shares = cache.shares()
    size = cache.path.stat().st_size if cache.path.exists() else 0
    if console.json:
        told = [
            {
                "deriver": share.deriver,
                "version": share.version,
                "origin": share.origin,
                "results": share.results,
                "bytes": share.bytes,
            }
            for share in shares
        ]
        console.data({"path": str(cache.path), "bytes": size, "derivers": told})
        return
    results = sum(share.results for share in shares)
    console.line(f"{cache.path}: {count_of(results, 'result')}, {size_of(size)} on disk")
    rows = [
        (_maker(share.deriver, share.version, share.origin), f"{share.results:,}",
         size_of(share.bytes))
        for share in shares
    ]  # fmt: skip
    for line in columns(rows, right=frozenset({1, 2})):
        console.line(line)


def _list(console: Console, cache: ResultCache) -> None:
    for entry in cache.iter_entries():
        if console.json:
            console.data({"key": entry.key, **_about(entry)})
        else:
            made = _time(entry.made_at)
            console.line(f"{entry.key[:_SHOWN_KEY]}  {made}  {_of(entry)}  {entry.begins}")


def _show(console: Console, entry: Entry) -> None:
    records = json.loads(entry.result)
    if console.json:
        console.data({"key": entry.key, **_about(entry), "records": records})
        return
    rows = [("key", entry.key), ("deriver", _of(entry)), ("made", _time(entry.made_at)),
            ("text", entry.begins), ("records", f"{len(records):,}")]  # fmt: skip
    for line in columns(rows):
        console.line(line)
    for record in records:
        console.text(json_text(record["fields"]))


def _found(cache: ResultCache, key: str) -> Entry:
    entries = list(islice(cache.iter_entries(key), 2))
    if len(entries) == 1:
        return entries[0]
    wrong = "Several results have a key" if entries else "No result has a key"
    raise BadSetting(f"{wrong} that begins with {key!r}. `cogx cache --list` names them.", key=key)


def _about(entry: Entry) -> dict[str, Any]:
    return {
        "deriver": entry.deriver,
        "version": entry.version,
        "origin": entry.origin,
        "made_at": _time(entry.made_at),
        "text": entry.begins,
    }


def _of(entry: Entry) -> str:
    return _maker(entry.deriver, entry.version, entry.origin)


def _maker(deriver: str, version: str, origin: Mapping[str, Any]) -> str:
    return ", ".join([f"{deriver} {version}", *(f"{name} {origin[name]}" for name in origin)])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
