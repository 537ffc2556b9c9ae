"""Knows how a model is asked until its answer is JSON of the wanted form, or never will be.

It waits where it is told to, tries again what passes, tells the model what is wrong with its
answer, and stops for good where every further call would fail too. What the answer means is
another's business.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

from cogx.derive.chat.answers import Reply, judged, reply_in
from cogx.derive.chat.dialect import Dialect, Message, repair
from cogx.derive.chat.meter import Meter, tokens_of
from cogx.derive.chat.patience import MOST_WAIT_S, TRIES, Pause, is_passing, wait_of
from cogx.derive.chat.refusals import is_final, told_as
from cogx.derive.chat.settings import ChatSettings
from cogx.errors import (
    AnswerCut,
    MissingExtra,
    RemoteError,
    RemoteGarbled,
    RemoteUnavailable,
)
from cogx.remote.server import Server

REPAIRS: Final = 2
"""How often a model may mend one answer."""
FAILURES: Final = 5
"""So many calls that fail one after the other, in spite of all tries, end the run."""
MOST_ANSWER_BYTES: Final = 4 << 20
_ROUTE: Final = "/chat/completions"

Check = Callable[[dict[str, Any]], Sequence[str]]


class ChatClient:
    """Asks one model. Any thread may call; close it, closing twice is fine.

    ``report`` counts ``calls``, ``tokens_in``, ``tokens_out``, ``calls_estimated`` (calls whose
    tokens the endpoint did not tell), ``retries`` and ``repairs``. ``ended`` is the error after
    which no call is made any more: a key that is not accepted, a model that is not there, no
    credit, or an endpoint that fails and fails.

    Raises:
        MissingExtra: httpx is not installed.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        try:
            self._server = Server(
                settings.url, settings.api_key, silence_s=settings.timeout_s, bearer=True
            )
        except MissingExtra as error:
            raise MissingExtra("chat", "Asking a language model") from error
        self._meter = Meter(settings.budget_tokens)
        self._pause = Pause()
        self._lock = threading.Lock()
        self._dialect = Dialect()
        self._is_understood = False
        self._failures = 0
        self.ended: RemoteError | None = None

    def __repr__(self) -> str:
        return f"ChatClient({self._settings.url!r}, {self._settings.model!r})"

    @property
    def report(self) -> Counter[str]:
        """What was asked and what it took, by name."""
        return self._meter.report

    @property
    def has_answered(self) -> bool:
        """Tell whether the endpoint has answered any call."""
        return self._is_understood

    def complete(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        name: str,
        *,
        check: Check | None = None,
    ) -> dict[str, Any]:
        """Return the model's answer: a JSON object of this schema.

        Fields that the schema does not name may be in it; nobody should read them.

        Args:
            schema: a JSON Schema of an object, in the subset that strict endpoints take.
            name: of what is asked for, in letters and underscores.
            check: returns what else is wrong with an answer, in words for the model.

        What ``check`` finds, and a value that is no choice of an ``enum``, is told to the model;
        if it is still there after all repairs, the answer is returned with it.

        Raises:
            AnswerCut: the answer is longer than ``max_output_tokens``.
            BudgetSpent: the next call would pass the budget.
            RemoteGarbled: no answer is JSON of this schema.
            RemoteError: the endpoint cannot be reached or refuses; see ``ended``.
        """
        asked, usable, faults = list(messages), None, [""]
        for turn in range(1 + REPAIRS):
            reply = self._ask(asked, schema, name)
            answer, faults = judged(reply, schema)
            if answer is not None:
                usable = answer
                faults += check(answer) if check else []
            elif reply.is_cut:
                raise AnswerCut(
                    f"The model's answer is longer than {self._settings.max_output_tokens:,} "
                    "tokens. Allow more with --llm-option max_tokens=N."
                )
            if not faults:
                break
            if turn < REPAIRS:
                self._meter.count("repairs")
                asked = [*messages, *repair(reply.text, faults, schema)]
        if usable is None:
            raise RemoteGarbled(
                f"The model {self._settings.model!r} gives no answer of the wanted form, even "
                f"when told what is wrong: {faults[0]}. A larger model may do."
            )
        return usable

    def close(self) -> None:
        """Let go of the connections; calls that other threads are at are not tried again."""
        self.ended = self.ended or RemoteUnavailable("Nobody asks any more.")
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, messages: Sequence[Message], schema: Mapping[str, Any], name: str) -> Reply:
        """Return what the model says, asked in the way that this endpoint takes."""
        dialect = self._dialect
        while True:
            body = dialect.body(self._settings, messages, schema, name)
            try:
                reply = reply_in(self._answer(body))
            except RemoteError as error:
                # Where this way has been taken before, it is not the way that is refused.
                other = None if self._is_understood else dialect.after(error, self._settings)
                if other is None:
                    raise self._failed(error) from error.__cause__
                dialect = other
            else:
                with self._lock:
                    self._dialect, self._is_understood = dialect, True
                return reply

    def _answer(self, body: Mapping[str, Any]) -> Any:
        """Send a request until it is answered, as often as makes sense."""
        read = tokens_of(*(message["content"] for message in body["messages"]))
        estimate = read + min(self._settings.max_output_tokens, 64 + read // 2)
        for tried in range(1, TRIES + 1):
            self._pause.wait()
            if self.ended is not None:
                raise self.ended
            self._meter.reserve(estimate)
            try:
                answer = self._server.post_json(_ROUTE, body, most_bytes=MOST_ANSWER_BYTES)
            except BaseException as error:
                self._meter.release(estimate)
                if not isinstance(error, RemoteError) or not self._may_try_again(error, tried):
                    raise
            else:
                usage = answer.get("usage") if isinstance(answer, dict) else None
                self._meter.settle(estimate, usage, (read, tokens_of(str(answer))))
                self._failures = 0
                return answer
        raise AssertionError("the last try returns or raises")

    def _may_try_again(self, error: RemoteError, tried: int) -> bool:
        """Tell whether the same call is to be made again; if so, everybody waits before."""
        wait = wait_of(error, tried)
        if tried == TRIES or not is_passing(error) or wait > MOST_WAIT_S:
            return False
        self._meter.count("retries")
        self._pause.add(wait)
        return True

    def _failed(self, error: RemoteError) -> RemoteError:
        """Return how to tell that a call failed for good; take note if all further ones would."""
        with self._lock:
            if self.ended is not None:
                return self.ended
            self._failures += 1
            told = told_as(error, self._settings)
            if is_final(error) or self._failures >= FAILURES:
                self.ended = told
        return told
