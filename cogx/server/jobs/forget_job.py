"""Knows how a graph forgets one content record, and what came from it alone.

Stores of cogx only ever grow: the graph without it is made anew beside the old one, and takes its
place when it is whole. In memory is what is joined to the record, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from cogx.archive.writer import ArchiveWriter, exported_now
from cogx.engine.header import manifest_of
from cogx.engine.holdings import StoreRecords
from cogx.engine.import_ import import_archive
from cogx.engine.uris import open_reader
from cogx.errors import StoreRefused
from cogx.server import data
from cogx.server.datasets import counted
from cogx.server.index import Index, Link, current_index
from cogx.server.jobs.work import Work
from cogx.server.places import Places, remove_tree


def run(work: Work) -> dict[str, Any]:
    """Forget the record of a job's data item, or the graph if the job names none.

    A graph that does not hold the record stays as it is.
    """
    asked = work.job.payload
    if "data_id" not in asked:
        return _without_graph(work)
    if asked["record"] and work.places.has_store(work.dataset_id):
        with current_index(work.places, work.dataset_id) as index:
            gone = _gone(index, asked["record"])
        if gone.ids:
            _make_anew(work, gone)
    with current_index(work.places, work.dataset_id) as index:
        nodes, edges = index.counts()
    with work.database.write() as state:
        data.remove(state, work.dataset_id, asked["data_id"])
        counted(state, work.dataset_id, nodes, edges)
    work.places.file(work.dataset_id, asked["data_id"]).unlink(missing_ok=True)
    remove_tree(work.places.cache(work.dataset_id))
    return {"status": "success"}


def _without_graph(work: Work) -> dict[str, Any]:
    with work.database.write() as state:
        data.none_in_graph(state, work.dataset_id)
        counted(state, work.dataset_id, 0, 0)
    for path in work.places.graph_files(work.dataset_id):
        path.unlink(missing_ok=True)
    remove_tree(work.places.cache(work.dataset_id))
    return {"status": "success"}


class _Gone:
    """What a graph is to forget: nodes by id, and derived ones of which nothing else speaks."""

    def __init__(self, ids: set[str], perhaps: set[str]) -> None:
        self.ids = ids
        self.perhaps = perhaps

    def keeps(self, kind: str, record: Any) -> bool:
        """Tell whether a record stays."""
        if kind == "fact":
            from_it = bool(record.provenance) and set(record.provenance) <= self.ids
            ends = {record.subject_ref, record.object_ref}
            return not (from_it or ends & (self.ids | self.perhaps))
        if record.external_id in self.ids:
            return False
        return not (record.external_id in self.perhaps and _is_derived(kind, record))


def _gone(index: Index, record: str) -> _Gone:
    parts = [item.id for item in index.items_below(record)]
    passages = [
        link.source
        for link in index.links_of([record, *parts])
        if link.predicate == "part_of" and link.target in {record, *parts}
    ]
    ids = {record, *parts, *passages}
    links = index.links_of(sorted(ids))
    near = {end for link in links for end in (link.source, link.target)} - ids
    lonely = {
        one for one in near
        if all(_from_it(link, ids) for link in index.links_of([one]))
    }  # fmt: skip
    there = {item.id for item in index.items(sorted(ids))}
    return _Gone(ids if there else set(), lonely)


def _from_it(link: Link, ids: set[str]) -> bool:
    provenance = link.properties.get("provenance")
    said_by_it = isinstance(provenance, list) and bool(provenance) and set(provenance) <= ids
    return said_by_it or bool({link.source, link.target} & ids)


def _is_derived(kind: str, record: Any) -> bool:
    return kind == "entity" and "derived" in record.metadata


def _make_anew(work: Work, gone: _Gone) -> None:
    archive = work.directory
    left = archive / "left.tar"
    left.unlink(missing_ok=True)
    uri = work.places.store_uri(work.dataset_id)
    with closing(open_reader(uri)) as reader:
        records = StoreRecords(reader, work.progress)
        manifest = manifest_of(dict(reader.header()), exported_now())
        with ArchiveWriter(str(left), manifest=manifest) as writer:
            for kind, batch in _left(records, gone):
                writer.write_batch(kind, batch)
    beside = Places(archive, work.places.store)
    (archive / "datasets").mkdir(mode=0o700, exist_ok=True)
    made = beside.store_uri(work.dataset_id)
    receipt = import_archive(str(left), made, allow_empty=True, progress=work.progress)
    if receipt.losses:
        raise StoreRefused(
            f"The graph without it is not what it should be ({', '.join(receipt.losses)}), so it "
            "stays as it was and nothing was forgotten."
        )
    Path(made.partition(":")[2]).replace(uri.partition(":")[2])


def _left(records: StoreRecords, gone: _Gone) -> Iterator[tuple[str, Sequence[Any]]]:
    for kind, batch in records.iter_batches():
        kept = [record for record in batch if gone.keeps(kind, record)]
        if kept:
            yield kind, kept
