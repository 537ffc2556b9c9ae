"""Knows how what a caller asks of deriving becomes a deriver at work; derives nothing itself."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cogx.errors import BadSetting
from cogx.ports import Deriver, RecordSource

if TYPE_CHECKING:
    from cogx.derive.composition import Hybrid, Rederived
    from cogx.derive.passages import PassageSize
    from cogx.engine.receipt import Receipt
    from cogx.graph_schema.model import GraphSchema

DEFAULT: Final = "vocabulary"
CHAT: Final = "chat"
FAILED: Final = "derive.passages"
"""The code of a loss: passages that could not be derived."""


@dataclass(frozen=True, slots=True)
class Deriving:
    """What hybrid and re-derive are to do.

    Args:
        deriver: the name of a deriver, or one.
        passage_tokens, overlap_tokens: see :class:`cogx.derive.passages.PassageSize`; default
            500, and what the deriver wants.
        lexical_graph: make nodes of the passages of longer texts.
        schema: keep out what it does not allow.
        cache: keep results of derivers that can be kept, and use those that are there.
        keep_facts_as_text: in re-derive, derive from what the graph says, too.
        known: what is known beside the source: the names in the store that it goes into.
    """

    deriver: str | Deriver = DEFAULT
    passage_tokens: int | None = None
    overlap_tokens: int | None = None
    lexical_graph: bool = True
    schema: GraphSchema | None = None
    cache: bool = True
    keep_facts_as_text: bool = False
    known: RecordSource | None = None

    def check(self, mode: str) -> None:
        """Say what is wrong before anything is read.

        Raises:
            BadSetting: an option of another mode, or sizes that cannot be.
        """
        if self.keep_facts_as_text and mode != "re-derive":
            raise BadSetting(
                "Facts are kept as text in --mode re-derive only; other modes keep them as facts."
            )
        if self.schema is not None and mode == "preserve":
            raise BadSetting(
                "A schema says what may be derived, and --mode preserve derives nothing. "
                "Import with --mode hybrid or re-derive, or leave the schema out."
            )
        if mode != "preserve":
            self._size(0)

    def stage(
        self, records: RecordSource, mode: str, *, allow_empty: bool, stack: ExitStack
    ) -> Hybrid | Rederived:
        """Return the stage that derives; what it holds is released by the stack.

        Raises:
            UnknownName, MissingExtra, BadSetting: there is no such deriver here.
        """
        from cogx.derive.composition import Hybrid, Rederived  # noqa: PLC0415 - only if asked for

        deriver = self._made(stack)
        size = self._size(getattr(deriver, "overlap_tokens", 0))
        made: Hybrid | Rederived
        if mode == "hybrid":
            made = Hybrid(records, deriver, size=size, lexical_graph=self.lexical_graph)
        else:
            made = Rederived(
                records,
                deriver,
                keep_facts_as_text=self.keep_facts_as_text,
                size=size,
                lexical_graph=self.lexical_graph,
                allow_empty=allow_empty,
            )
        stack.callback(made.close)
        return made

    def _size(self, overlap: int) -> PassageSize:
        from cogx.derive.passages import PASSAGE_TOKENS, PassageSize  # noqa: PLC0415

        tokens = PASSAGE_TOKENS if self.passage_tokens is None else self.passage_tokens
        wanted = min(overlap, tokens) if self.overlap_tokens is None else self.overlap_tokens
        return PassageSize(tokens, wanted)

    def _made(self, stack: ExitStack) -> Deriver:
        if isinstance(self.deriver, str):
            made = self._named(self.deriver)
            if hasattr(made, "close"):
                stack.callback(made.close)
        elif isinstance(self.deriver, Deriver):
            made = self.deriver
        else:
            raise BadSetting(
                f"{self.deriver!r} is no deriver: it has no name, version, prepare() and derive(). "
                "Give the name of a deriver, or an object that has these."
            )
        return self._around(made, stack)

    def _around(self, deriver: Deriver, stack: ExitStack) -> Deriver:
        """Return a deriver with its cache, links to what is known, and a schema around it."""
        if self.cache and getattr(deriver, "cache_key", None) is not None:
            from cogx.derive.cache import ResultCache  # noqa: PLC0415 - only if it is used
            from cogx.derive.cached import Cached  # noqa: PLC0415

            deriver = Cached(deriver, stack.enter_context(ResultCache()))
        if getattr(deriver, "names_are_ids", False):
            from cogx.derive.linked import Linked  # noqa: PLC0415

            # Outside the cache: what a text says stays, what is known beside it changes.
            deriver = Linked(deriver)
        if self.schema is not None:
            from cogx.derive.constrained import Constrained  # noqa: PLC0415

            constrained = Constrained(deriver, self.schema)
            stack.callback(constrained.close)
            # Outside of it all: what is known has a type, too.
            deriver = constrained
        if self.known is not None:
            from cogx.derive.knowing import Knowing  # noqa: PLC0415

            deriver = Knowing(deriver, self.known)
        return deriver

    def _named(self, name: str) -> Deriver:
        from cogx.derive.registry import deriver_named  # noqa: PLC0415

        if name == CHAT and self.schema is not None:
            return deriver_named(name, schema=self.schema)
        return deriver_named(name)


def tell(derived: Any, receipt: Receipt) -> None:
    """Say in a receipt what was derived; passages that could not be are a loss."""
    receipt.derived |= dict(derived.report)
    receipt.notes += derived.notes
    examples = dict(derived.examples)
    failed = receipt.derived.get("passages_failed", 0)
    if failed:
        receipt.losses[FAILED] = failed
        receipt.examples[FAILED] = examples.pop("passages_failed", [])
    receipt.examples |= examples
    receipt.cost = derived.cost
    if receipt.derived.get("not_cached"):
        receipt.notes.append(
            "Some results could not be kept in the cache, so another import derives them again."
        )
