"""Knows how the receipt of an export or import is shown; moves nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogx.cli.layout import columns, count_lines, count_of
from cogx.cli.terminal import Console
from cogx.problems import CODES

if TYPE_CHECKING:
    from cogx.engine.receipt import Receipt


def show_receipt(console: Console, verb: str, receipt: Receipt, follow_up: str) -> None:
    """Print a receipt; ``follow_up`` is the command that makes sense next, if any."""
    if console.json:
        console.data(receipt.to_json())
        return
    console.line(f"{verb} {receipt.source} to {receipt.target}")
    for line in count_lines(receipt.counts):
        console.line(line)
    if receipt.stubs:
        ends = count_of(receipt.stubs, "end")
        console.line(f"{ends} of facts not in the archive became marked stubs.")
    _show_codes(console, "Not kept:", receipt.losses, mark="error:")
    _show_codes(console, "Not part of a graph, so not imported:", receipt.declared)
    _show_codes(console, "Changed by --lenient:", receipt.changes)
    if receipt.warnings:
        total = count_of(sum(receipt.warnings.values()), "warning")
        _show_codes(console, f"{total}, all kept as they are:", receipt.warnings)
    for note in receipt.notes if console.verbose else ():
        console.line(note)
    if follow_up:
        console.note(f"Prove it: {follow_up}")


def _show_codes(console: Console, title: str, counts: dict[str, int], mark: str = "") -> None:
    if not counts:
        return
    console.line(title, mark=mark)
    rows = [
        (f"{number:,}", code, CODES[code].title if code in CODES else "")
        for code, number in counts.items()
    ]
    for line in columns(rows, right=frozenset({0})):
        console.line(line)
