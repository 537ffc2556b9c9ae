"""A user's mistake ends with a number, a sentence, a way out, and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from cogx.cli.commands import verify
from cogx.cli.group import COMMANDS
from cogx.cli.options import LENIENT_CODES
from cogx.errors import StoreUnavailable
from cogx.generator import VERSION

from .conftest import REAL, Call, Members, Put, Run


def test_version(call: Call) -> None:
    assert call("--version").out == f"cogx {VERSION}\n"


def test_no_command_shows_the_help(call: Call) -> None:
    told = call()
    assert told.code == 0
    assert all(f"  {name}" in told.out for name in COMMANDS)


def test_the_list_says_what_each_command_says(call: Call) -> None:
    for name, sentence in COMMANDS.items():
        assert f"\n  {sentence}\n" in call(name, "--help").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["valdiate"], "Did you mean 'validate'?"),
        (["pack"], "Missing argument 'DIR'"),
        (["pack", "dir", "out.tar", "--plane"], "--plain"),
        (["pack", "dir", "out.tar", "--plain", "--refresh"], "one only"),
        (["cat", REAL, "fact", "x", "y"], "unexpected extra argument"),
        (["validate", REAL, "--lenient", "json.dpeth"], "Did you mean 'json.depth'?"),
        (["validate", REAL, "--lenient", "manifest.bytes"], "cannot be lenient"),
        (["validate", REAL, "--limit", "line_byte=3"], "Did you mean 'line_bytes'?"),
        (["validate", REAL, "--limit", "line_bytes=many"], "is not a size"),
        (["validate", REAL, "--limit", "line_bytes"], "is not NAME=N"),
        (["validate", REAL, "--limit", "depth=0"], "at least 1"),
        (["validate", REAL, "--format", "xml"], "xml"),
        (["validate", "nowhere.tar.gz"], "nowhere.tar.gz: no such file"),
        (["validate", REAL, "--schema", "nowhere.json"], "nowhere.json: cannot be read"),
        (["inspect", "nowhere"], "no such file"),
        (["validate", ""], "needs a name"),
        (["pack", REAL, ""], "needs a name"),
        (["unpack", "nowhere", "out"], "no such file"),
        (["pack", "nowhere", "out.tar"], "no such file"),
        (["import", "nowhere", "json:graph"], "no such file"),
        (["import", REAL, "jsn:graph"], "Unknown store 'jsn'"),
        (["import", REAL, "graph"], "does not name a store"),
        (["import", REAL, "json:graph", "--mode", "keep"], "preserve"),
        (["import", REAL, "json:graph", "--deriver", "tarot", "--mode", "hybrid"], "vocabulary"),
        (["import", REAL, "json:graph", "--only", "sort=fact"], "kind"),
        (["import", REAL, "json:graph", "--id-map", "map"], "no id changes"),
        (["export", "json:nowhere", "out.tar.gz"], "no such store"),
        (["schema", "record", "entitty"], "Did you mean 'entity'?"),
        (["completion", "tcsh"], "bash"),
        (["help", "exit-code"], "Did you mean 'exit-codes'?"),
        (["cat", REAL, "entty"], "Did you mean 'entity'?"),
        (["cat", REAL, "facts", "x"], "Did you mean 'fact'?"),
        (["cat", REAL, "permissions"], "no command shows them"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_wrong_usage_says_what_would_be_right(
    call: Call, store: str, words: list[object], expected: str
) -> None:
    told = call(*words)
    assert told.code == 2
    assert expected in told.err
    assert told.out == ""
    assert "Traceback" not in told.err


def test_an_unknown_code_is_answered_with_the_known_ones(call: Call) -> None:
    told = call("validate", REAL, "--lenient", "nonsense")
    assert all(code in told.err for code in LENIENT_CODES)


@pytest.mark.parametrize("name", ["out.cogx.tar.gz", "out"])
def test_what_exists_is_not_overwritten_unasked(
    call: Call, put: Put, good: Members, tmp_path: Path, name: str
) -> None:
    source = put("source", good)
    target = tmp_path / name
    assert call("pack", source, target).code == 0
    told = call("pack", source, target)
    assert told.code == 2
    assert "--force" in told.err
    assert call("pack", source, target, "--force").code == 0


def test_unpack_does_not_touch_a_directory_that_holds_something(call: Call, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    for words in ([], ["--force"]):
        assert call("unpack", REAL, "full", *words).code == 2
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("command", ["validate", "inspect", "cat", "unpack", "import"])
def test_what_is_no_container_is_a_problem_of_the_data(
    call: Call, store: str, tmp_path: Path, command: str
) -> None:
    (tmp_path / "notes.txt").write_text("milk, bread")
    target = {"unpack": ["out"], "import": [store]}.get(command, [])
    told = call(command, "notes.txt", *target)
    assert told.code == 1
    assert "container.unreadable" in told.out + told.err or "tar" in told.err
    assert "Traceback" not in told.err


def test_a_failure_is_json_when_asked(call: Call, tmp_path: Path) -> None:
    told = call("validate", "nowhere", "--json")
    assert told.code == 2
    error = told.error()
    assert (error["type"], error["exit_code"]) == ("BadSetting", 2)
    assert error["message"] == "nowhere: no such file or directory."
    assert error["path"] == "nowhere"
    assert call("validate", "--json").error()["type"] == "UsageError"
    assert call("validate", "nowhere", "--format=json").error()["exit_code"] == 2


def test_an_invalid_archive_tells_its_problems_as_json(
    call: Call, put: Put, good: Members, store: str
) -> None:
    good["nodes.jsonl"] += b"nonsense\n"
    error = call("import", put("bad", good), store, "--json").error()
    assert (error["type"], error["exit_code"]) == ("InvalidArchive", 1)
    (problem, *_) = error["problems"]
    assert problem["code"] == "json.malformed"
    assert (problem["member"], problem["line"]) == ("nodes.jsonl", 3)
    assert problem["remedy"]


def test_a_newer_major_version_is_an_archive_error(call: Call, put: Put, good: Members) -> None:
    good["manifest.json"] = b'{"cogx_version": "9.0"}'
    told = call("cat", put("new", good))
    assert told.code == 4
    assert "Upgrade cogx" in told.err


def test_a_damaged_archive_has_its_own_number(call: Call, tmp_path: Path) -> None:
    (tmp_path / "cut.tar.gz").write_bytes(REAL.read_bytes()[:9000])
    told = call("cat", "cut.tar.gz")
    assert told.code == 5
    assert "Fetch or export the archive again" in told.err
    assert call("validate", "cut.tar.gz").code == 1


def test_a_store_that_may_answer_later_says_so(
    call: Call, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreUnavailable("Another process imports into graph. Wait, then try again.")

    monkeypatch.setattr("cogx.engine.verify.verify", busy)
    told = call("verify", REAL, store, "--json")
    assert told.code == 6
    assert told.error()["retryable"] is True


def test_a_bug_is_called_a_bug(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(verify, "source_of", broken)
    told = call("verify", REAL, "json:graph")
    assert told.code == 70
    assert "This is a bug in cogx" in told.err
    assert "Traceback" not in told.err
    assert "Traceback" in call("verify", REAL, "json:graph", "--verbose").err


def test_interrupted_work_says_that_nothing_is_left(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "source_of", interrupted)
    told = call("verify", REAL, "json:graph")
    assert told.code == 130
    assert "nothing half-written" in told.err
    assert "Traceback" not in told.err


def test_a_message_cannot_steer_the_terminal(call: Call) -> None:
    told = call("validate", "no\x1b[31mwhere\u202e")
    assert "\x1b" not in told.err
    assert "\u202e" not in told.err
    assert "no\\x1b[31mwhere\\u202e" in told.err


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_utf8_is_written_in_any_locale(run: Run, locale: str) -> None:
    env = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("inspect", REAL, env=env)
    assert done.returncode == 0
    assert "ünï" in done.stdout.decode("utf-8")
