"""Whatever a model says, only what stands in the text comes of it."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from cogx.codec.lines import canonical_line
from cogx.derive.chat.answers import faults_of, read_json
from cogx.derive.chat.extraction import extract, faults_in
from cogx.derive.chat.grounding import Ground
from cogx.derive.chat.prompt import answer_schema
from cogx.derive.chat.records import iter_records
from cogx.derive.chat.wording import snake_case
from cogx.ports import Passage

TEXT = "Ann Lee’s boss, Bob of Straße 7, met  ANN in 2019;\nAcme (安) paid. “Ann,” he said."  # noqa: RUF001
WORDS = [
    "Ann",
    "Ann Lee",
    "Bob",
    "Acme",
    "安",
    "Mallory",
    "strasse",
    "",
    " ",
    "\u0000",
    "met",
    "2019",
]
PASSAGE = Passage("p", ("document", "d"), 0, TEXT, "Before: Cid.")

words = st.sampled_from(WORDS) | st.text(max_size=8) | st.sampled_from([TEXT[3:20], TEXT[40:]])
perhaps = st.none() | words
entities = st.fixed_dictionaries(
    {"name": words, "type": words, "description": perhaps, "aliases": st.lists(words, max_size=3)}
)
facts = st.fixed_dictionaries(
    dict.fromkeys(("subject", "predicate", "object", "statement", "evidence"), words)
    | dict.fromkeys(("valid_from", "valid_until"), perhaps)
)
answers = st.fixed_dictionaries(
    {"entities": st.lists(entities, max_size=4), "facts": st.lists(facts, max_size=4)}
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["entities", "facts", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(answer=answers)
def test_only_what_stands_in_the_text_comes_of_an_answer(answer: dict[str, Any]) -> None:
    assert faults_of(answer, answer_schema(None)) == []
    faults_in(answer)
    ground = Ground(PASSAGE)
    made = extract(answer, ground)
    for found in made.entities:
        assert found.name in found.names
        assert all(map(ground.has_name, found.names))
    for stated in made.facts:
        quote = stated.evidence
        assert TEXT[quote["start"] : quote["end"]] == quote["text"]
        assert stated.subject in made.entities
        assert stated.target in made.entities
        assert stated.subject is not stated.target
        assert stated.predicate == snake_case(stated.predicate) != ""
    for record in iter_records(made, PASSAGE, ground, "s"):
        canonical_line(record)


@given(value=values)
def test_anything_but_an_answer_is_told_apart(value: Any) -> None:
    faults = faults_of(value, answer_schema(None))
    if not faults:
        faults_in(value)
        extract(value, Ground(PASSAGE))


@given(text=st.text())
def test_any_words_are_json_or_a_value_error(text: str) -> None:
    try:
        orjson.dumps(read_json(text))
    except ValueError:
        return


@given(text=st.text(max_size=40))
def test_a_predicate_is_in_one_form(text: str) -> None:
    once = snake_case(text)
    assert snake_case(once) == once
    assert " " not in once
