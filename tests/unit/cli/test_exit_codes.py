"""Every error ends with one documented number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogx import errors
from cogx.cli import exit_codes
from cogx.cli.exit_codes import MEANINGS, OF_ERROR, exit_code_of

from .conftest import Call


def below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


TREE = [kind for kind in below(errors.CogxError) if kind.__module__ == "cogx.errors"]


def test_the_tree_is_not_empty() -> None:
    assert len(TREE) > 20


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_belongs_to_a_family_with_a_number(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)
    assert exit_code_of(error) in {meaning.code for meaning in MEANINGS}
    assert exit_code_of(error) not in (exit_codes.FINE, exit_codes.BUG)


def test_every_family_right_below_the_root_is_in_the_table() -> None:
    families = {kind for kind in errors.CogxError.__subclasses__() if kind in TREE}
    assert families <= OF_ERROR.keys()


def test_what_is_no_error_of_ours_is_a_bug() -> None:
    assert exit_code_of(KeyError("x")) == exit_codes.BUG


def test_numbers_are_documented_once() -> None:
    codes = [meaning.code for meaning in MEANINGS]
    assert len(codes) == len(set(codes))
    named = {v for n, v in vars(exit_codes).items() if n.isupper() and isinstance(v, int)}
    assert named == set(codes)
    assert set(OF_ERROR.values()) <= named


def test_help_lists_every_number(call: Call) -> None:
    out = call("help", "exit-codes").out
    for meaning in MEANINGS:
        assert f"  {meaning.code}  {meaning.title}" in out
