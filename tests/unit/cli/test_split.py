"""Splitting on the command line: what is said, and under which names the parts stand."""

from __future__ import annotations

from pathlib import Path

from .conftest import REAL, Call, Members, Put

SMALL = ("--max-total", "100KiB")


def test_parts_are_named_and_each_is_fine(call: Call) -> None:
    told = call("split", REAL, "parts/", *SMALL)
    assert told.code == 0
    parts = sorted(Path("parts").iterdir())
    assert [path.name for path in parts] == [
        f"real-small.part-{number}-of-2.cogx.tar.gz" for number in (1, 2)
    ]
    assert all(str(path) in told.out for path in parts)
    assert [call("validate", path).code for path in parts] == [0, 0]


def test_inspect_shows_which_part_it_is(call: Call) -> None:
    whole = call("inspect", REAL, "--json").json()["fingerprint"]
    call("split", REAL, "x", *SMALL)
    told = call("inspect", "x.part-2-of-2.cogx.tar.gz").out
    assert f"2 of 2 of the archive with the fingerprint graph {whole['graph'][:16]}" in told
    assert "selection" not in told


def test_the_result_is_told_as_json(call: Call) -> None:
    told = call("split", REAL, "x", *SMALL, "--json").json()
    assert len(told["parts"]) == 2
    assert told["counts"]["fact"] == sum(part["counts"]["fact"] for part in told["parts"])
    assert told["fingerprint"] == call("inspect", REAL, "--json").json()["fingerprint"]


def test_members_without_records_are_named(call: Call, put: Put, good: Members) -> None:
    told = call("split", put("source", good | {"permissions.json": b"{}"}), "x")
    assert "permissions.json holds no records and is in no part" in told.out + told.err


def test_a_size_that_is_none_is_wrong_usage(call: Call) -> None:
    assert call("split", REAL, "x", "--max-total", "many").code == 2


def test_what_cannot_be_split_so_finely_is_wrong_usage(call: Call) -> None:
    told = call("split", REAL, "x", "--max-member", "100")
    assert told.code == 2
    assert "larger parts" in told.err
    assert list(Path().iterdir()) == []
