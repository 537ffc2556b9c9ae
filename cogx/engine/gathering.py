"""Knows how all that a cognee shows of a dataset is fetched, and counts what could not be had.

Never writes an archive. The graph comes in one answer and is asked for anew each time; files are
fetched one by one, and those that are here already are not fetched again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from cogx.engine.graph_spool import GraphSpool
from cogx.engine.pull_site import PulledFile, PullSite
from cogx.errors import RemoteError, RemoteRefused, RemoteUnavailable
from cogx.progress import Progress
from cogx.remote.dataset import RemoteDataset
from cogx.remote.download import download, patience
from cogx.remote.graph_answer import GraphAnswer
from cogx.remote.server import passes

MOST_NAMED: Final = 1000
"""Failures that are named one by one; all are counted."""
_NO_KEY: Final = 401


@dataclass(slots=True)
class Found:
    """What was received and what was not.

    ``received`` counts nodes, edges and files; ``losses`` what the server has and did not give, by
    code; ``failed`` names files with the reason, ``lacks`` says in words what is missing.
    """

    received: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lose(self, code: str, number: int, what: str) -> None:
        """Count something that is missing, and say so in words."""
        self.losses[code] = self.losses.get(code, 0) + number
        self.lacks.append(what)


class Gathering:
    """Fetches one dataset into a spool and a site, once.

    Args:
        partial: go on with the next step where one breaks off; else the error is raised.
        silence_s: how long the server may say nothing before it begins with the graph.
    """

    def __init__(
        self,
        remote: RemoteDataset,
        site: PullSite,
        spool: GraphSpool,
        *,
        partial: bool,
        silence_s: float,
        progress: Progress,
    ) -> None:
        self.found = Found()
        self._remote = remote
        self._site = site
        self._spool = spool
        self._partial = partial
        self._silence_s = silence_s
        self._progress = progress

    def run(self, *, with_files: bool) -> dict[str, Any]:
        """Fetch all, and return the dataset's schema, {} if there is none."""
        schema = self._schema()
        if not with_files:
            left_out = self._remote.count_files()
            if left_out:
                self.found.left_out["document"] = left_out
            self._graph()
            return schema
        self._list_files()
        self._graph()
        self._files()
        return schema

    def _schema(self) -> dict[str, Any]:
        try:
            return self._remote.schema()
        except RemoteError as error:
            self._break(error, "pull.schema", 1, "without the dataset's schema")
            return {}

    def _list_files(self) -> None:
        """Note which files there are. Asked again once if the server counts more than it listed."""
        self._site.begin_list()
        listed, told, whole = 0, None, True
        self._progress.begin("list files", total=None, unit="files")
        try:
            for _ in range(2):
                for page in self._remote.iter_pages():
                    new = self._site.take(page)
                    listed += new
                    self._progress.advance(new)
                told = self._remote.count_files()
                if told is None or told <= listed:
                    break
        except RemoteError as error:
            whole = False
            self._break(error, "pull.files-unlisted", 1, "the list of files was cut")
        self._progress.end()
        self._site.end_list(whole=whole, progress=self._progress)
        if told is not None and told > listed:
            missing = told - listed
            self.found.lose(
                "pull.files-unlisted", missing, f"{missing:,} files are counted and not listed"
            )

    def _graph(self) -> None:
        """Fetch nodes and edges; begun anew if the connection breaks."""
        answer = self._try_graph()
        self._spool.seal()
        received = self.found.received
        received["nodes"], received["edges"] = answer.nodes, answer.edges
        again, other = self._spool.repeated_nodes()
        if again - other:
            self.found.warnings["pull.repeated-nodes"] = again - other
        if other:
            self.found.lose("pull.repeated-nodes", other, f"{other:,} nodes came twice, differing")
        if answer.half_pairs:
            self.found.losses["pull.half-pairs"] = answer.half_pairs

    def _files(self) -> None:
        """Fetch the files that are not here yet."""
        before = self._site.standing()
        total = sum(_told_size(file) for file in self._site.iter_wanted())
        self._progress.begin("fetch files", total=total or None, unit="bytes")
        for file in self._site.iter_wanted():
            if not self._fetch(file):
                break
        self._progress.end()
        self._account(before.whole)

    def _try_graph(self) -> GraphAnswer:
        server, path = self._remote.server, self._remote.graph_path
        fruitless = 0
        while True:
            answer = GraphAnswer(f"{server.url}{path}")
            self._spool.clear()
            self._progress.begin("fetch graph", total=None, unit="bytes")
            try:
                with self._remote.graph(silence_s=self._silence_s) as chunks:
                    for batch in answer.iter_batches(self._counted(chunks)):
                        if batch[0] == "nodes":
                            self._spool.add_nodes(batch[1])
                        else:
                            self._spool.add_edges(batch[1])
                return answer
            except RemoteError as error:
                fruitless += 1
                try:
                    if not passes(error):
                        raise
                    patience(error, fruitless)
                except RemoteError as last:
                    read = f"{answer.nodes:,} nodes and {answer.edges:,} edges"
                    self._break(last, "pull.graph", 1, f"the graph was cut after {read}")
                    return answer
            finally:
                self._progress.end()

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._progress.advance(len(chunk))

    def _fetch(self, file: PulledFile) -> bool:
        """Fetch a file or note why not; False if it is no use to ask for others."""
        try:
            got = download(
                self._remote.server,
                self._remote.file_path(file.id),
                file.path,
                validator=file.validator,
                began=partial(self._site.began, file),
                advance=self._progress.advance,
            )
        except RemoteError as error:
            if _is_end(error):
                self._break(error, "pull.interrupted", 1, "the connection was lost")
                return False
            file.path.unlink(missing_ok=True)
            self._site.failed(file, str(error))
            return True
        self._site.done(file, got.size_bytes, got.sha256)
        return True

    def _account(self, before: int) -> None:
        """Hold what is here against what was listed."""
        now = self._site.standing()
        missing = now.listed - now.whole
        self.found.received |= {
            "files listed": now.listed,
            "files fetched": now.whole - before,
            "files kept from before": before,
            "files missing": missing,
            "bytes": now.size_bytes,
        }
        if missing:
            text = f"{missing:,} of {now.listed:,} files have no content here"
            self.found.lose("pull.files", missing, text)
        for file in self._site.iter_failed():
            if len(self.found.failed) >= MOST_NAMED:
                break
            name = file.told.get("name")
            named = f"{name} ({file.id})" if isinstance(name, str) and name else file.id
            self.found.failed.append(f"{named}: {file.reason}")

    def _break(self, error: RemoteError, code: str, number: int, what: str) -> None:
        """Raise, or note what is missing and let the next step come."""
        if not self._partial:
            raise error
        self.found.lose(code, number, what)
        self.found.notes.append(str(error))


def _told_size(file: PulledFile) -> int:
    size = file.told.get("dataSize", file.told.get("data_size"))
    return size if isinstance(size, int) and size > 0 else 0


def _is_end(error: RemoteError) -> bool:
    """Tell whether the trouble is not with one file."""
    if isinstance(error, RemoteUnavailable):
        return True
    return isinstance(error, RemoteRefused) and (passes(error) or error.status == _NO_KEY)
