"""A server on loopback that speaks OpenAI's chat protocol and says what a test tells it to.

    with ModelServer() as server:
        server.says("Ann", entities=[...], facts=[...])   # of every text with this word in it
        server.next(Answer(429, headers={"Retry-After": "0"}))   # once, whatever is asked

What comes next goes before what is said of a text. It counts the calls and keeps what it was sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from tests.loopback import Loopback

_EMPTY: dict[str, Any] = {"entities": [], "facts": []}


@dataclass(frozen=True)
class Answer:
    """One answer: a message of the model (200), or a body as it stands."""

    status: int = 200
    content: Any = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    delay_s: float = 0.0
    hangs_up: bool = False


@dataclass(frozen=True)
class Asked:
    """One call."""

    path: str
    headers: dict[str, str]
    json: dict[str, Any]

    @property
    def words(self) -> str:
        """All that the model is told."""
        return "\n".join(message["content"] for message in self.json["messages"])

    @property
    def text(self) -> str:
        """The passage."""
        words: str = self.json["messages"][1]["content"]
        inner = words.partition("<<<TEXT ")[2].partition("\n<<<END OF TEXT ")[0]
        return inner.partition("\n")[2]


class ModelServer(Loopback):
    """Args:
    key: the key that is wanted, None takes any.
    forms: the response formats that the model takes; others are refused with 400.
    usage: what each answer says of its tokens.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        forms: tuple[str, ...] = ("json_schema", "json_object", "text"),
        usage: Any = None,
    ) -> None:
        self.key = key
        self.forms = forms
        self.usage = usage
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._next: deque[Answer] = deque()
        self._of_texts: list[tuple[str, Answer]] = []

    @property
    def calls(self) -> int:
        return len(self.asked)

    def next(self, *answers: Answer) -> None:
        """Give these answers, one after the other, before any other."""
        self._next.extend(answers)

    def of(self, word: str, answer: Answer) -> None:
        """Give this answer to every text that holds a word; what was said last goes first."""
        self._of_texts.insert(0, (word, answer))

    def says(self, word: str, **answer: Any) -> None:
        """Let the model say this of every text that holds a word."""
        self.of(word, Answer(content=_EMPTY | answer))

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _Handler

    def __enter__(self) -> Self:
        super().__enter__()
        self.url += "/v1"
        return self

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a call."""
        with self._lock:
            self.asked.append(asked)
            if self.key is not None and asked.headers.get("authorization") != f"Bearer {self.key}":
                told = f"Incorrect API key: {asked.headers.get('authorization')}"
                return Answer(401, body={"error": {"message": told, "code": "invalid_api_key"}})
            form = asked.json.get("response_format", {"type": "text"})["type"]
            if form not in self.forms:
                return Answer(400, body={"error": {"message": f"{form} is not supported"}})
            if self._next:
                return self._next.popleft()
        fitting = (answer for word, answer in self._of_texts if word in asked.text)
        return next(fitting, Answer(content=_EMPTY))


class _Handler(BaseHTTPRequestHandler):
    double: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer takes 40 ms

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.double.answer(Asked(self.path, headers, sent))
        if answer.delay_s:
            time.sleep(answer.delay_s)
        if answer.hangs_up:
            self.close_connection = True
            return
        data = self._data(answer, sent)
        try:
            self.send_response(answer.status)
            for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # nobody waits for it any more
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _data(self, answer: Answer, sent: dict[str, Any]) -> bytes:
        if isinstance(answer.body, bytes):
            return answer.body
        if answer.status != 200 or answer.body is not None:
            return json.dumps(answer.body).encode()
        said = answer.content if isinstance(answer.content, str) else json.dumps(answer.content)
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
        whole = {"object": "chat.completion", "model": sent["model"], "choices": [choice]}
        if self.double.usage is not None:
            whole["usage"] = self.double.usage
        return json.dumps(whole).encode()
