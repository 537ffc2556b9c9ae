"""The corpus itself: complete, in its index, and as its maker makes it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from cogx.problems import CODES, Severity
from tests.conformance.corpus import CORPUS, MAKER, VECTORS, vectors_in


@pytest.mark.parametrize("folder", ["good", "warn", "bad"])
def test_no_part_of_the_corpus_is_empty(folder: str) -> None:
    assert len(vectors_in(folder)) >= 30


def test_every_code_has_a_vector_named_after_it() -> None:
    named = {vector.named_code for vector in vectors_in("warn", "bad")}
    assert named == set(CODES)


def test_a_vector_stands_in_the_folder_of_its_codes_severity() -> None:
    for vector in vectors_in("warn", "bad"):
        error = CODES[vector.named_code].severity is Severity.ERROR
        assert (vector.folder == "bad") is error, vector.path
        assert vector.valid is not error, vector.path
        assert vector.named_code in vector.codes, vector.path


def test_warnings_and_good_ones_name_no_error() -> None:
    for vector in vectors_in("good", "warn"):
        found = {CODES[code].severity for code in {**vector.codes, **vector.also}}
        assert Severity.ERROR not in found, vector.path
    assert not any(vector.codes or vector.also for vector in vectors_in("good"))


def test_every_vector_that_is_not_good_has_a_good_neighbour() -> None:
    good = {vector.path for vector in vectors_in("good")}
    lonely = [v.path for v in vectors_in("warn", "bad") if v.neighbour not in good]
    assert lonely == []


def test_every_file_of_the_corpus_belongs_to_the_index() -> None:
    listed = {vector.path for vector in VECTORS} | {v.user_schema for v in VECTORS} | {"index.json"}
    strangers = []
    for file in CORPUS.rglob("*"):
        path = file.relative_to(CORPUS).as_posix()
        vector = "/".join(path.split("/")[:2])
        if file.is_file() and path not in listed and vector not in listed:
            strangers.append(path)
    assert strangers == []
    assert all(vector.source.exists() for vector in VECTORS)


def test_the_index_names_each_vector_once() -> None:
    paths = [entry["path"] for entry in json.loads((CORPUS / "index.json").read_bytes())]
    assert len(paths) == len(set(paths))


def test_the_corpus_is_what_its_maker_makes() -> None:
    run = subprocess.run(
        [sys.executable, "-B", str(MAKER), "--check"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_the_maker_does_not_know_the_code_under_test() -> None:
    modules = [MAKER, *(MAKER.parent / "making").glob("*.py")]
    assert len(modules) > 5
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            names.append(getattr(node, "module", None) or "")
            assert not any(name.split(".")[0] == "cogx" for name in names), module
