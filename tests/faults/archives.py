"""Knows the small graphs that are moved while the system fails; each is made anew, the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cogx.archive.writer import ArchiveWriter
from cogx.format.manifest import Manifest
from cogx.format.records import AnyRecord, Document, Entity, Fact

CITIES = ("Oslo", "Lima", "Pune")


def write_first(path: Path, people: int, texts: int = 0) -> None:
    """Write an archive of people who live in cities and know each other."""
    _write(path, [*_people(range(people)), *_texts(texts)])


def write_second(path: Path, people: int) -> None:
    """Write an archive of as many, half of whom are in the first one, with more to say of them."""
    half = people // 2
    _write(path, _people(range(half, half + people), note="Seen twice. " * 20))


def _write(path: Path, records: list[AnyRecord]) -> None:
    with ArchiveWriter(path, manifest=Manifest(source_system="faults")) as writer:
        writer.write(*sorted(records, key=lambda record: record.kind))


def _people(numbers: range, note: str = "") -> list[AnyRecord]:
    records: list[AnyRecord] = []
    for city in CITIES:
        records.append(_entity(city.lower(), city, "City", {}))
    for number in numbers:
        about = {"age": 20 + number, **({"note": note} if note else {})}
        records.append(_entity(f"p{number}", f"Person {number}", "Person", about))
        records.append(_fact(f"p{number}", "lives_in", CITIES[number % len(CITIES)].lower()))
        if number > numbers.start:
            records.append(_fact(f"p{number}", "knows", f"p{number - 1}"))
    return records


def _texts(count: int) -> Iterator[AnyRecord]:
    for number in range(count):
        yield Document(
            external_system="faults",
            external_id=f"d{number}",
            content=f"Person {number} met Person {number + 1} in {CITIES[number % 3]}.",
        )


def _entity(identity: str, name: str, kind: str, attributes: dict[str, object]) -> Entity:
    return Entity(
        external_system="faults",
        external_id=identity,
        name=name,
        entity_type=kind,
        attributes=attributes,
    )


def _fact(subject: str, predicate: str, target: str) -> Fact:
    return Fact(
        external_system="faults",
        external_id=f"{subject}-{predicate}-{target}",
        subject_ref=subject,
        predicate=predicate,
        object_ref=target,
        fact_text=f"{subject} {predicate} {target}",
    )
