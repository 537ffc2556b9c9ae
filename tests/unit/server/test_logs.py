"""The log is a line for each event, for programs or for people, and holds no secret."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from cogx.server.logs import REQUEST, JsonLines, Readable, configure, without_secrets

from .serving import serving

PASSWORD = "correct-horse-battery"
SECRETS = {
    "FASTAPI_USERS_JWT_SECRET": "signing-signing-signing-signing-signing",
    "DEFAULT_USER_PASSWORD": "default-horse-battery",
    "COGX_LLM_API_KEY": "sk-model-model-model",
}


def record(message: str, *values: Any, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("cogx.tests").makeRecord(
        "cogx.tests", logging.INFO, "file", 1, message, values, None, extra=extra
    )


def failure(text: str) -> logging.LogRecord:
    try:
        raise ValueError(text)
    except ValueError:
        made = record("it failed")
        made.exc_info = sys.exc_info()
        return made


def test_a_line_for_programs_is_json_with_its_fields() -> None:
    line = json.loads(JsonLines().format(record("job ends", job="j", seconds=1.5)))
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO", "logger": "cogx.tests", "message": "job ends", "job": "j", "seconds": 1.5,
    }  # fmt: skip


def test_a_line_has_the_id_of_the_request_that_is_answered() -> None:
    token = REQUEST.set("r1")
    try:
        line = json.loads(JsonLines().format(record("something")))
    finally:
        REQUEST.reset(token)
    assert line["request"] == "r1"


def test_a_traceback_is_one_line_for_programs() -> None:
    text = JsonLines().format(failure("wrong"))
    assert "\n" not in text
    assert json.loads(text)["trace"].endswith("ValueError: wrong")


def test_a_traceback_has_lines_for_people() -> None:
    assert Readable().format(failure("wrong")).split("\n")[-1] == "ValueError: wrong"


def test_nothing_steers_a_terminal_or_begins_a_line_of_its_own() -> None:
    line = Readable().format(record("name %s", "\x1b[2J\nfaked", path="a\rb"))
    assert line.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer geheim",
        "X-Api-Key: geheim",
        "GET /x?token=geheim&limit=1",
        '{"password": "geheim"}',
        "postgresql://cogx:geheim@host/db",
        "auth_token=geheim; Path=/",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str) -> None:
    assert "geheim" not in without_secrets(text)


def test_other_texts_stay_as_they_are() -> None:
    text = "job ends: 3 tokens of 5, secretary at http://host:80/path"
    assert without_secrets(text) == text


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("cogx")
    kept = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level, ours.level = kept


@pytest.mark.usefixtures("_logging_as_it_was")
def test_of_libraries_only_what_goes_wrong_is_logged() -> None:
    stream = StringIO()
    configure(as_json=True, stream=stream)
    logging.getLogger("httpx").info("GET https://host?token=geheim")
    logging.getLogger("cogx.server").info("ours")
    assert [json.loads(one)["message"] for one in stream.getvalue().splitlines()] == ["ours"]


def session(client: httpx.Client) -> list[str]:
    """Do all that has to do with secrets, well and wrongly; return those that came up."""
    user = {"email": "ada@example.com", "password": PASSWORD}
    login = {"username": user["email"], "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=user).status_code == 201
    token = client.post("/api/v1/auth/login", data=login).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    made = client.post("/api/v1/auth/api-keys", json={"name": "mine"}, headers=bearer)
    key = made.json()["key"]
    client.post("/api/v1/auth/login", data=login | {"password": "wrong-horse"})
    client.get("/api/v1/datasets", headers={"X-Api-Key": key})
    client.get("/api/v1/datasets", headers={"X-Api-Key": "wrong-key"})
    client.get("/api/v1/datasets", params={"api_key": key, "token": token})
    files = {"data": ("a.txt", b"Ada met Babbage.")}
    form = {"datasetName": "kb", "raw_data": "My diary says so.", "run_in_background": "true"}
    client.post("/api/v1/remember", data=form, files=files, headers=bearer)
    client.post("/api/v1/auth/login", content=b"\0" + PASSWORD.encode(), headers=bearer)
    return [PASSWORD, token, key, "wrong-horse", "wrong-key", "My diary", "met Babbage"]


def test_no_secret_and_no_content_is_in_the_log_of_a_session(tmp_path: Path) -> None:
    with serving(tmp_path / "data", REQUIRE_AUTHENTICATION="true", **SECRETS) as server:
        secrets = session(server.client)
        server.end(signal.SIGTERM)
        text = server.log.read_text()
    assert "/api/v1/auth/login" in text
    assert [one for one in [*secrets, *SECRETS.values()] if one in text] == []
