"""Every archive that conforms goes into a store and comes back with nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from cogx import import_archive, verify
from tests.conformance.corpus import Vector, vectors_in


@pytest.mark.parametrize("scheme", ["ladybug", "json"])
@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_a_conforming_archive_survives_a_store(vector: Vector, scheme: str, tmp_path: Path) -> None:
    store = f"{scheme}:{tmp_path / 'store'}"
    receipt = import_archive(vector.source, store, allow_empty=True)
    assert receipt.losses == {}
    comparison = verify(vector.source, store)
    assert comparison.equal, comparison.differences
