"""Which store a URI means: those of cogx, those of other packages, and clear words otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import cogx
from cogx.engine.uris import parse_bytes, parse_uri, store_at
from cogx.errors import BadSetting, UnknownName
from tests.unit.archive.made import archive, entity, fact

GOOD = archive(entity("a"), entity("b"), fact("f", "a", "b"))


@pytest.mark.parametrize(
    ("uri", "parsed"),
    [
        ("ladybug:a/b.lbug", ("ladybug", "a/b.lbug", {})),
        ("a/b.lbug", ("ladybug", "a/b.lbug", {})),
        ("x.db?buffer=1MiB", ("sqlite", "x.db", {"buffer": "1MiB"})),
        (
            "postgresql://me@host:1/db?schema=s",
            ("postgresql", "postgresql://me@host:1/db", {"schema": "s"}),
        ),
        ("neo4j+s://host", ("neo4j+s", "neo4j+s://host", {})),
    ],
)
def test_forms(uri: str, parsed: tuple[str, str, dict[str, str]]) -> None:
    assert parse_uri(uri) == parsed


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("graph", "does not name a store"),
        ("sqlite:", "names no path"),
        ("bolt:host", "bolt://USER@HOST"),
        ("sqlite:x?buffr=1", "Known: buffer"),
        ("json:x?buffer=1", "takes none"),
        ("sqlite:x?buffer=big", "not a size"),
    ],
)
def test_what_cannot_be_read_is_answered_with_what_can(uri: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        store_at(uri)


def test_an_unknown_store_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="ladybug"):
        store_at("tarot:x")


def test_sizes() -> None:
    assert [parse_bytes(text) for text in ("7", "64KiB", "2GiB")] == [7, 65536, 2 << 30]


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a package that brings a store of its own, which imports nothing of cogx."""
    about = tmp_path / "shelf-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[cogx.stores]\nshelf = shelf\n")
    (tmp_path / "shelf.py").write_text(
        dedent("""
        import pickle
        from pathlib import Path

        class Row:
            def __init__(self, **fields):
                self.__dict__.update(fields)

        class Shelf:
            def __init__(self, path):
                self.path, self.nodes, self.edges = Path(path), [], []
            def write_nodes(self, nodes):
                self.nodes += [dict(id=n.id, type=n.type, properties=n.properties, rest=n.rest,
                                    labels=n.labels) for n in nodes]
            def write_edges(self, edges):
                self.edges += [dict(id=e.id, source=e.source, target=e.target, rest=e.rest,
                                    predicate=e.predicate, properties=e.properties) for e in edges]
            def finish(self, header, progress):
                self.path.write_bytes(pickle.dumps((self.nodes, self.edges, dict(header))))
            def abort(self):
                pass
            def counts(self):
                return len(self.nodes), len(self.edges)
            def header(self):
                return self.kept
            def iter_nodes(self):
                return (Row(**row) for row in sorted(self.nodes, key=lambda row: row["id"]))
            def iter_edges(self):
                return (Row(**row) for row in sorted(self.edges, key=lambda row: row["id"]))
            def close(self):
                pass

        def is_vacant(path):
            return not Path(path).exists()

        def open_writer(path):
            return Shelf(path)

        def open_reader(path):
            shelf = Shelf(path)
            shelf.nodes, shelf.edges, shelf.kept = pickle.loads(shelf.path.read_bytes())
            return shelf
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("shelf", None)


def test_a_store_of_another_package_works_without_importing_cogx(other_package: Path) -> None:
    uri = f"shelf:{other_package / 'graph'}"
    receipt = cogx.import_archive(GOOD, uri)
    assert receipt.verified
    assert cogx.verify(GOOD, uri).equal
    with pytest.raises(cogx.StoreRefused, match="new ones only"):
        cogx.import_archive(archive(entity("z")), uri)
    assert "import cogx" not in (other_package / "shelf.py").read_text()
