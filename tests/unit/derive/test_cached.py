from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cogx.codec.lines import canonical_line
from cogx.derive import cached as cached_module
from cogx.derive.cache import ResultCache
from cogx.derive.cached import Cached
from cogx.derive.composition import Hybrid
from cogx.errors import BadSetting
from cogx.format.records import Entity
from cogx.ports import Passage, RecordSource, Underived
from tests.unit.derive.made import Source, document, entity, fact, passage

QUOTE = {"start": 0, "end": 1, "text": "x"}


class Asking:
    """A deriver that costs something: it says what it was asked."""

    name = "asking"
    version = "1"
    origin = {"model": "m"}  # noqa: RUF012 - as a deriver has it
    concurrency = 2

    def __init__(self, key: str | None = "k", *, fail: str = "", ahead: int = 1) -> None:
        self.cache_key = key
        self.asked: list[str] = []
        self.report: Counter[str] = Counter()
        self._fail = fail
        self._ahead = ahead

    def prepare(self, known: RecordSource) -> None:
        return

    def derive(
        self, passages: Iterable[Passage]
    ) -> Iterator[tuple[Passage, Sequence[Any] | Underived]]:
        waiting: list[Passage] = []
        for one in passages:
            self.asked.append(one.text)
            self.report["calls"] += 1
            waiting.append(one)
            if len(waiting) >= self._ahead:
                yield from map(self._answered, waiting)
                waiting = []
        yield from map(self._answered, waiting)

    def _answered(self, one: Passage) -> tuple[Passage, Sequence[Any] | Underived]:
        if self._fail and self._fail in one.text:
            return one, Underived("it says nothing")
        here = one.record[1]
        place = {"record": here, "passage": one.at}
        return one, [
            Entity(external_id=one.text, name=one.text, attributes={"n": 1}),
            fact("f", here, "mentions", one.text,
                 metadata={"count": 1, "evidence": [place | QUOTE]}),
            fact("g", one.text, "is", "x", metadata={"evidence": [QUOTE]}),
        ]  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResultCache]:
    with ResultCache(tmp_path / "derived.sqlite") as made:
        yield made


def texts(*all_: str) -> list[Passage]:
    return [passage(text, ("document", f"d{at}"), at) for at, text in enumerate(all_)]


def told(results: Iterable[tuple[Passage, Sequence[Any] | Underived]]) -> list[Any]:
    """Return passages with what was said of them, but for ids that only cogx itself reads."""
    out: list[Any] = []
    for where, records in results:
        if isinstance(records, Underived):
            out.append((where.id, records))
            continue
        lines = []
        for record in records:
            fields = dict(cached_module.fields_of(record))
            if record.kind == "fact":
                del fields["external_id"]
            lines.append(fields)
        out.append((where.id, lines))
    return out


@pytest.mark.parametrize("ahead", [1, 3])
def test_nothing_is_asked_twice_and_the_answers_are_the_same(
    cache: ResultCache, ahead: int
) -> None:
    first, second = Asking(ahead=ahead), Asking(ahead=ahead)
    made = told(Cached(first, cache).derive(texts("a", "b", "c", "d")))
    again = Cached(second, cache)
    assert told(again.derive(texts("a", "b", "c", "d"))) == made
    assert made == told(Asking().derive(texts("a", "b", "c", "d")))
    assert (first.asked, second.asked) == (["a", "b", "c", "d"], [])
    assert again.report == {"passages_cached": 4}


@pytest.mark.parametrize("ahead", [1, 2, 9])
@pytest.mark.parametrize("most", [1, 2, 1000])
def test_old_and_new_come_in_the_order_of_the_passages(
    cache: ResultCache, ahead: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_module, "_AHEAD", most)
    list(Cached(Asking(), cache).derive(texts("b", "c", "e", "f", "g")))
    asking = Asking(ahead=ahead)
    order = texts("a", "b", "c", "d", "e", "f", "g", "h")
    assert [one for one, _ in Cached(asking, cache).derive(order)] == order
    assert asking.asked == ["a", "d", "h"]


def test_a_text_that_moved_costs_nothing_and_says_where_it_stands_now(cache: ResultCache) -> None:
    list(Cached(Asking(), cache).derive([passage("a", ("document", "old"), 0)]))
    ((_, records),) = Cached(Asking(), cache).derive([passage("a", ("document", "new"), 7)])
    assert not isinstance(records, Underived)
    mention = records[1]
    assert mention.subject_ref == "new"
    assert mention.metadata["evidence"] == [QUOTE | {"record": "new", "passage": 7}]
    assert records[2].metadata["evidence"] == [QUOTE]


@pytest.mark.parametrize(
    "other",
    [
        Passage("i", ("document", "d"), 0, "b", "z"),
        Passage("i", ("document", "d"), 0, "a", "y"),
        Passage("i", ("memory", "d"), 0, "a", "z"),
    ],
)
def test_other_words_or_context_are_asked_about(cache: ResultCache, other: Passage) -> None:
    list(Cached(Asking(), cache).derive([Passage("i", ("document", "d"), 0, "a", "z")]))
    assert not Cached(Asking(), cache).is_cached(other)


@pytest.mark.parametrize(("name", "value"), [("cache_key", "l"), ("version", "2"), ("name", "n")])
def test_another_deriver_or_setting_is_asked(cache: ResultCache, name: str, value: str) -> None:
    list(Cached(Asking(), cache).derive(texts("a")))
    other = Asking()
    setattr(other, name, value)
    list(Cached(other, cache).derive(texts("a")))
    assert other.asked == ["a"]


def test_what_could_not_be_derived_is_asked_again(cache: ResultCache) -> None:
    results = told(Cached(Asking(fail="b"), cache).derive(texts("a", "b")))
    assert results[1][1] == Underived("it says nothing")
    again = Asking()
    list(Cached(again, cache).derive(texts("a", "b")))
    assert again.asked == ["b"]


def test_what_was_finished_before_an_end_is_kept(cache: ResultCache) -> None:
    class Ending(Asking):
        def _answered(self, one: Passage) -> Any:
            if one.text == "c":
                raise BadSetting("no more money")
            return super()._answered(one)

    with pytest.raises(BadSetting):
        list(Cached(Ending(), cache).derive(texts("a", "b", "c")))
    again = Asking()
    list(Cached(again, cache).derive(texts("a", "b", "c")))
    assert again.asked == ["c"]


def test_a_result_that_cannot_be_read_is_made_anew(cache: ResultCache) -> None:
    list(Cached(Asking(), cache).derive(texts("a")))
    (kept,) = cache.iter_entries()
    cache.keep(replace(kept, result=b'[{"fields": {"kind": "entity"}, "own": []}]'))
    again = Asking()
    list(Cached(again, cache).derive(texts("a")))
    assert again.asked == ["a"]


def test_a_result_that_cannot_be_kept_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    deriver = Cached(Asking(), ResultCache(tmp_path / "file" / "derived.sqlite"))
    assert len(list(deriver.derive(texts("a", "b")))) == 2
    assert deriver.report["not_cached"] == 2


def test_the_cache_knows_how_long_calls_take(cache: ResultCache) -> None:
    deriver = Cached(Asking(), cache)
    assert deriver.seconds_for(10) is None
    list(deriver.derive(texts("a")))
    assert deriver.seconds_for(10) is not None


def test_a_plan_makes_no_call_for_what_is_cached(cache: ResultCache) -> None:
    source = Source(document("d", "a"), document("e", "b"))
    list(Cached(Asking(), cache).derive(texts("a")))
    asking = Asking()
    with Hybrid(source, Cached(asking, cache)) as made:
        plan = made.plan()
    assert (plan.passages, plan.cached, plan.calls, plan.tokens_in) == (2, 1, 1, 1)
    assert plan.origin == {"model": "m"}
    assert asking.asked == []


def test_a_cached_import_has_the_bytes_of_the_first(cache: ResultCache) -> None:
    source = Source(entity("b", "B"), document("d", "a"), document("e", "b"))
    made = []
    for _ in range(2):
        with Hybrid(source, Cached(Asking(), cache)) as result:
            made.append([canonical_line(r) for _, batch in result.iter_batches() for r in batch])
    assert made[0] == made[1]
