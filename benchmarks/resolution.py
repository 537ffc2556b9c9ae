"""Measures entity resolution: how long proposing takes, what it needs, and what it finds.

    python -m benchmarks.resolution [--entities N]

Invented names of one type (the worst case), a tenth of them a second time with a typing error,
initials, another order or a title; three facts for each entity. Prints one JSON object. Recall is
the share of these second entities that stand in a pair with their first.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cogx import ArchiveWriter
from cogx.codec.from_values import line_type
from cogx.transform.resolution.review import read_review

BATCH = 1000
SYLLABLES = [
    c + v for c in "bcdfghklmnprstvwz" for v in ("a", "e", "i", "o", "u", "ar", "en", "il")
]


def names(count: int, chance: random.Random) -> Iterator[str]:
    first = ["".join(chance.choices(SYLLABLES, k=2)).title() for _ in range(2000)]
    last = ["".join(chance.choices(SYLLABLES, k=3)).title() for _ in range(20_000)]
    for _ in range(count):
        given = " ".join(chance.choices(first, k=chance.choice((1, 1, 2))))
        yield f"{given} {last[min(int(chance.paretovariate(0.4)), len(last)) - 1]}"


def variant(name: str, chance: random.Random) -> str:
    words = name.split()
    way = chance.randrange(4)
    if way == 0:
        at = chance.randrange(len(name) - 1)
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if way == 1:
        return " ".join([*(word[0] + "." for word in words[:-1]), words[-1]])
    if way == 2:
        return f"{words[-1]}, {' '.join(words[:-1])}"
    return f"Dr. {name}"


def entities(count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (id, name); ``v12`` is entity ``e12`` once more."""
    firsts = list(dict.fromkeys(names(2 * count, chance)))[: count * 10 // 11]
    for number, name in enumerate(firsts):
        yield f"e{number}", name
        if number % 10 == 0:
            yield f"v{number}", variant(name, chance)


def write(path: Path, count: int) -> int:
    chance = random.Random(5)
    entity, fact = line_type("entity"), line_type("fact")
    made: list[Any] = [
        entity(
            kind="entity",
            external_system="s",
            external_id=identity,
            name=name,
            entity_type="Person",
        )
        for identity, name in entities(count, chance)
    ]
    with ArchiveWriter(path) as writer:
        for start in range(0, len(made), BATCH):
            writer.write_batch("entity", made[start : start + BATCH])
        for start in range(0, 3 * len(made), BATCH):
            facts = [
                fact(
                    kind="fact",
                    external_system="s",
                    external_id=f"f{number}",
                    subject_ref=made[number % len(made)].external_id,
                    predicate="knows",
                    object_ref=chance.choice(made).external_id,
                )
                for number in range(start, start + BATCH)
            ]
            writer.write_batch("fact", facts)
    return len(made)


def cogx(*words: str | Path) -> dict[str, Any]:
    """Run a command in a process of its own; return what it says."""
    command = [sys.executable, "-m", "cogx", *map(str, words), "--json", "--progress", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.resolution", description=__doc__)
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--apply", action="store_true", help="merge what scores 92 at least, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive, review = Path(folder, "in.tar.gz"), Path(folder, "review.jsonl")
        count = write(archive, asked.entities)
        proposed = cogx("resolve", archive, "--propose", review)
        found = {
            line.left_id[1:]
            for line in read_review(review)
            if line.left_id[1:] == line.right_id[1:]
        }
        seconds = count - count * 10 // 11
        figures: dict[str, Any] = {
            "entities": count,
            "pairs": proposed["pairs"],
            "recall": round(len(found) / seconds, 3),
            "propose": proposed["usage"],
        }
        if asked.apply:
            out = Path(folder, "out.tar.gz")
            done = cogx("resolve", archive, out, "--apply", review, "--auto-above", "92")
            figures["apply"] = {"merged": done["changes"]["resolve.merged"]} | done["usage"]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
