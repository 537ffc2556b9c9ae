"""What becomes of a push when the network fails: one import, or an error that tells the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cogx.errors import RemoteError, RemoteGarbled, RemoteRefused, RemoteUnavailable, RunFailed
from cogx.remote.runs import wait
from cogx.remote.server import TRIES, Server
from cogx.remote.upload import Imported, imported, upload_archive
from tests.unit.remote.archives import write_archive
from tests.unit.remote.cognee_like import Answer, CogneeLike
from tests.unit.remote.proxy import Fault, How, Proxy

RUNS = "/api/v1/activity/pipeline-runs"
OFFSETS = 50
"""In the request, and as many in the answer."""
SOUND = Fault()
CUTS = ["close", "reset", "half-close"]


@dataclass
class Outcome:
    """What the client was told, and what the server did."""

    done: Imported | None
    error: RemoteError | None
    imports: int
    request_bytes: int
    answer_bytes: int
    connections: int

    def check(self) -> None:
        """Prove that the client was told the truth, and that nothing was done twice."""
        assert self.imports <= 1
        if self.error is None:
            assert self.done is not None
            assert self.done.finished
            assert self.imports == 1
        elif self.error.context["may_have_happened"]:
            assert "may have happened" in str(self.error)
            assert "cogx status" in str(self.error)
        else:
            # A server that takes half of the headers for all of them refuses what it then sees.
            refused = isinstance(self.error, RemoteRefused)
            assert refused or "cannot have imported" in str(self.error)
            assert self.imports == 0


def push(
    cognee: CogneeLike,
    path: Path,
    fault: Fault = SOUND,
    *,
    faulty: int = TRIES,
    silence_s: float = 20.0,
) -> Outcome:
    """Send an archive over a bad network, and wait until the server has done all it will do."""
    before, served = cognee.imports, cognee.served
    done = error = None
    with Proxy(cognee.port, fault, faulty=faulty) as proxy:
        with Server(proxy.url, "s3cret") as server:
            try:
                answer = upload_archive(
                    server, path, dataset="kb", mode="preserve", silence_s=silence_s
                )
                done = imported(answer)
            except RemoteError as caught:
                error = caught
        proxy.close()
        cognee.settle(served + proxy.opened)
        outcome = Outcome(
            done,
            error,
            cognee.imports - before,
            proxy.request_bytes,
            proxy.answer_bytes,
            proxy.opened,
        )
    outcome.check()
    return outcome


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("faults") / "people.cogx.tar.gz")


@pytest.fixture(scope="module")
def whole(archive: Path) -> Outcome:
    """Return an upload that nothing disturbs."""
    with CogneeLike(key="s3cret") as cognee:
        return push(cognee, archive)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that no buffer between client and server takes whole."""
    path = tmp_path_factory.mktemp("large") / "zeros.cogx.tar.gz"
    with path.open("wb") as file:
        file.truncate(48 << 20)
    return path


def spread(size: int, number: int = OFFSETS) -> list[int]:
    """Return offsets over all of it, the first and the last bytes among them."""
    return sorted({*range(0, size, size // (number - 4)), 1, size - 2, size - 1, size})


def test_nothing_happens_on_a_good_network(whole: Outcome) -> None:
    assert whole.done is not None
    assert whole.connections == 1


# Cuts


@pytest.mark.parametrize("how", CUTS)
def test_a_request_cut_anywhere_is_no_import(
    cognee: CogneeLike, archive: Path, whole: Outcome, how: How
) -> None:
    offsets = spread(whole.request_bytes)
    assert len(offsets) >= OFFSETS
    for offset in offsets[:-1]:
        outcome = push(cognee, archive, Fault(request_at=offset, how=how))
        assert (outcome.done, outcome.imports) == (None, 0), offset


@pytest.mark.parametrize("how", CUTS)
def test_a_cut_behind_the_request_is_one_import_whatever_is_told(
    cognee: CogneeLike, archive: Path, whole: Outcome, how: How
) -> None:
    outcome = push(cognee, archive, Fault(request_at=whole.request_bytes, how=how))
    assert outcome.imports == 1


@pytest.mark.parametrize("how", CUTS)
def test_an_answer_cut_anywhere_is_one_import_that_may_have_happened(
    cognee: CogneeLike, archive: Path, whole: Outcome, how: How
) -> None:
    offsets = spread(whole.answer_bytes)
    assert len(offsets) >= OFFSETS
    for offset in offsets[:-1]:
        outcome = push(cognee, archive, Fault(answer_at=offset, how=how))
        assert outcome.error is not None, offset
        assert outcome.error.context["may_have_happened"] is True
        assert (outcome.imports, outcome.connections) == (1, 1), offset


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("offset", [0, 1, 1000, 1 << 20])
def test_a_large_upload_cut_under_way_cannot_have_been_imported(
    cognee: CogneeLike, large: Path, how: How, offset: int
) -> None:
    outcome = push(cognee, large, Fault(request_at=offset, how=how))
    assert outcome.error is not None
    assert outcome.error.context["may_have_happened"] is False


def test_a_connection_cut_before_the_first_byte_is_made_again(
    cognee: CogneeLike, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Server] = []
    whole_post = Server.post_bytes

    def post(self: Server, *args: object, **more: object) -> object:
        tries.append(self)
        if len(tries) == 1:
            raise RemoteUnavailable("cut while the connection was made")
        return whole_post(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Server, "post_bytes", post)
    assert push(cognee, archive).imports == 1
    assert len(tries) == 2


# Stalls and slow links


def test_a_server_that_hears_but_does_not_answer_is_left(cognee: CogneeLike, archive: Path) -> None:
    outcome = push(cognee, archive, Fault(answer_at=0, how="stall"), silence_s=0.2)
    assert isinstance(outcome.error, RemoteUnavailable)
    assert (outcome.imports, outcome.connections) == (1, 1)


def test_a_request_that_gets_stuck_is_left(
    cognee: CogneeLike, archive: Path, whole: Outcome
) -> None:
    for offset in (0, whole.request_bytes // 2, whole.request_bytes - 1):
        outcome = push(cognee, archive, Fault(request_at=offset, how="stall"), silence_s=0.2)
        assert isinstance(outcome.error, RemoteUnavailable)
        assert (outcome.imports, outcome.connections) == (0, 1)


def test_an_answer_that_gets_stuck_is_left(
    cognee: CogneeLike, archive: Path, whole: Outcome
) -> None:
    for offset in (whole.answer_bytes // 2, whole.answer_bytes - 1):
        outcome = push(cognee, archive, Fault(answer_at=offset, how="stall"), silence_s=0.2)
        assert isinstance(outcome.error, RemoteUnavailable)
        assert outcome.imports == 1


def test_a_large_upload_that_gets_stuck_cannot_have_been_imported(
    cognee: CogneeLike, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogx.remote.upload.STALL_S", 0.2)
    outcome = push(cognee, large, Fault(request_at=1 << 20, how="stall"))
    assert isinstance(outcome.error, RemoteUnavailable)
    assert outcome.error.context["may_have_happened"] is False


@pytest.mark.parametrize("bite", [1, 7, 1000])
def test_a_slow_link_is_an_import(cognee: CogneeLike, archive: Path, bite: int) -> None:
    assert push(cognee, archive, Fault(bite=bite)).done is not None


# Answers that are spoiled after the import


def endless() -> Iterator[bytes]:
    for _ in range(1 << 10):
        yield b" " * (1 << 20)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
        Answer(503, {"detail": "draining"}),
        Answer(504, b""),
        Answer(200, b'{"status": "completed", "items": [{"kind": "migr'),
        Answer(200, {"status": "completed"}, length=10),
        Answer(200, {"status": "completed"}, length=10_000),
        Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}),
        Answer(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}),
        Answer(200, b"5\r\n{\"a\"", {"Transfer-Encoding": "chunked"}),
        Answer(200, b"what is that", {"Transfer-Encoding": "chunked"}),
        Answer(204, b""),
        Answer(200, parts=endless(), length=1 << 30),
    ],
    ids=["502", "503", "504", "cut", "short", "long", "html", "gzip", "chunk cut", "no chunk",
         "empty", "a gibibyte"],
)  # fmt: skip
def test_a_spoiled_answer_is_one_import_that_may_have_happened(
    cognee: CogneeLike, archive: Path, answer: Answer
) -> None:
    cognee.spoiled = answer
    outcome = push(cognee, archive)
    assert outcome.error is not None
    assert outcome.error.context["may_have_happened"] is True
    assert (outcome.imports, outcome.connections) == (1, 1)


# Waiting for a run


@pytest.fixture
def run_id(cognee: CogneeLike, archive: Path) -> str:
    with Server(cognee.url, "s3cret") as server:
        answer = upload_archive(
            server, archive, dataset="kb", mode="hybrid", background=True, silence_s=20
        )
    found = imported(answer).pipeline_run_id
    assert found is not None
    return found


@pytest.mark.parametrize("how", CUTS)
def test_a_run_is_waited_for_over_a_bad_network(cognee: CogneeLike, run_id: str, how: How) -> None:
    for offset in spread(2000, 15):
        with (
            Proxy(cognee.port, Fault(answer_at=offset, how=how), faulty=6) as proxy,
            Server(proxy.url, "s3cret") as server,
        ):
            assert wait(server, run_id, dataset="kb", poll_s=0, timeout_s=60).is_done


def test_a_run_that_failed_is_never_done_over_a_bad_network(cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "ERRORED")
    for offset in spread(2000, 15):
        with (
            Proxy(cognee.port, Fault(answer_at=offset), faulty=6) as proxy,
            Server(proxy.url, "s3cret") as server,
            pytest.raises(RunFailed),
        ):
            wait(server, "r", dataset="kb", poll_s=0, timeout_s=60)


def test_a_network_that_stays_bad_is_told_and_is_no_end(cognee: CogneeLike, run_id: str) -> None:
    with (
        Proxy(cognee.port, Fault(answer_at=10)) as proxy,
        Server(proxy.url, "s3cret") as server,
        pytest.raises(RemoteUnavailable, match="may go on"),
    ):
        wait(server, run_id, dataset="kb", poll_s=0, timeout_s=60)


def test_a_gibibyte_of_runs_is_not_held(cognee: CogneeLike, run_id: str) -> None:
    pages = [Answer(parts=endless(), length=1 << 30) for _ in range(14)]
    cognee.can(RUNS, *pages)
    with Server(cognee.url, "s3cret") as server, pytest.raises(RemoteGarbled, match="longer than"):
        wait(server, run_id, dataset="kb", poll_s=0, timeout_s=60)
