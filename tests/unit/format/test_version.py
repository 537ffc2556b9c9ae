from __future__ import annotations

import pytest

from cogx.errors import UnsupportedVersion
from cogx.format.version import is_newer, parse_version


@pytest.mark.parametrize(("text", "newer"), [("0.1", False), ("0.2", True), ("0.10", True)])
def test_a_newer_minor_is_taken(text: str, newer: bool) -> None:
    assert is_newer(parse_version(text)) is newer


@pytest.mark.parametrize(
    "text", ["1.0", "0.0", "0.01", "-0.1", "0.1.0", "\u0660.\u0661", None, 0.1]
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(UnsupportedVersion):
        parse_version(text)
