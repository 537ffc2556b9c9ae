"""How one question is asked until it is answered, or never will be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cogx.derive.chat.client import FAILURES, MOST_ANSWER_BYTES, REPAIRS, ChatClient
from cogx.derive.chat.patience import TRIES
from cogx.derive.chat.settings import ChatSettings
from cogx.errors import (
    AnswerCut,
    BudgetSpent,
    MissingExtra,
    RemoteError,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
)
from tests.unit.derive.chat.conftest import Waits
from tests.unit.derive.chat.model_server import Answer, ModelServer

SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "note": {"type": ["string", "null"]},
    },
    "required": ["colour", "note"],
    "additionalProperties": False,
}
ASKED = [{"role": "system", "content": "You see."}, {"role": "user", "content": "What colour?"}]
RED = Answer(content={"colour": "red", "note": None})


@pytest.fixture
def client(model: ModelServer) -> Iterator[ChatClient]:
    with ChatClient(ChatSettings(model.url, "m", "s3cret", timeout_s=20)) as one:
        yield one


def asking(model: ModelServer, **settings: Any) -> ChatClient:
    return ChatClient(ChatSettings(model.url, "m", **settings))


def ask(client: ChatClient, **more: Any) -> dict[str, Any]:
    return client.complete(ASKED, SCHEMA, "colour", **more)


def test_the_answer_is_what_the_model_says(client: ChatClient, model: ModelServer) -> None:
    model.next(RED)
    assert ask(client) == {"colour": "red", "note": None}


def test_the_model_is_asked_as_the_settings_say(model: ModelServer) -> None:
    model.next(RED)
    settings = {"temperature": 0.3, "top_p": 0.9, "max_output_tokens": 99, "seed": 0}
    with asking(model, **settings) as client:
        ask(client)
    (asked,) = model.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.json == {
        "model": "m",
        "messages": ASKED,
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 99,
        "seed": 0,
        "stream": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "colour", "strict": True, "schema": SCHEMA},
        },
    }


def test_a_temperature_of_nought_is_asked_for_unless_told_otherwise(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(RED)
    ask(client)
    assert model.asked[0].json["temperature"] == 0
    assert not model.asked[0].json.keys() & {"top_p", "seed"}


def test_the_key_goes_into_its_header_and_nowhere_else(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(RED)
    ask(client)
    headers = dict(model.asked[0].headers)
    assert headers.pop("authorization") == "Bearer s3cret"
    assert "s3cret" not in f"{headers} {model.asked[0].json} {client!r}"


# What a model says, and how it is mended


@pytest.mark.parametrize(
    "content",
    [
        '```json\n{"colour": "red", "note": null}\n```',
        'Sure! Here it is: {"colour": "red", "note": null} Anything else?',
        '<think>Is it {"colour": "blue"}? No.</think>\n{"colour": "red", "note": null}',
        '{"colour": "red"}',
        '{"colour": "red", "note": null, "is_admin": true}',
    ],
)
def test_an_answer_is_read_as_models_write_it(
    client: ChatClient, model: ModelServer, content: str
) -> None:
    model.next(Answer(content=content))
    assert ask(client)["colour"] == "red"
    assert client.report["repairs"] == 0


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("I cannot see.", "That is no JSON"),
        ("[]", "That is no JSON object."),
        ('{"colour": 7}', "$.colour: 7 is not of type 'string'"),
        ("{}", "'colour' is a required property"),
        ('{"colour": "\\ud800"}', "That is no JSON"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "That is no JSON"),
        ("", "That is no JSON"),
    ],
)
def test_the_model_is_told_what_is_wrong_and_mends_it(
    client: ChatClient, model: ModelServer, content: str, fault: str
) -> None:
    model.next(Answer(content=content), RED)
    assert ask(client)["colour"] == "red"
    said, told = model.asked[1].json["messages"][-2:]
    assert said == {"role": "assistant", "content": content[:20_000] or "(nothing)"}
    assert fault in told["content"]
    assert client.report["repairs"] == 1


def test_after_so_many_repairs_it_is_enough(client: ChatClient, model: ModelServer) -> None:
    model.next(*[Answer(content="no")] * 9)
    with pytest.raises(RemoteGarbled, match="A larger model may do"):
        ask(client)
    assert model.calls == 1 + REPAIRS


def test_what_another_check_finds_is_told_too(client: ChatClient, model: ModelServer) -> None:
    model.next(RED, Answer(content={"colour": "blue", "note": None}))
    answer = ask(client, check=lambda one: ["not red!"] if one["colour"] == "red" else [])
    assert answer["colour"] == "blue"
    assert "not red!" in model.asked[1].words


def test_what_another_check_still_finds_is_left_to_the_caller(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(*[RED] * 3)
    assert ask(client, check=lambda one: ["not red!"])["colour"] == "red"


def test_the_last_answer_that_could_be_read_is_taken(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(RED, Answer(content="no"), Answer(content="no"))
    assert ask(client, check=lambda one: ["not red!"])["colour"] == "red"


def test_a_choice_that_is_none_is_told_and_then_left_to_the_caller(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(*[Answer(content={"colour": "green", "note": None})] * 3)
    assert ask(client)["colour"] == "green"
    assert "'green' is not one of ['red', 'blue']" in model.asked[1].words


def test_an_answer_without_an_end_is_told(client: ChatClient, model: ModelServer) -> None:
    model.next(Answer(content='{"colour": "re', finish_reason="length"))
    with pytest.raises(AnswerCut, match="max_tokens"):
        ask(client)


def test_an_answer_that_just_fits_is_taken(client: ChatClient, model: ModelServer) -> None:
    model.next(Answer(content=RED.content, finish_reason="length"))
    assert ask(client)["colour"] == "red"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "no message of a model"),
        ([], "no message of a model"),
        ({"choices": []}, "no message of a model"),
        ({"choices": [None]}, "no message of a model"),
        ({"choices": [{"message": "x"}]}, "no message of a model"),
        ({"choices": [{"message": {"content": None, "refusal": "Not this."}}]}, "Not this."),
        ({"choices": [{"message": {}, "finish_reason": "content_filter"}]}, "content filter"),
        (b"<html>", "not JSON"),
        (b'"' + b"x" * MOST_ANSWER_BYTES + b'"', "longer than"),
    ],
)
def test_an_answer_without_words_is_told(
    client: ChatClient, model: ModelServer, body: Any, told: str
) -> None:
    model.next(Answer(body=body))
    with pytest.raises(RemoteGarbled, match=told):
        ask(client)


def test_words_in_parts_are_put_together(client: ChatClient, model: ModelServer) -> None:
    parts = [{"type": "text", "text": '{"colour":'}, {"type": "text", "text": '"red"}'}, 7]
    model.next(Answer(body={"choices": [{"message": {"content": parts}}]}))
    assert ask(client)["colour"] == "red"


# Endpoints that take less


@pytest.mark.parametrize("form", ["json_object", "text"])
def test_an_endpoint_that_takes_less_is_asked_in_words(form: str) -> None:
    with ModelServer(forms=(form,)) as model, asking(model) as client:
        model.next(RED, RED)
        assert ask(client)["colour"] == "red"
        assert '"enum":["red","blue"]' in model.asked[-1].words
        calls = model.calls
        ask(client)
        assert model.calls == calls + 1  # it is remembered


def test_an_endpoint_may_want_another_name_for_the_most_tokens(
    client: ChatClient, model: ModelServer
) -> None:
    message = "'max_tokens' is not supported, use 'max_completion_tokens' instead."
    model.next(Answer(400, body={"error": {"message": message}}), RED)
    ask(client)
    assert model.asked[1].json["max_completion_tokens"] == 4096
    assert "max_tokens" not in model.asked[1].json
    assert "response_format" in model.asked[1].json


def test_an_endpoint_may_want_its_own_temperature(client: ChatClient, model: ModelServer) -> None:
    message = "'temperature' does not support 0 with this model."
    model.next(Answer(400, body={"error": {"message": message}}), RED)
    ask(client)
    assert "temperature" not in model.asked[1].json


def test_a_model_without_a_system_is_told_the_rules_by_the_user(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(Answer(400, body={"error": {"message": "System role not supported"}}), RED)
    ask(client)
    assert model.asked[1].json["messages"] == [
        {"role": "user", "content": "You see.\n\nWhat colour?"}
    ]


def test_the_roles_of_messages_alternate() -> None:
    with ModelServer(forms=("text",)) as model, asking(model) as client:
        model.next(Answer(content="no"), RED)
        ask(client)
        roles = [message["role"] for message in model.asked[-1].json["messages"]]
        assert roles == ["system", "user", "assistant", "user"]


def test_a_temperature_that_was_asked_for_is_not_left_out(model: ModelServer) -> None:
    message = "'temperature' does not support 0.3 with this model."
    model.next(*[Answer(400, body={"error": {"message": message}})] * 3)
    with (
        asking(model, temperature=0.3) as client,
        pytest.raises(RemoteRefused, match="does not support"),
    ):
        ask(client)


def test_one_refused_question_changes_nothing_for_the_next(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(RED, Answer(400, body={"error": {"message": "too long"}}), RED)
    ask(client)
    with pytest.raises(RemoteRefused, match="too long"):
        ask(client)
    ask(client)
    assert [asked.json["response_format"]["type"] for asked in model.asked] == ["json_schema"] * 3


# What passes


@pytest.mark.parametrize(
    "failure",
    [
        Answer(429, body={"error": {"message": "slow down"}}),
        Answer(500, body=b"oops"),
        Answer(503, body=b""),
        Answer(hangs_up=True),
    ],
    ids=["429", "500", "503", "hangs up"],
)
def test_what_passes_is_tried_again(
    client: ChatClient, model: ModelServer, failure: Answer
) -> None:
    model.next(failure, failure, RED)
    assert ask(client)["colour"] == "red"
    assert (client.report["calls"], client.report["retries"]) == (1, 2)


def test_a_silent_endpoint_is_asked_again(model: ModelServer) -> None:
    model.next(Answer(content={}, delay_s=1.5), RED)
    with asking(model, timeout_s=1.0) as client:
        assert ask(client)["colour"] == "red"
        assert client.report["retries"] == 1


def test_it_waits_as_long_as_it_is_told_to(
    client: ChatClient, model: ModelServer, waits: Waits
) -> None:
    model.next(Answer(429, headers={"Retry-After": "7"}), RED)
    ask(client)
    assert 6 < sum(waits) <= 7


def test_it_waits_until_the_date_it_is_told(
    client: ChatClient, model: ModelServer, waits: Waits
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    model.next(Answer(503, headers={"Retry-After": date}), RED)
    ask(client)
    assert 90 < sum(waits) <= 100


def test_without_a_word_it_waits_longer_each_time(
    client: ChatClient, model: ModelServer, waits: Waits
) -> None:
    model.next(*[Answer(500)] * 3, RED)
    ask(client)
    assert waits == sorted(waits)


def test_it_does_not_try_for_ever(client: ChatClient, model: ModelServer) -> None:
    model.next(*[Answer(500, body=b"oops")] * 99)
    with pytest.raises(RemoteRefused, match="500: oops"):
        ask(client)
    assert model.calls == TRIES
    assert client.ended is None


# What ends everything


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401, body={"error": {"message": "no"}}), "The key is not accepted"),
        (Answer(403, body={"error": {"message": "no"}}), "The key is not accepted"),
        (Answer(404, body={"error": {"message": "model 'm' not found"}}), "There is no model 'm'"),
        (Answer(402, body={"error": {"message": "pay"}}), "no credit"),
        (
            Answer(429, body={"error": {"message": "pay", "code": "insufficient_quota"}}),
            "no credit",
        ),
        (Answer(429, headers={"Retry-After": "86400"}), "left alone \\(86400\\)"),
        (Answer(307, headers={"Location": "http://other.example/v1"}), "another server"),
    ],
)
def test_what_every_call_would_meet_ends_everything(
    client: ChatClient, model: ModelServer, answer: Answer, told: str
) -> None:
    model.next(answer)
    with pytest.raises(RemoteRefused, match=told) as first:
        ask(client)
    with pytest.raises(RemoteRefused) as second:
        ask(client)
    assert first.value is second.value is client.ended
    assert model.calls == 1


def test_the_key_is_in_no_error(model: ModelServer) -> None:
    model.key = "another"
    with asking(model, api_key="s3cret") as client, pytest.raises(RemoteRefused) as error:
        ask(client)
    assert "s3cret" not in f"{error.value!r} {error.value.context}"


def test_without_a_key_it_says_where_one_comes_from(model: ModelServer) -> None:
    model.key = "another"
    with asking(model) as client, pytest.raises(RemoteRefused, match="COGX_LLM_API_KEY"):
        ask(client)


def test_an_endpoint_that_fails_and_fails_is_left_alone(
    client: ChatClient, model: ModelServer
) -> None:
    model.next(*[Answer(500)] * 999)
    for _ in range(FAILURES + 3):
        with pytest.raises(RemoteRefused):
            ask(client)
    assert model.calls == FAILURES * TRIES


def test_failures_between_answers_end_nothing(client: ChatClient, model: ModelServer) -> None:
    for _ in range(FAILURES + 1):
        model.next(RED, *[Answer(500)] * TRIES)
        ask(client)
        with pytest.raises(RemoteRefused):
            ask(client)
    assert client.ended is None


def test_an_endpoint_that_is_not_there_is_told() -> None:
    with ModelServer() as gone:
        pass
    with asking(gone) as client, pytest.raises(RemoteUnavailable, match="Check the address"):
        ask(client)


def test_a_closed_client_asks_no_more(client: ChatClient, model: ModelServer) -> None:
    client.close()
    client.close()
    with pytest.raises(RemoteError):
        ask(client)
    assert model.calls == 0


# What it takes


def test_tokens_are_those_that_the_endpoint_counts(client: ChatClient, model: ModelServer) -> None:
    model.usage = {"prompt_tokens": 11, "completion_tokens": 5}
    model.next(Answer(content="no"), RED)
    ask(client)
    assert client.report == {"calls": 2, "tokens_in": 22, "tokens_out": 10, "repairs": 1}


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": -1, "completion_tokens": "5"}, {"prompt_tokens": 1e9}]
)
def test_tokens_that_are_not_told_are_estimated(
    client: ChatClient, model: ModelServer, usage: Any
) -> None:
    model.usage = usage
    model.next(RED)
    ask(client)
    report = client.report
    assert report["calls_estimated"] == 1
    assert report["tokens_in"] == 5  # 20 letters
    assert report["tokens_out"] > 0


def test_no_call_is_made_beyond_the_budget(model: ModelServer) -> None:
    model.usage = {"prompt_tokens": 300, "completion_tokens": 300}
    model.next(*[RED] * 9)
    with asking(model, budget_tokens=1000) as client:
        ask(client)
        ask(client)
        with pytest.raises(BudgetSpent, match="1,200 were taken by 2 so far"):
            ask(client)
    assert model.calls == 2


def test_what_failed_takes_nothing_from_the_budget(model: ModelServer) -> None:
    model.next(*[Answer(500)] * (TRIES - 1), RED)
    with asking(model, budget_tokens=100) as client:
        assert ask(client)["colour"] == "red"


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"cogx\[chat\]"):
        ChatClient(ChatSettings("http://localhost:1/v1", "m"))
