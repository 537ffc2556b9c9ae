"""The routes by which a server gives a dataset out, and files that go on where they were cut."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.errors import (
    BadSetting,
    NoSpace,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
    UnknownName,
)
from cogx.remote import dataset
from cogx.remote.dataset import RemoteDataset, find_dataset, refuse_text, speaks_cogx
from cogx.remote.download import Downloaded, download
from cogx.remote.server import TRIES, Server
from tests.unit.remote.giving import DATASET, KEY, ROOT, Giving, dataset_row, uid
from tests.unit.remote.proxy import Fault, Proxy

DEEP: Any = json.loads("[" * 60 + "]" * 60)
CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)


@pytest.fixture
def giving() -> Iterator[Giving]:
    with Giving() as server:
        yield server


@pytest.fixture
def server(giving: Giving) -> Iterator[Server]:
    with Server(giving.url, KEY) as connection:
        yield connection


@pytest.fixture
def kb(server: Server) -> RemoteDataset:
    return RemoteDataset(server, DATASET, "kb")


# Datasets


@pytest.mark.parametrize("wanted", ["kb", DATASET, DATASET.upper(), DATASET.replace("-", "")])
def test_a_dataset_is_found_by_name_or_uuid(server: Server, wanted: str) -> None:
    found = find_dataset(server, wanted)
    assert (found.id, found.name) == (DATASET, "kb")


def test_an_unknown_name_is_told_with_the_known_ones(giving: Giving, server: Server) -> None:
    giving.datasets.append(dataset_row("other", uid("other")))
    with pytest.raises(UnknownName, match=r"Unknown dataset on .*: kb, other"):
        find_dataset(server, "kb2")


def test_of_many_known_names_some_are_told(giving: Giving, server: Server) -> None:
    giving.datasets = [dataset_row(f"d{n}", uid(f"d{n}")) for n in range(100)]
    with pytest.raises(UnknownName, match="and 60 more"):
        find_dataset(server, "kb")


def test_a_name_that_means_several_is_told_with_their_ids(giving: Giving, server: Server) -> None:
    giving.datasets.append(dataset_row("kb", uid("shared")))
    with pytest.raises(BadSetting, match=f"2 datasets .*{DATASET}, {uid('shared')}"):
        find_dataset(server, "kb")
    assert find_dataset(server, uid("shared")).id == uid("shared")


def test_a_wrong_key_is_told_as_such(giving: Giving) -> None:
    with (
        Server(giving.url, "wrong") as stranger,
        pytest.raises(RemoteRefused, match="take the key"),
    ):
        find_dataset(stranger, "kb")


@pytest.mark.parametrize("row", [5, {"id": 5, "name": "kb"}, {"id": DATASET}, {"name": "kb"}])
def test_datasets_without_id_and_name_are_refused(giving: Giving, server: Server, row: Any) -> None:
    giving.datasets = [row]
    with pytest.raises(RemoteGarbled, match=r"\[0\]"):
        find_dataset(server, "kb")


def test_a_cognee_does_not_speak_cogx_and_a_cogx_server_does(
    giving: Giving, server: Server
) -> None:
    assert not speaks_cogx(server)
    giving.is_cogx = True
    assert speaks_cogx(server)


def test_trouble_is_not_taken_for_a_cognee(giving: Giving, server: Server) -> None:
    giving.says["/api/v1/cogx/capabilities"].append((500, {}))
    with pytest.raises(RemoteRefused):
        speaks_cogx(server)


# Files


def listed(kb: RemoteDataset) -> list[str]:
    return [row["id"] for page in kb.iter_pages() for row in page]


@pytest.mark.parametrize("number", [0, 1, 9, 10, 11, 20, 25])
def test_files_are_listed_page_by_page(
    giving: Giving, kb: RemoteDataset, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(dataset, "PAGE", 10)
    names = [giving.add_file(f"{n}.txt", b"") for n in range(number)]
    assert listed(kb) == names
    assert len(giving.asked_for(f"{ROOT}/data")) == number // 10 + 1
    assert kb.count_files() == number


@pytest.mark.parametrize("number", [9, 10, 25])
def test_a_server_that_knows_no_pages_is_seen_through(
    giving: Giving, kb: RemoteDataset, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(dataset, "PAGE", 10)
    giving.pages = False
    names = [giving.add_file(f"{n}.txt", b"") for n in range(number)]
    assert listed(kb) == names


@pytest.mark.parametrize("rows", [{}, [5], [{"name": "x"}], [{"id": 7}], [{"id": ""}]])
def test_lists_that_are_none_are_refused(giving: Giving, kb: RemoteDataset, rows: Any) -> None:
    giving.says[f"{ROOT}/data"].append((200, rows))
    with pytest.raises(RemoteGarbled):
        listed(kb)


@pytest.mark.parametrize("value", ["\ud800", float("nan")])
def test_rows_that_no_json_can_say_are_refused(
    giving: Giving, kb: RemoteDataset, value: Any
) -> None:
    giving.says[f"{ROOT}/data"].append((200, [{"id": "a", "label": value}]))
    with pytest.raises(RemoteGarbled, match=r"\[0\]"):
        listed(kb)


def test_older_servers_lack_some_routes(giving: Giving, kb: RemoteDataset) -> None:
    for tail in ("schema", "data/count"):
        giving.says[f"{ROOT}/{tail}"].append((404, {"detail": "Not Found"}))
    assert kb.schema() == {}
    assert kb.count_files() is None


def test_a_schema_comes_without_what_is_null(giving: Giving, kb: RemoteDataset) -> None:
    giving.schema = {"graph_schema": {"title": "Team"}}
    assert kb.schema() == {"graph_schema": {"title": "Team"}}


@pytest.mark.parametrize("told", [[], {"a": float("inf")}, {"a": DEEP}])
def test_a_schema_that_cannot_be_kept_is_refused(
    giving: Giving, kb: RemoteDataset, told: Any
) -> None:
    giving.says[f"{ROOT}/schema"].append((200, told))
    with pytest.raises(RemoteGarbled):
        kb.schema()


def test_the_graph_is_what_it_says_whatever_its_type(giving: Giving, kb: RemoteDataset) -> None:
    giving.types[f"{ROOT}/graph"] = "text/html; charset=utf-8"
    giving.graph = b'{"nodes":[],"edges":[]}'
    with kb.graph() as chunks:
        assert b"".join(chunks) == giving.graph


def test_a_report_in_place_of_an_archive_is_refused(giving: Giving, server: Server) -> None:
    giving.types[f"/api/v1/activity/export/{DATASET}"] = "text/markdown; charset=utf-8"
    giving.archive = b"# Dataset: kb"
    path = RemoteDataset(server, DATASET, "kb").export_path
    with server.stream(path) as answer, pytest.raises(RemoteGarbled, match="text/markdown"):
        refuse_text(answer)


# Downloads


@pytest.fixture
def raw(giving: Giving) -> str:
    return giving.raw(giving.add_file("a.bin", CONTENT))


def whole(target: Path) -> Downloaded:
    assert target.read_bytes() == CONTENT
    return Downloaded(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_a_file_comes_whole(server: Server, raw: str, tmp_path: Path) -> None:
    heard: list[int] = []
    target = tmp_path / "file"
    assert download(server, raw, target, advance=heard.append) == whole(target)
    assert sum(heard) == len(CONTENT)


def test_an_empty_file_is_a_file(giving: Giving, server: Server, tmp_path: Path) -> None:
    raw = giving.raw(giving.add_file("empty.txt", b""))
    assert download(server, raw, tmp_path / "file").size_bytes == 0


def test_a_cut_file_goes_on_where_it_was_cut(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    giving.cuts[raw] += [100, 0, 2000, 0, 0, 1]
    target = tmp_path / "file"
    assert download(server, raw, target) == whole(target)
    starts = [one.headers.get("range") for one in giving.asked_for(raw)]
    later = ["bytes=100-"] * 2 + ["bytes=2100-"] * 3 + ["bytes=2101-"]
    assert starts == [None, *later]


def test_a_server_without_ranges_gives_the_file_anew(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    giving.ranges = False
    giving.cuts[raw] += [100, 2000]
    target = tmp_path / "file"
    assert download(server, raw, target) == whole(target)
    assert [one.headers.get("range") for one in giving.asked_for(raw)] == [None] * 3


def test_a_file_that_changed_meanwhile_begins_anew(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    heard: list[str | None] = []
    target = tmp_path / "file"
    target.write_bytes(b"old bytes")
    assert download(server, raw, target, validator='"old"', began=heard.append) == whole(target)
    assert heard == [f'"{hashlib.md5(CONTENT).hexdigest()}"']


def test_more_than_the_file_holds_begins_anew(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    target.write_bytes(CONTENT + b"more")
    tag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert download(server, raw, target, validator=tag) == whole(target)
    assert [one.headers.get("range") for one in giving.asked_for(raw)] == [
        f"bytes={len(CONTENT) + 4}-",
        None,
    ]


def test_bytes_without_a_validator_are_not_trusted(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"whatever")
    assert download(server, raw, target) == whole(target)


def test_a_server_that_gives_nothing_is_given_up(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    giving.cuts[raw] += [0] * 10
    with pytest.raises(RemoteUnavailable):
        download(server, raw, tmp_path / "file")
    assert len(giving.asked_for(raw)) == TRIES


def test_what_passes_is_tried_again_and_a_refusal_is_not(
    giving: Giving, server: Server, raw: str, tmp_path: Path
) -> None:
    giving.says[raw] += [(503, {}), (429, {})]
    assert download(server, raw, tmp_path / "file") == whole(tmp_path / "file")
    giving.says[raw] += [(500, {"detail": "broken"})]
    with pytest.raises(RemoteRefused, match="broken"):
        download(server, raw, tmp_path / "file")


def test_a_full_disk_is_told(server: Server, raw: str, tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="absent"):
        download(server, raw, tmp_path / "absent" / "file")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_breaks_at_any_byte_end_in_the_whole_file(
    giving: Giving, raw: str, tmp_path: Path, how: Any
) -> None:
    for number, at in enumerate(range(0, len(CONTENT), 1500)):
        target = tmp_path / f"{how}{number}"
        with (
            Proxy(giving.port, Fault(answer_at=at, how=how), faulty=2) as proxy,
            Server(proxy.url, KEY) as through,
        ):
            assert download(through, raw, target) == whole(target)
