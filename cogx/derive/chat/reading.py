"""Knows how one passage is asked about, in one piece or in several; nothing about others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cogx.derive.chat.client import ChatClient
from cogx.derive.chat.dialect import Message
from cogx.derive.chat.extraction import Extraction, extract, faults_in
from cogx.derive.chat.grounding import Ground
from cogx.derive.chat.halves import halves
from cogx.derive.chat.prompt import ANSWER_NAME, answer_schema, passage_message, system_message
from cogx.derive.chat.properties import Properties
from cogx.derive.chat.records import iter_records
from cogx.errors import AnswerCut
from cogx.ports import Passage

if TYPE_CHECKING:
    from cogx.graph_schema.model import GraphSchema

_SPLITS: Final = 3
"""How often a passage is halved whose answer does not fit: to an eighth."""


@dataclass(slots=True)
class Reading:
    """What came of one passage."""

    records: list[Any] = field(default_factory=list)
    extractions: list[Extraction] = field(default_factory=list)
    splits: int = 0


class PassageReader:
    """Asks about passages, one at a time on each thread.

    ``system`` is the external_system that records get.
    """

    def __init__(
        self, client: ChatClient, schema: GraphSchema | None, instructions: str | None = None
    ) -> None:
        self._client = client
        self._form = answer_schema(schema)
        self._rules = system_message(schema, instructions)
        relations = schema.relations if schema else ()
        self._predicates = frozenset(relation.predicate for relation in relations)
        self._properties = Properties(schema) if schema else None
        self.system = "unknown"

    def messages(self, passage: Passage) -> list[Message]:
        """Return what the model is told first."""
        return [self._rules, passage_message(passage)]

    def read(self, passage: Passage) -> Reading:
        """Return what comes of a passage. Any thread may call.

        Raises:
            RemoteError, BudgetSpent: as :meth:`ChatClient.complete`.
        """
        reading = Reading()
        self._read(passage, 0, _SPLITS, reading)
        return reading

    def _read(self, passage: Passage, start: int, splits: int, reading: Reading) -> None:
        try:
            answer = self._client.complete(
                self.messages(passage), self._form, ANSWER_NAME, check=faults_in
            )
        except AnswerCut:
            parts = halves(passage) if splits else None
            if parts is None:
                raise
            reading.splits += 1
            for part, offset in parts:
                self._read(part, start + offset, splits - 1, reading)
            return
        ground = Ground(passage, start)
        extraction = extract(answer, ground, self._predicates, self._properties)
        reading.extractions.append(extraction)
        reading.records += iter_records(extraction, passage, ground, self.system)
