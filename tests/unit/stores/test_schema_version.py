"""A store of a newer cogx is refused before anything in it is taken for what it is not."""

from __future__ import annotations

import pytest

from cogx.errors import StoreRefused
from cogx.stores.schema_version import check_version


@pytest.mark.parametrize("found", ["0", "1", "2"])
def test_known_layouts_are_read(found: str) -> None:
    check_version(found, 2)


def test_a_newer_layout_is_refused_with_what_to_do() -> None:
    with pytest.raises(StoreRefused, match=r"layout 3, .* reads up to 2\. Upgrade cogx"):
        check_version("3", 2)


@pytest.mark.parametrize("found", [None, "", "one", "-1", "1.0", "\u00b2"])
def test_what_is_no_number_is_refused(found: str | None) -> None:
    with pytest.raises(StoreRefused, match="not a number"):
        check_version(found, 2)
