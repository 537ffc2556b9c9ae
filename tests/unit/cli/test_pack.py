"""Packing and unpacking move bytes, and say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cogx.cli import streams

from .conftest import REAL, Call, Members, Put


def test_members_come_back_byte_for_byte(call: Call, put: Put, good: Members) -> None:
    assert call("pack", put("source", good), "out.cogx.tar.gz").code == 0
    assert call("unpack", "out.cogx.tar.gz", "back").code == 0
    back = {path.name: path.read_bytes() for path in Path("back").iterdir()}
    packed = json.loads(back.pop("manifest.json"))
    original = json.loads(good.pop("manifest.json"))
    assert packed.pop("cogx")["members"]["nodes.jsonl"]["records"] == 2
    assert packed == original
    assert back == good


def test_plain_leaves_the_manifest_alone(call: Call, put: Put, good: Members) -> None:
    assert call("pack", put("source", good), "out.tar", "--plain").code == 0
    assert call("unpack", "out.tar", "back").code == 0
    assert Path("back/manifest.json").read_bytes() == good["manifest.json"]


def test_refresh_counts_what_was_edited(call: Call, put: Put, good: Members) -> None:
    source = put("source", good)
    assert call("pack", source, "edited").code == 0
    with Path("edited/nodes.jsonl").open("ab") as file:
        file.write(b'{"id": "n3", "type": "City"}\n')
    refused = call("pack", "edited", "out.tar.gz")
    assert refused.code == 1
    assert "manifest.count" in refused.err
    assert call("pack", "edited", "out.tar.gz", "--refresh").code == 0
    assert call("validate", "out.tar.gz", "--json").json()["counts"]["raw_node"] == 3


def test_an_archive_is_packed_anew_in_another_form(call: Call) -> None:
    assert call("pack", REAL, "out.cogx.tar.zst").code == 0
    assert call("inspect", "out.cogx.tar.zst", "--json").json()["form"] == "tar.zst"


def test_what_was_packed_is_told_as_json(call: Call, put: Put, good: Members) -> None:
    told = call("pack", put("source", good), "out.tar.gz", "--json").json()
    assert told["counts"] == {"raw_node": 2, "entity": 1, "fact": 1}
    assert told["bytes"] == Path("out.tar.gz").stat().st_size
    assert set(told["fingerprint"]) == {"graph", "content"}
    back = call("unpack", "out.tar.gz", "back", "--json").json()
    assert back["members"]["nodes.jsonl"] == len(good["nodes.jsonl"])


def test_quiet_says_nothing(call: Call, put: Put, good: Members) -> None:
    told = call("pack", put("source", good), "out.tar.gz", "-q")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert call("-q", "unpack", "out.tar.gz", "back").out == ""


def test_secrets_are_warned_of_and_never_shown(call: Call, put: Put, good: Members) -> None:
    good["permissions.json"] = b'{"users": [{"hashed_password": "hunter2"}]}'
    source = put("source", good)
    told = [
        call("pack", source, "out.tar.gz"),
        call("unpack", "out.tar.gz", "back"),
        call("inspect", "out.tar.gz"),
        call("inspect", "out.tar.gz", "--json"),
        call("validate", "out.tar.gz", "-v"),
        call("cat", "out.tar.gz"),
    ]
    assert [one.code for one in told] == [0] * 6
    assert all("secrets" in one.out + one.err for one in told[:5])
    assert not any("hunter2" in one.out + one.err for one in told)


def test_too_little_room_is_noticed_before_the_work(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogx.container.free_bytes", lambda path: 4096)
    for words in (["unpack", REAL, "out"], ["pack", REAL, "out.tar"]):
        told = call(*words)
        assert told.code == 7
        assert "4,096 bytes are free" in told.err
    assert list(Path().iterdir()) == []


def test_room_for_a_stream_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogx.container.free_bytes", lambda path: 0)
    streams.check_room("-", 10**12, "the archive")
