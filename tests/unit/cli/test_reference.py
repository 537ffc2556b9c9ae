"""docs/cli.md says what the commands say."""

from __future__ import annotations

from cogx.cli.commands import import_
from cogx.cli.commands.schema import infer, record
from cogx.cli.group import COMMANDS
from cogx.cli.reference import render
from cogx.engine.import_ import MODES
from cogx.engine.schema_inference import DERIVERS
from cogx.format.schema import SCHEMA_KINDS

from .conftest import ROOT, Call


def test_the_page_is_in_step() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert page == render(), "run: python -m cogx.cli.reference > docs/cli.md"


def test_every_command_is_on_the_page_and_has_help(call: Call) -> None:
    page = render()
    for name in COMMANDS:
        assert f"\n## cogx {name}\n" in page
        assert call("help", name).out == call(name, "--help").out


def test_choices_are_those_of_the_library() -> None:
    """They are repeated in the commands, so that --help need not load the library."""
    assert import_._MODES == MODES
    assert record._KNOWN == SCHEMA_KINDS
    assert infer._DERIVERS == DERIVERS
