"""Knows how an archive becomes a graph: prove it first, load it second, look at it third."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Archive, Source, archive_in
from cogx.archive.validate import Findings, validate_container
from cogx.codec.canonical import encode
from cogx.codec.fingerprint import FingerprintSums
from cogx.container import open_container
from cogx.engine.deriving import DEFAULT, Deriving
from cogx.engine.header import header_of, united_header
from cogx.engine.holdings import Holdings
from cogx.engine.incoming import Incoming
from cogx.engine.load import load_into, load_new
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.rewriting import Rewriting, Rewritten, rewritten
from cogx.engine.tally import Tally
from cogx.engine.targets import Session, Target, target_of
from cogx.errors import EmptyGraph, InvalidArchive, UnknownMode, UnknownName
from cogx.format.layout import GRAPH_KINDS, KINDS
from cogx.graph.reconcile import POLICIES, Action
from cogx.limits import Limits
from cogx.ports import Deriver, GraphUpdater, GraphWriter, RecordSource
from cogx.problems import CODES, Severity
from cogx.progress import SILENT, Progress

if TYPE_CHECKING:
    from cogx.graph_schema.model import GraphSchema

NOT_GRAPH: Final = frozenset({"member.secret", "member.unknown", "member.leftover"})
"""What stands beside a graph in an archive: no graph store holds it, and none is asked to."""

MODES: Final = ("preserve", "hybrid", "re-derive")


@dataclass(frozen=True, slots=True)
class _How:
    """What the caller asked for, beyond what is read and where it goes."""

    policy: str
    into: str | None
    dry_run: bool
    check: bool
    rewriting: Rewriting
    progress: Progress


def import_archive(
    source: Source,
    target: str | GraphWriter,
    *,
    mode: str = "preserve",
    on_conflict: str = "merge",
    into: str | None = None,
    only: Sequence[str] = (),
    as_of: str | None = None,
    map_predicate: Sequence[str] = (),
    remap_scope: Sequence[str] = (),
    identity: str = "id",
    deriver: str | Deriver = DEFAULT,
    passage_tokens: int | None = None,
    overlap_tokens: int | None = None,
    lexical_graph: bool = True,
    schema: GraphSchema | None = None,
    known: RecordSource | None = None,
    cache: bool = True,
    keep_facts_as_text: bool = False,
    id_map: str | None = None,
    portable: bool = False,
    restore_ids: str | None = None,
    dry_run: bool = False,
    check: bool = True,
    lenient: frozenset[str] = frozenset(),
    strict: bool = False,
    limits: Limits | None = None,
    allow_empty: bool = False,
    progress: Progress = SILENT,
) -> Receipt:
    """Import an archive into a graph store: all of it, or nothing.

    The whole archive is validated before the store is touched, then read a second time; a
    member that changed in between is noticed by its digest. A store that holds a graph already
    takes the archive in beside it: records are brought together by their ids. Importing the same
    archive again changes nothing.

    Args:
        source: as for :func:`cogx.archive.reader.open_archive`.
        target: a store URI; or any object with the methods of GraphWriter (a new graph) or of
            GraphUpdater; or a graph of networkx.
        mode: ``preserve`` (the graph as it is), ``hybrid`` (that, and what can be derived from the
            raw content), ``re-derive`` (the raw content, and what can be derived from it).
        on_conflict: what becomes of a record that is there with another content: ``merge`` (both
            united, see :mod:`cogx.graph.reconcile`), ``skip``, ``replace``, or ``fail``.
        into: the name of the dataset; default the store's own.
        only, as_of: a selection, as :func:`cogx.transform.criteria.parse_criteria` reads it.
        map_predicate: ``OLD=NEW`` for facts.
        remap_scope: ``KEY=OLD:NEW``.
        identity: ``id`` (records are one if their ids are), ``cognee`` or ``folded`` (entities
            are one if their names are, by cognee's rule or a better one).
        deriver: what hybrid and re-derive use: the name of a deriver, or one.
        passage_tokens, overlap_tokens: the most of a passage (default 500), and how much of the
            text before it goes with it (default what the deriver wants); four characters each.
        lexical_graph: let the passages of longer texts be nodes, too.
        schema: keep out derived records that it does not allow.
        known: records whose names derivers are to know beside the archive's; see
            :class:`cogx.engine.deriving.Deriving`.
        cache: keep on disk what a language model says, and ask it nothing twice.
        keep_facts_as_text: in ``re-derive``, let what the graph says become documents to derive
            from, too.
        id_map: a file to write ids to that changed on the way, archive to store.
        portable: records of the ``cognee`` profile become what they were before.
        restore_ids: such a file, of the export that made this archive: that, and its ids come
            back.
        dry_run: change nothing; the receipt says what would be done.
        check: read the store afterwards, and hold it against what it must have.
        lenient: codes of errors that may pass; what they change is counted in the receipt.
        strict: warnings refuse the archive too.

    Raises:
        UnknownMode: ``mode`` is none of the three.
        BadSetting: nothing is at ``source``, or an option cannot be read.
        BudgetSpent: the deriver may spend no more; nothing is imported, and what it has derived
            is in the cache: the same call with a larger budget goes on from there.
        InvalidArchive: the archive breaks the specification; the store is untouched.
        EmptyGraph: the archive holds no record (or, to derive from, no content) and
            ``allow_empty`` is not set.
        IdentityConflict: a record differs and ``on_conflict`` is ``fail``; nothing is written.
        StoreError: the store does not take it; nothing is left in it, or its text says how to
            go on or back.
    Cost: two passes over the archive and one over the store (``check``), two if it held a graph;
    memory grows only by what the store holds of each node (Ladybug: 12 bytes, and about 40 in its
    key index), and by 8 bytes a record if a store is written anew that held a graph.
    """
    if mode not in MODES:
        raise UnknownMode(f"Unknown mode {mode!r}. Known: {', '.join(MODES)}.")
    if on_conflict not in POLICIES:
        raise UnknownName("conflict policy", on_conflict, POLICIES)
    rewriting = Rewriting.of(
        mode=mode,
        only=only,
        as_of=as_of,
        map_predicate=map_predicate,
        remap_scope=remap_scope,
        identity=identity,
        deriving=Deriving(
            deriver=deriver,
            passage_tokens=passage_tokens,
            overlap_tokens=overlap_tokens,
            lexical_graph=lexical_graph,
            schema=schema,
            known=known,
            cache=cache,
            keep_facts_as_text=keep_facts_as_text,
        ),
        allow_empty=allow_empty,
        id_map=id_map,
        portable=portable,
        restore_ids=restore_ids,
        rehearsal=dry_run,
    )
    meter = Meter()
    how = _How(on_conflict, into, dry_run, check and not dry_run, rewriting, progress)
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    with _proven(source, lenient, limits, progress) as (archive, findings):
        if strict and findings.log.warnings():
            _refuse_warnings(findings)
        if not findings.counts.total() and not allow_empty:
            raise EmptyGraph(
                f"{findings.name} holds no record, so there is nothing to import. "
                "Check which dataset was exported, or pass --allow-empty."
            )
        place = target_of(target)
        if rewriting.changes_nothing:
            receipt = _import(archive, findings, None, place, how)
        else:
            with (
                rewritten(archive, rewriting, progress) as made,
                _proven(made.path, lenient, Limits.none(), progress) as (other, found),
            ):
                if not found.counts.total() and not allow_empty:
                    raise EmptyGraph(_nothing_chosen(made))
                receipt = _import(other, found, made, place, how)
            receipt.id_map = None if dry_run else made.stages.write_id_map()
    receipt.source, receipt.mode = findings.name, mode
    if mode == "re-derive":
        receipt.left_out |= {kind: findings.counts[kind] for kind in KINDS if kind in GRAPH_KINDS}
    _tell_findings(receipt, findings)
    receipt.usage = meter.usage()
    return receipt


@contextmanager
def _proven(
    source: Source, lenient: frozenset[str], limits: Limits, progress: Progress
) -> Iterator[tuple[Archive, Findings]]:
    """Open an archive, judge it, and give it out with what was found, if it is valid."""
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        archive = archive_in(container, lenient=lenient, limits=limits)
        archive.trust(
            {name: member.sha256 for name, member in findings.members.items()},
            findings.counts,
            proving=bool(lenient) or "time.precision" in findings.log.totals,
        )
        yield archive, findings


def _import(
    archive: Archive, findings: Findings, made: Rewritten | None, place: Target, how: _How
) -> Receipt:
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
    how: _How,
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
    receipt: Receipt, place: Target, expected: FingerprintSums | None, how: _How
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


def _nothing_chosen(made: Rewritten) -> str:
    asked = made.stages.selection
    chosen = f"Nothing is {asked}" if asked else "Nothing came out of the texts"
    return f"{chosen}, so there is nothing to import. Ask for more, or pass --allow-empty."


def _key(findings: Findings, how: _How) -> str:
    """Return what names this import, the same for every try: what comes in, and how."""
    digests = {name: member.sha256 for name, member in sorted(findings.members.items())}
    asked = [digests, how.policy, how.into]
    return hashlib.sha256(encode({"import": asked})).hexdigest()


def _refuse_warnings(findings: Findings) -> None:
    raise InvalidArchive(
        f"{findings.name} has {findings.log.warnings():,} warnings, and --strict refuses them. "
        f"First: {findings.problems[0]}",
        findings.problems,
    )


def _tell_findings(receipt: Receipt, findings: Findings) -> None:
    totals = findings.log.totals
    errors = {code: n for code, n in totals.items() if CODES[code].severity is Severity.ERROR}
    dropped = {code: n for code, n in errors.items() if "left out" in CODES[code].lenient}
    receipt.losses |= dropped
    receipt.changes |= {code: n for code, n in errors.items() if code not in receipt.losses}
    receipt.declared |= {code: totals[code] for code in NOT_GRAPH if totals[code]}
    receipt.warnings |= {
        code: n for code, n in totals.items() if code not in NOT_GRAPH | errors.keys()
    }
    for code in receipt.losses:
        found = [str(problem) for problem in findings.problems if problem.code == code]
        if found:
            receipt.examples[code] = found[:5]
