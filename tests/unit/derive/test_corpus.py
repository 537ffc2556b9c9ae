from __future__ import annotations

import json
from itertools import pairwise

from benchmarks.vocabulary import ROOT, Place, marked, measure, score


def test_every_marked_mention_names_a_known_entity() -> None:
    known = {"Date", "Email"}
    rows = (ROOT / "fixtures" / "corpus" / "entities.tsv").read_text("utf-8").splitlines()[1:]
    known |= {row.split("\t")[0] for row in rows}
    assert {place.entity for _, places in marked().values() for place in places} <= known


def test_no_marked_mention_lies_over_another() -> None:
    for _, places in marked().values():
        assert all(one.end <= two.start for one, two in pairwise(places))


def test_precision_and_recall_are_those_on_record() -> None:
    found = {name: score(places, got)._asdict() for name, _, places, got in measure()}
    recorded = json.loads((ROOT / "benchmarks" / "vocabulary.json").read_text("utf-8"))
    kept = ("marked", "found", "right")
    assert found == {
        name: {key: figures[key] for key in kept}
        for name, figures in recorded.items()
        if name != "all"
    }


def test_a_find_counts_only_at_its_place_and_for_its_entity() -> None:
    place = Place(0, 3, "a")
    assert score([place], [Place(0, 3, "b"), Place(1, 3, "a"), place]) == (1, 3, 1)
