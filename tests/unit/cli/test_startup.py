"""Asking for help loads no work: not the models, not the codecs, not a store."""

from __future__ import annotations

import json
import subprocess
import sys

from cogx.cli.group import COMMANDS

from .conftest import ROOT

HEAVY = {
    "isal",
    "jsonschema",
    "ladybug",
    "msgspec",
    "networkx",
    "numpy",
    "orjson",
    "pyarrow",
    "pydantic",
    "rich",
    "sqlite3",
    "zstandard",
}
PROBE = """
import json, sys
from cogx.cli.main import main
for words in json.loads(sys.argv[1]):
    code = main(words)
    assert code == 0, (words, code)
    sys.stderr.write(json.dumps([words, sorted(sys.modules)]) + "\\n")
"""


def modules_after(*calls: list[str]) -> dict[str, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(calls)],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    pairs = map(json.loads, done.stderr.splitlines())
    return {" ".join(words): set(modules) for words, modules in pairs}


def test_help_and_version_load_nothing_heavy() -> None:
    each_help = [[name, "--help"] for name in COMMANDS]
    loaded = modules_after(["--help"], ["--version"], *each_help, ["help", "exit-codes"])
    assert len(loaded) == len(COMMANDS) + 3
    assert {words: modules & HEAVY for words, modules in loaded.items() if modules & HEAVY} == {}


def test_help_loads_no_command() -> None:
    loaded = modules_after(["--help"])["--help"]
    assert {name for name in loaded if name.startswith("cogx.cli.commands.")} == set()
