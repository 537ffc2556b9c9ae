"""Knows how a proven archive comes into a target, and what is there then; proves no archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cogx.archive.reader import Archive
from cogx.archive.validate import Findings
from cogx.codec.canonical import encode
from cogx.codec.fingerprint import FingerprintSums
from cogx.engine.header import header_of, united_header
from cogx.engine.holdings import Holdings
from cogx.engine.incoming import Incoming
from cogx.engine.load import load_into, load_new
from cogx.engine.receipt import Receipt
from cogx.engine.stages import Rewritten
from cogx.engine.tally import Tally
from cogx.engine.targets import Session, Target
from cogx.graph.reconcile import Action
from cogx.ports import GraphUpdater
from cogx.progress import Progress


@dataclass(frozen=True, slots=True)
class How:
    """What the caller asked for, beyond what is read and where it goes."""

    policy: str
    into: str | None
    dry_run: bool
    check: bool
    progress: Progress


def bring(
    archive: Archive, findings: Findings, made: Rewritten | None, place: Target, how: How
) -> Receipt:
    """Load an archive into a target, all of it or nothing, and look at what is there then.

    Args:
        made: what made the archive of another one, None if nothing did.

    Raises:
        StoreError: the target does not take it.
        IdentityConflict: a record differs, and the policy is ``fail``.
    """
    header = header_of(archive.manifest, how.into)
    receipt = Receipt(source=findings.name, target=place.name, dry_run=how.dry_run)
    if made is not None:
        made.tell(receipt)
    before = place.before(how.into, how.progress) if how.check or how.dry_run else None
    if before is not None and before.counts:
        receipt.fingerprint_before = before.sums.hex()
        if before.sums == findings.fingerprint:
            if not how.dry_run:
                place.tidy()
            return _already_there(receipt, before, header)
    tally = Tally()
    session = place.open(how.into, dry_run=how.dry_run)
    try:
        kept = _write(archive, findings, session, tally, header=header, how=how)
    except BaseException:
        session.writer.abort()
        raise
    receipt.dataset = kept.get("dataset")
    _count(receipt, tally, findings)
    _look_again(receipt, place, _expected(tally, findings, before, session), how)
    return receipt


def _write(
    archive: Archive,
    findings: Findings,
    session: Session,
    tally: Tally,
    *,
    header: dict[str, Any],
    how: How,
) -> dict[str, Any]:
    """Bring the archive into the open session; return the header that is kept."""
    kept = session.begin(_key(findings, how))
    system = kept.get("source_system", header["source_system"])
    writer = session.writer
    with Incoming(archive, findings, system) as incoming:
        session.expect(incoming)
        if isinstance(writer, GraphUpdater):
            load_into(incoming, writer, tally, how.progress, policy=how.policy, system=system)
        else:
            load_new(incoming, writer, tally, how.progress)
        header = united_header(kept, header)
        writer.finish(header, how.progress)
    return header


def _look_again(
    receipt: Receipt, place: Target, expected: FingerprintSums | None, how: How
) -> None:
    """Read what the target holds now, and hold it against what it must have."""
    after = place.after(how.into, how.progress) if how.check else None
    if after is not None:
        receipt.counts = dict(after.counts)
        receipt.fingerprint = after.sums.hex()
        receipt.verified = None if expected is None else after.sums == expected
        if receipt.verified is False:
            receipt.losses["store.differs"] = 1
    elif expected is not None:
        receipt.fingerprint = expected.hex()


def _already_there(receipt: Receipt, before: Holdings, header: dict[str, Any]) -> Receipt:
    """Say that the store holds just this graph, which its own fingerprint proves."""
    receipt.counts = dict(before.counts)
    receipt.actions = {
        kind: {"accepted": count, Action.UNCHANGED: count} for kind, count in receipt.counts.items()
    }
    receipt.fingerprint = before.sums.hex()
    receipt.verified = True
    receipt.dataset = header.get("dataset")
    receipt.notes.append("The store holds just this graph already; nothing was written.")
    return receipt


def _count(receipt: Receipt, tally: Tally, findings: Findings) -> None:
    for kind, counts in tally.actions.items():
        done = {str(action): counts[action] for action in Action if counts[action]}
        receipt.actions[kind] = {"accepted": sum(done.values())} | done
    receipt.counts = {kind: counts["accepted"] for kind, counts in receipt.actions.items()}
    receipt.stubs = tally.stubs
    receipt.examples |= dict(tally.examples)
    receipt.overwritten = dict(sorted(tally.overwritten.items()))
    dropped = findings.log.totals["record.duplicate-id"]
    if dropped:
        receipt.losses["record.duplicate-id"] = dropped


def _expected(
    tally: Tally, findings: Findings, before: Holdings | None, session: Session
) -> FingerprintSums | None:
    """Return the sums that the dataset must have now, None if they cannot be told."""
    if isinstance(session.writer, GraphUpdater):
        if before is None and not session.was_vacant:
            return None
        sums = FingerprintSums()
        if before is not None:
            sums.join(before.sums)
        sums.join(tally.sums)
        return sums
    return None if findings.log.totals["record.duplicate-id"] else findings.fingerprint


def _key(findings: Findings, how: How) -> str:
    """Return what names this import, the same for every try: what comes in, and how."""
    digests = {name: member.sha256 for name, member in sorted(findings.members.items())}
    asked = [digests, how.policy, how.into]
    return hashlib.sha256(encode({"import": asked})).hexdigest()
