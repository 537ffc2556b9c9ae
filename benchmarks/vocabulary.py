"""Measures what the vocabulary deriver finds: precision and recall on a small real corpus.

    python -m benchmarks.vocabulary [--misses]

The corpus is fixtures/corpus: five texts, the names of a graph, and every mention of them as a
reader marked it. A find counts if both its place and its entity are the marked ones. Prints one
line a document and writes the figures to benchmarks/vocabulary.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cogx import ArchiveWriter, open_archive
from cogx.derive.mentions import Mentions
from cogx.derive.names import Names
from cogx.engine.record_sources import ArchiveRecords
from cogx.format.records import Document, Entity
from cogx.ports import Passage

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "fixtures" / "corpus"
_PATTERNS = frozenset({"Date", "Email", "Url"})


class Place(NamedTuple):
    """A stretch of a text and what it names."""

    start: int
    end: int
    entity: str


class Score(NamedTuple):
    """how many stretches a reader marked, how many were found, how many of them rightly."""

    marked: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return round(self.right / self.found, 3) if self.found else 0.0

    @property
    def recall(self) -> float:
        return round(self.right / self.marked, 3) if self.marked else 0.0


def write_archive(target: dict[str, bytes]) -> None:
    """Write the corpus as an archive: its texts, and the names of the graph."""
    with ArchiveWriter(target) as writer:
        for row in _rows("entities.tsv"):
            writer.write(
                Entity(
                    external_id=row["id"],
                    name=row["name"],
                    entity_type=row["type"],
                    aliases=[alias for alias in row["aliases"].split("|") if alias],
                )
            )
        for path in sorted((CORPUS / "texts").glob("*.txt")):
            writer.write(Document(external_id=path.stem, content=path.read_text("utf-8")))


def marked() -> dict[str, tuple[str, list[Place]]]:
    """Return each text and what a reader marked in it."""
    texts = {path.stem: path.read_text("utf-8") for path in (CORPUS / "texts").glob("*.txt")}
    places: dict[str, list[Place]] = {name: [] for name in sorted(texts)}
    for row in _rows("mentions.tsv"):
        known = places[row["document"]]
        words = r"\s+".join(map(re.escape, row["text"].split()))
        pattern = re.compile(rf"(?<!\w){words}")
        match = pattern.search(texts[row["document"]], known[-1].end if known else 0)
        if match is None:
            raise SystemExit(f"mentions.tsv: {row} is not in the text behind the line before it.")
        known.append(Place(*match.span(), row["entity"]))
    return {name: (texts[name], found) for name, found in places.items()}


def found_in(mentions: Mentions, name: str, text: str) -> list[Place]:
    """Return what the deriver finds in a text."""
    passage = Passage(id=name, record=("document", name), at=0, text=text)
    return [
        Place(one.start, one.end, one.thing.id if one.known else str(one.thing.entity_type))
        for one in mentions.find(passage)
    ]


def measure() -> Iterator[tuple[str, str, list[Place], list[Place]]]:
    """Yield (document, text, what a reader marked, what was found)."""
    archive: dict[str, bytes] = {}
    write_archive(archive)
    names = Names()
    with open_archive(archive) as opened:
        names.learn(ArchiveRecords(opened))
    mentions = Mentions(names)
    for name, (text, places) in marked().items():
        yield name, text, places, found_in(mentions, name, text)


def score(places: list[Place], found: list[Place]) -> Score:
    return Score(len(places), len(found), len(set(places) & set(found)))


def differences(text: str, places: list[Place], found: list[Place]) -> Iterator[str]:
    """Yield what one side has and the other has not, in reading order."""
    for place in sorted(set(places) ^ set(found)):
        sign = "missed" if place in places else "wrong "
        around = " ".join(text[max(0, place.start - 20) : place.end + 20].split())
        yield f"  {sign} {text[place.start : place.end]!r} as {place.entity}: {around}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.vocabulary", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="show every difference")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    total = Score(0, 0, 0)
    for name, text, places, found in measure():
        one = score(places, found)
        total = Score(*map(sum, zip(total, one, strict=True)))
        figures[name] = _told(name, one)
        if asked.misses:
            print("\n".join(differences(text, places, found)))
    figures["all"] = _told("all", total)
    path = ROOT / "benchmarks" / "vocabulary.json"
    path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def _told(name: str, one: Score) -> dict[str, Any]:
    print(
        f"{name:18} {one.marked:4} marked {one.found:4} found {one.right:4} right "
        f"precision {one.precision:.3f} recall {one.recall:.3f}"
    )
    return one._asdict() | {"precision": one.precision, "recall": one.recall}


def _rows(name: str) -> list[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
