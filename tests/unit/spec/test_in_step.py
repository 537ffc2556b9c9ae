"""The specification's pages say what the code does: nothing is missing, stale or led astray."""

from __future__ import annotations

import re

import pytest

from cogx.codec.typed import TAGS
from cogx.format.layout import MEMBERS
from cogx.format.manifest import MOST_DECLARATIONS
from cogx.format.schema import SCHEMA_KINDS, schema_of
from cogx.limits import Limits
from cogx.problems import CODES
from tests.unit.spec.pages import ROOT, SPEC, anchors_of, generator, text_of

PAGES = ("format.md", "codes.md", "status.md")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_MARK = re.compile(r"<!-- generated: (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)
_NAMED_CODE = re.compile(r"\[`([a-z_]+\.[a-z-]+)`\]\(codes\.md#([a-z_-]+)\)")


def test_generated_pages_are_in_step() -> None:
    pages = generator().pages()
    assert len(pages) == 2 + len(SCHEMA_KINDS)
    for path, text in pages.items():
        assert path.read_text("utf-8") == text, f"{path.name} is out of step: make spec"


def test_check_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator().main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in (SPEC / "schema" / "0.1").iterdir()} == set(SCHEMA_KINDS)


def test_every_marked_part_is_filled() -> None:
    text = text_of("format.md")
    parts = _MARK.findall(text)
    assert len(parts) == text.count("<!-- generated:") == text.count("<!-- end -->") > 20
    for name, content in parts:
        assert len(content.splitlines()) > 2, name


def test_every_clause_is_in_the_page() -> None:
    anchors = set(anchors_of("format.md"))
    missing = {code.clause for code in CODES.values()} - anchors
    assert not missing


def test_every_clause_that_the_code_names_is_in_the_page() -> None:
    anchors = set(anchors_of("format.md"))
    named = re.compile(r"spec/format\.md#([a-z-]+)")
    found = {
        (path.name, anchor)
        for path in (ROOT / "cogx").rglob("*.py")
        for anchor in named.findall(path.read_text("utf-8"))
    }
    assert len(found) > 8
    assert not {(name, anchor) for name, anchor in found if anchor not in anchors}


@pytest.mark.parametrize("page", PAGES)
def test_anchors_are_unique(page: str) -> None:
    anchors = anchors_of(page)
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_resolves(page: str) -> None:
    links = _LINK.findall(text_of(page))
    assert links
    for link in links:
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        path = (SPEC / target) if target else SPEC / page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors_of(path.name), link


def test_every_code_is_listed_and_named_right() -> None:
    text = text_of("codes.md")
    for name, code in CODES.items():
        assert f"`{name}`" in text
        assert code.title in text
    for page in ("format.md", "status.md"):
        for name, anchor in _NAMED_CODE.findall(text_of(page)):
            assert name in CODES
            assert anchor == name.replace(".", "-")


def test_format_page_speaks_of_every_code() -> None:
    text = text_of("format.md")
    assert not [name for name in CODES if f"`{name}`" not in text]


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_every_field_is_in_the_page(kind: str) -> None:
    text = text_of("format.md")
    schema = schema_of(kind)
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        for name in part["properties"]:
            assert f"\n| `{name}` |" in text, name


def test_members_tags_limits_and_bounds_are_in_the_page() -> None:
    text = text_of("format.md")
    for name in MEMBERS:
        assert f"| `{name}` |" in text
    for tag in TAGS:
        assert f"\n| `{tag}` |" in text
    for name in Limits.__dataclass_fields__:
        assert f"| `{name}` |" in text
    assert f"{MOST_DECLARATIONS:,} declarations" in text


def test_no_page_names_a_place_on_a_machine() -> None:
    for path in SPEC.rglob("*"):
        if path.suffix in (".md", ".json", ".py"):
            text = path.read_text("utf-8")
            assert not re.search(r"/(home|tmp|work|root|Users)/", text), path.name
