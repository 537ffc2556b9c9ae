"""Knows how an archive becomes a graph: prove it first, load it second, look at it third."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cogx.archive.reader import Source
from cogx.archive.validate import Findings
from cogx.engine.arrival import How, bring
from cogx.engine.deriving import DEFAULT, Deriving
from cogx.engine.proven import proven
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.resolving import Resolving
from cogx.engine.rewriting import Rewriting
from cogx.engine.stages import Rewritten, rewritten
from cogx.engine.targets import target_of
from cogx.errors import EmptyGraph, InvalidArchive, UnknownMode, UnknownName
from cogx.format.layout import GRAPH_KINDS, KINDS
from cogx.graph.reconcile import POLICIES
from cogx.limits import Limits
from cogx.ports import Deriver, GraphWriter, RecordSource
from cogx.problems import CODES, Severity
from cogx.progress import SILENT, Progress

if TYPE_CHECKING:
    from cogx.graph_schema.model import GraphSchema

NOT_GRAPH: Final = frozenset({"member.secret", "member.unknown", "member.leftover"})
"""What stands beside a graph in an archive: no graph store holds it, and none is asked to."""

MODES: Final = ("preserve", "hybrid", "re-derive")


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
    resolve: str | os.PathLike[str] | None = None,
    auto_above: float | None = None,
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
        resolve: a review of this archive, carried out before all else, as by
            :func:`cogx.engine.resolution.resolve_archive`. Where entities that become one differ,
            ``on_conflict`` ``fail`` ends the import, and every other keeps both values.
        auto_above: merge undecided pairs of at least this score, of the review or without one.
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
        resolving=Resolving.of(resolve, auto_above, "fail" if on_conflict == "fail" else "merge"),
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
    how = How(on_conflict, into, dry_run, check and not dry_run, progress)
    with proven(source, lenient=lenient, limits=limits, progress=progress) as (archive, findings):
        if strict and findings.log.warnings():
            _refuse_warnings(findings)
        if not findings.counts.total() and not allow_empty:
            raise EmptyGraph(
                f"{findings.name} holds no record, so there is nothing to import. "
                "Check which dataset was exported, or pass --allow-empty."
            )
        place = target_of(target)
        if rewriting.changes_nothing:
            receipt = bring(archive, findings, None, place, how)
        else:
            with (
                rewritten(archive, rewriting, progress) as made,
                proven(made.path, lenient=lenient, limits=Limits.none(), progress=progress) as (
                    other,
                    found,
                ),
            ):
                if not found.counts.total() and not allow_empty:
                    raise EmptyGraph(_nothing_chosen(made))
                receipt = bring(other, found, made, place, how)
                receipt.id_map = made.stages.write_id_map()
    receipt.source, receipt.mode = findings.name, mode
    if mode == "re-derive":
        receipt.left_out |= {kind: findings.counts[kind] for kind in KINDS if kind in GRAPH_KINDS}
    _tell_findings(receipt, findings)
    receipt.usage = meter.usage()
    return receipt


def _nothing_chosen(made: Rewritten) -> str:
    asked = made.stages.selection
    chosen = f"Nothing is {asked}" if asked else "Nothing came out of the texts"
    return f"{chosen}, so there is nothing to import. Ask for more, or pass --allow-empty."


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
