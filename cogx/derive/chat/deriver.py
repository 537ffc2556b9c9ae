"""Knows how a model's answers become the records of passages, several at once and in order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cogx.codec.canonical import encode
from cogx.derive.chat.client import ChatClient
from cogx.derive.chat.meter import tokens_of
from cogx.derive.chat.ordered import iter_ordered
from cogx.derive.chat.prompt import PROMPT_VERSION
from cogx.derive.chat.reading import PassageReader, Reading
from cogx.derive.chat.settings import ChatSettings
from cogx.errors import BudgetSpent, RemoteError
from cogx.ports import Passage, RecordSource, Underived
from cogx.transform.examples import Examples

if TYPE_CHECKING:
    from cogx.graph_schema.model import GraphSchema

_EXAMPLES: Final = 10
_ANSWER_TOKENS: Final = 80
"""What an answer holds beside what it takes from the text; a guess, as its share below is."""


class ChatDeriver:
    """Asks a language model what a passage says, and takes what stands in the passage.

    Entities have the ids of their names, whatever is known: :class:`cogx.derive.linked.Linked`
    sees to that. A passage that cannot be derived, in spite of all, is
    Underived; the run ends where every call would fail (see :class:`ChatClient`), and where none
    was ever answered. ``report`` counts what the client counts, ``splits`` (passages cut in two
    as the answer did not fit), ``entities_unsupported``, ``facts_unsupported``,
    ``facts_unjoined``, ``times_unsupported`` and ``values_unsupported``.

    Args:
        settings: which model is asked; None takes them from the environment.
        schema: the entity types and relations that are wanted. The model is bound to it as far
            as the endpoint can; see :mod:`cogx.derive.constrained` for who makes sure.
        instructions: what is wanted besides, in words: an extraction prompt.

    Raises:
        MissingExtra: httpx is not installed.
        BadSetting: the environment names no model.
    Cost: as many passages in memory as twice the calls at once.
    """

    name = "chat"
    version = "1"
    calls_per_passage = 1
    overlap_tokens = 60
    names_are_ids = True

    def __init__(
        self,
        settings: ChatSettings | None = None,
        schema: GraphSchema | None = None,
        instructions: str | None = None,
    ) -> None:
        self._settings = settings or ChatSettings.from_environment()
        self._schema = schema
        self._instructions = instructions
        self._client = ChatClient(self._settings)
        self._reader = PassageReader(self._client, schema, instructions)
        self.concurrency = self._settings.concurrency
        self._counts: Counter[str] = Counter()
        self.examples = Examples()

    @property
    def report(self) -> Counter[str]:
        """What was asked, what it took, and what was left out, by name."""
        return self._client.report + self._counts

    @property
    def origin(self) -> dict[str, str]:
        """What stands with every record beside the deriver's name."""
        return {"model": self._settings.model, "prompt": PROMPT_VERSION}

    @cached_property
    def cache_key(self) -> str:
        """All that an answer depends on but the passage: the endpoint, its model, the question."""
        asked = self._settings
        parts = [
            *(asked.url, asked.model, PROMPT_VERSION, asked.temperature, asked.top_p),
            *(asked.seed, asked.max_output_tokens, self._schema.digest if self._schema else None),
            *([self._instructions] if self._instructions else []),
        ]
        return hashlib.sha256(encode(parts)).hexdigest()

    def estimate(self, passage: Passage) -> tuple[int, int]:
        """Return about how many tokens a passage takes, in and out, if the first answer is good."""
        read = tokens_of(*(message["content"] for message in self._reader.messages(passage)))
        written = _ANSWER_TOKENS + tokens_of(passage.text)
        return read, min(written, self._settings.max_output_tokens)

    def cost_of(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what so many tokens cost, None without prices."""
        cost = self._settings.cost(tokens_in, tokens_out)
        return None if cost is None else float(cost)

    def prepare(self, known: RecordSource) -> None:
        """Learn of which system the records are to be."""
        self._reader.system = known.system

    def derive(
        self, passages: Iterable[Passage]
    ) -> Iterator[tuple[Passage, Sequence[Any] | Underived]]:
        """Yield each passage with its records.

        Raises:
            BudgetSpent: the next call would pass the budget.
            RemoteError: further calls make no sense.

        Both come once all is yielded that was answered.
        """
        spent: BudgetSpent | None = None
        failure: RemoteError | None = None
        outcomes = iter_ordered(
            self._reader.read,
            passages,
            threads=self._settings.concurrency,
            may_go_on=lambda: spent is None and self._client.ended is None,
        )
        for passage, outcome in outcomes:
            error = outcome.exception()
            if error is None:
                yield passage, self._taken(outcome)
                continue
            if isinstance(error, BudgetSpent):
                spent = error
            elif isinstance(error, RemoteError):
                failure = error
            else:
                raise error
            yield passage, Underived(str(error))
        # What was answered behind the end of it all is paid for: it has been yielded.
        if self._client.ended is not None:
            raise self._client.ended
        if spent is not None:
            raise spent
        if failure is not None and not self._client.has_answered:
            raise failure

    def close(self) -> None:
        """Let go of the connections. May be called twice."""
        self._client.close()

    def _taken(self, outcome: Future[Reading]) -> list[Any]:
        """Return the records of a passage, and count. In the order of the passages."""
        made = outcome.result()
        if made.splits:
            self._counts["splits"] += made.splits
        for extraction in made.extractions:
            self._counts += extraction.counts
            for name, example in extraction.examples:
                self.examples.note(name, example, most=_EXAMPLES)
        return made.records
