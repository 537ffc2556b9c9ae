"""Knows how the receipt of an export or import is shown; moves nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from cogx.cli.layout import columns, count_lines, count_of
from cogx.cli.terminal import Console
from cogx.problems import CODES

if TYPE_CHECKING:
    from cogx.engine.receipt import Receipt

_ACTIONS: Final = ("created", "merged", "updated", "unchanged", "skipped")
_LOSSES: Final = {
    "store.differs": "the store does not hold what was written; cogx verify names the records",
    "embedding.vectors": "vectors of embeddings: COGX 0.1 has no place for them",
    "derive.passages": "passages that could not be derived; import again, for these alone",
    "resolve.merged": "entities that are part of another now",
    "resolve.end": "ends of facts that mean another entity now",
    "resolve.self_loop": "facts that join an entity with itself now; they are kept",
    "resolve.conflict": "values that differed; what gave way is in metadata.resolved",
    "pull.edge-properties": "edges whose properties, texts and validity the server does not give",
    "pull.timestamps": "nodes whose times the server does not give",
    "pull.provenance": "nodes of which the server does not say which files and runs they are from",
    "pull.file-details": "files whose hashes and original name the server does not give",
    "pull.nulls": "nodes whose properties of null, if any, the server does not give",
    "pull.files": "files without content: the server did not give it",
    "pull.files-unlisted": "files that the server counts and does not list",
    "pull.interrupted": "the connection was lost; pull again for the rest",
    "pull.graph": "the graph is not whole; pull again",
    "pull.schema": "the dataset's schema could not be had",
    "pull.half-pairs": "halves of surrogate pairs, which are no text, came as ?",
    "pull.repeated-nodes": "nodes that the server sent twice; the first was kept",
    "pull.missing-ends": "ends of edges that are no node of the answer",
    "pull.nodes": "nodes that came and are not in the archive",
    "pull.edges": "edges that came and are not in the archive",
}
"""What codes mean that are no problems of an archive."""
_MOST_PATHS: Final = 10


def show_receipt(console: Console, verb: str, receipt: Receipt, follow_up: str) -> None:
    """Print a receipt; ``follow_up`` is the command that makes sense next, if any."""
    if console.json:
        console.data(receipt.to_json())
        return
    console.line(_headline(verb, receipt))
    plain = _is_plain(receipt)
    for line in count_lines(receipt.counts) if plain else _action_lines(receipt.actions):
        console.line(line)
    if receipt.stubs:
        ends = count_of(receipt.stubs, "end")
        console.line(f"{ends} of facts not in the archive became marked stubs.")
    _show_deriving(console, receipt)
    _show_counts(console, "Left out, as asked:", receipt.left_out)
    _show_overwritten(console, receipt)
    _show_codes(console, "Not kept:", receipt.losses, mark="error:")
    for failed in receipt.examples.get("derive.passages", ()):
        console.line(f"  {failed}")
    _show_codes(console, "Not part of it, as was known beforehand:", receipt.declared)
    _show_codes(console, "Changed, as asked:", receipt.changes)
    total = count_of(sum(receipt.warnings.values()), "warning")
    _show_codes(console, f"{total}, all kept as they are:", receipt.warnings)
    for note in receipt.notes:
        console.note(note)
    if console.verbose:
        _show_details(console, receipt)
    if receipt.id_map:
        console.line(f"Ids that changed: {receipt.id_map}")
    if receipt.verified and not receipt.changed_nothing:
        console.line("Read back: the store holds just what it must.")
    if follow_up:
        console.note(f"Prove it: {follow_up}")


def _show_deriving(console: Console, receipt: Receipt) -> None:
    for line in _plan_lines(receipt.plan) if receipt.plan is not None else ():
        console.line(line)
    _show_counts(console, "Derived from the texts:", receipt.derived)
    if receipt.cost is not None:
        console.line(f"The calls cost {receipt.cost:,.4f}, at the prices given.")


def _plan_lines(plan: dict[str, Any]) -> Iterator[str]:
    texts, passages = count_of(plan["texts"], "text"), count_of(plan["passages"], "passage")
    model = f" ({plan['origin']['model']})" if "model" in plan["origin"] else ""
    yield f"Deriving with {plan['deriver']}{model} would read {texts} in {passages}."
    if not plan["calls"]:
        cached = " All of them were derived before." if plan["cached"] else ""
        yield f"It would call no language model.{cached}"
        return
    if plan["cached"]:
        yield f"Of these {count_of(plan['cached'], 'was', 'were')} derived before and cost nothing."
    tokens = f"{plan['tokens_in']:,} tokens in and {plan['tokens_out']:,} out"
    yield f"It would make {count_of(plan['calls'], 'call')} to a language model, about {tokens}."
    if plan["cost"] is not None:
        yield f"At the prices given that costs about {plan['cost']:,.4f}."
    if plan["seconds"] is not None:
        yield f"It would take about {count_of(round(plan['seconds']), 'second')}."


def _headline(verb: str, receipt: Receipt) -> str:
    both = f"{receipt.source} to {receipt.target}"
    if receipt.dry_run:
        return f"Would go from {both} (nothing was changed):"
    if receipt.changed_nothing and any("skipped" in one for one in receipt.actions.values()):
        return f"Nothing was changed: {receipt.target} keeps what it had before {receipt.source}"
    if receipt.changed_nothing:
        return f"Nothing to do: {receipt.target} holds all of {receipt.source} already."
    return f"{verb} {both}"


def _is_plain(receipt: Receipt) -> bool:
    """Tell whether everything was new, so that one number a kind says it all."""
    new = ("accepted", "created")
    return all(action in new for counts in receipt.actions.values() for action in counts)


def _action_lines(actions: dict[str, dict[str, int]]) -> list[str]:
    used = [one for one in _ACTIONS if any(counts.get(one) for counts in actions.values())]
    rows = [("", *used)]
    rows += [
        (kind, *(f"{counts.get(action, 0):,}" for action in used))
        for kind, counts in actions.items()
    ]
    return columns(rows, right=frozenset(range(1, len(used) + 1)))


def _show_overwritten(console: Console, receipt: Receipt) -> None:
    """Say how many values gave way to others; never silently."""
    if not receipt.overwritten:
        return
    total = sum(receipt.overwritten.values())
    console.line(f"{count_of(total, 'value')} differed and gave way to the newer one:")
    rows = [(f"{number:,}", path) for path, number in receipt.overwritten.items()]
    for line in columns(rows[:_MOST_PATHS], right=frozenset({0})):
        console.line(line)
    if len(rows) > _MOST_PATHS:
        console.line(f"  ... {len(rows) - _MOST_PATHS:,} more paths; --json names them.")


def _show_details(console: Console, receipt: Receipt) -> None:
    for action, names in receipt.examples.items():
        console.line(f"{action}, for example: {', '.join(names)}")
    for name, digest in receipt.fingerprint.items():
        console.line(f"fingerprint {name}: {digest}")
    if receipt.usage:
        wall, cpu, peak = (receipt.usage[key] for key in ("wall_s", "cpu_s", "peak_mib"))
        console.line(f"{wall} s, {cpu} s of CPU, {peak} MiB at most")


def _show_counts(console: Console, title: str, counts: dict[str, int]) -> None:
    rows = [(f"{number:,}", name) for name, number in counts.items() if number]
    if rows:
        console.line(title)
        for line in columns(rows, right=frozenset({0})):
            console.line(line)


def _show_codes(console: Console, title: str, counts: dict[str, int], mark: str = "") -> None:
    if not counts:
        return
    console.line(title, mark=mark)
    rows = [
        (f"{number:,}", code, CODES[code].title if code in CODES else _LOSSES.get(code, ""))
        for code, number in counts.items()
    ]
    for line in columns(rows, right=frozenset({0})):
        console.line(line)
