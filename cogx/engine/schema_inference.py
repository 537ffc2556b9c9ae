"""Knows how the schema of graphs and texts is found: by counting, by their form, or by a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from cogx.derive.texts import iter_texts, iter_whole
from cogx.engine.graph_counting import count_graph
from cogx.engine.graph_sources import name_of, opened
from cogx.errors import BadSetting, EmptyGraph, UnknownName
from cogx.graph_schema.building import schema_of
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.observations import Observations
from cogx.graph_schema.texts.inference import observe_texts
from cogx.graph_schema.texts.sampling import SAMPLE_CHARACTERS, sample
from cogx.limits import Limits
from cogx.ports import RecordSource
from cogx.progress import SILENT, Progress
from cogx.text_files import FileText

if TYPE_CHECKING:
    from cogx.derive.chat.settings import ChatSettings

DERIVERS: Final = ("structure", "chat")
_TITLE: Final = "Inferred"


def infer_schema(
    *sources: Any,
    title: str | None = None,
    deriver: str = "structure",
    settings: ChatSettings | None = None,
    sample_characters: int = SAMPLE_CHARACTERS,
    everything: bool = False,
    examples: bool = True,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> GraphSchema:
    """Propose the schema of the graphs and texts in some sources.

    A graph is counted: its types, their properties, the relations between types. It keeps to the
    schema that comes of it. A text, or an archive that holds texts only, is read by its form.
    With ``chat`` a model reads all texts, those in archives too, and graphs are not counted.

    Args:
        sources: archives, stores and files, as :func:`cogx.engine.graph_sources.opened` takes
            them.
        title: what the graph is called; default the first source's name.
        deriver: ``structure``, or ``chat``, which asks a language model once.
        settings: which model; for ``chat``.
        sample_characters: how much of the texts the model is shown; see
            :func:`cogx.graph_schema.texts.sampling.sample`.
        everything: count also what cognee keeps house with (chunks, summaries, sets).
        examples: whether names and values stand in the schema as examples.
        lenient, limits: how archives are read.

    Raises:
        EmptyGraph: nothing is found in the sources.
        BadSetting: a source or a setting cannot be used.
        RemoteError: the model cannot be asked, or gives no schema.
    Cost: as :func:`cogx.engine.graph_counting.count_graph`; texts in memory.
    """
    if deriver not in DERIVERS:
        raise UnknownName("way to infer a schema", deriver, DERIVERS)
    reading = _Reading(lenient, limits, progress)
    if deriver == "chat":
        if settings is None:
            raise BadSetting("Which model is to read the texts? Give its settings, with its URL.")
        texts = [text for one in sources for text in reading.texts(one)]
        return infer_with_model(texts, settings, title=title, sample_characters=sample_characters)
    seen = Observations()
    notes = [note for one in sources for note in reading.observe(one, seen, everything)]
    if not seen.types:
        raise EmptyGraph(
            "There is no graph in the sources, and no text with the form of things. Let a "
            "language model read the texts (--deriver chat), or write the schema by hand."
        )
    named = title or next(filter(None, map(name_of, sources)), _TITLE)
    return schema_of(seen, title=named, examples=examples, notes=tuple(notes))


def infer_with_model(
    texts: list[str],
    settings: ChatSettings,
    *,
    title: str | None = None,
    sample_characters: int = SAMPLE_CHARACTERS,
) -> GraphSchema:
    """Return the graph schema that a language model proposes for some texts.

    The texts are joined by blank lines, and a sample of them is shown: one call, if all goes well.

    Raises:
        EmptyGraph: there is no text.
        RemoteError: the model cannot be asked, or gives no schema.
    """
    from cogx.derive.chat.client import ChatClient  # noqa: PLC0415 - only if a model is asked
    from cogx.graph_schema.proposal import (  # noqa: PLC0415
        ANSWER,
        ANSWER_NAME,
        INSTRUCTIONS,
        faults_in_proposal,
        schema_proposed,
        texts_told,
    )

    whole = "\n\n".join(text for text in texts if text.strip())
    if not whole:
        raise EmptyGraph("There is no text in the sources for a model to read.")
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": texts_told(sample(whole, sample_characters))},
    ]
    with ChatClient(settings) as client:
        answer = client.complete(messages, ANSWER, ANSWER_NAME, check=faults_in_proposal)
        report = client.report
    took = (
        f"The model read {report['tokens_in']:,} tokens and wrote {report['tokens_out']:,} "
        f"(calls: {report['calls']})."
    )
    return schema_proposed(answer, title=title, notes=(took,))


class _Reading:
    """How sources are read."""

    def __init__(self, lenient: frozenset[str], limits: Limits | None, progress: Progress) -> None:
        self._options: dict[str, Any] = {"lenient": lenient, "limits": limits}
        self._progress = progress

    def texts(self, source: Any) -> Iterator[str]:
        """Yield the texts of a source, and of the content records of an archive or a store."""
        with opened(source, **self._options) as found:
            if isinstance(found, FileText):
                yield found.text
            else:
                yield from _contents(found)

    def observe(self, source: Any, seen: Observations, everything: bool) -> list[str]:
        """Count a source; return what a person should know."""
        with opened(source, **self._options) as found:
            if isinstance(found, FileText):
                return list(observe_texts([found], seen))
            before = sum(one.count for one in seen.types.values())
            loose = count_graph(found, seen, everything=everything, progress=self._progress)
            if sum(one.count for one in seen.types.values()) == before:
                return list(observe_texts(_contents(found), seen))
        note = f"{loose:,} facts are not counted: an end of theirs is no node."
        return [note] if loose else []


def _contents(source: RecordSource) -> Iterator[str]:
    for _, contents in iter_whole(iter_texts(source, Counter())):
        yield "".join(contents)
