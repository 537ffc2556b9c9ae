"""The page about the wire says what the code does, and what the code says of it is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cogx.remote.imported import imported
from cogx.remote.probe import CAPABILITIES, DATASETS, NEEDED, REMEMBER
from cogx.remote.resumable import UPLOADS
from cogx.remote.runs import PIPELINES, RUNS, STATUS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "spec" / "wire.md").read_text("utf-8")
ANCHORS = re.findall(r'<a id="([^"]+)"></a>', PAGE)


def test_anchors_are_unique() -> None:
    assert len(ANCHORS) == len(set(ANCHORS)) > 15


def test_every_link_resolves() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert links
    for link in links:
        page, _, anchor = link.partition("#")
        assert not page or (ROOT / "spec" / page).exists(), link
        assert page or anchor in ANCHORS, link


def test_every_clause_that_the_code_names_is_in_the_page() -> None:
    named = {
        (path.name, anchor)
        for path in (ROOT / "cogx").rglob("*.py")
        for anchor in re.findall(r"spec/wire\.md#([a-z-]+)", path.read_text("utf-8"))
    }
    assert len(named) > 4
    assert not {one for one in named if one[1] not in ANCHORS}


@pytest.mark.parametrize(
    "text", [CAPABILITIES, DATASETS, NEEDED, REMEMBER, RUNS, STATUS, UPLOADS, *PIPELINES]
)
def test_what_is_asked_for_is_in_the_page(text: str) -> None:
    assert text in PAGE


def test_the_answer_of_the_page_is_read_as_a_finished_import() -> None:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    done = imported(json.loads(example[1]))
    assert (done.finished, done.graph_nodes, done.skipped_facts) == (True, 5, 1)
