from __future__ import annotations

from cogx.derive.composition import Hybrid, Rederived
from cogx.derive.passages import PassageSize
from cogx.derive.plan import plan
from cogx.derive.vocabulary import VocabularyDeriver
from tests.unit.derive.made import Scripted, Source, document, entity, fact


def test_a_plan_counts_texts_passages_characters_and_tokens() -> None:
    source = Source(document("a", "x" * 150), document("b", "12345"), document("c", ""))
    made = plan(source, VocabularyDeriver(), PassageSize(25))
    assert (made.deriver, made.texts, made.passages) == ("vocabulary", 2, 3)
    assert (made.characters, made.tokens_in) == (155, 25 + 13 + 2)
    assert made.left_out == {"empty": 1}


def test_the_vocabulary_makes_no_calls() -> None:
    assert plan(Source(document("a", "x")), VocabularyDeriver(), PassageSize()).calls == 0


def test_another_deriver_makes_a_call_for_each_passage_unless_it_says_else() -> None:
    source = Source(document("a", "x"), document("b", "y"))
    assert plan(source, Scripted({}), PassageSize()).calls == 2


def test_a_mode_plans_without_deriving() -> None:
    deriver = Scripted({})
    with Hybrid(Source(document("a", "x")), deriver) as made:
        assert made.plan().passages == 1
        assert not hasattr(deriver, "known")


def test_rederive_plans_for_its_digests_too() -> None:
    source = Source(entity("a", "Ann", description="x"), fact("f", "a", "p", "a"))
    with Rederived(source, VocabularyDeriver(), keep_facts_as_text=True) as made:
        assert made.plan().texts == 2
