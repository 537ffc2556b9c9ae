"""Knows the four verbs of a memory server and their bodies: remember, recall, improve, forget.

It must never know how the server was found or who logged in. Source: spec/wire.md#memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Final, Self
from uuid import UUID

from cogx.errors import BadSetting, NotConnected, RemoteGarbled, RunFailed
from cogx.remote.credentials import ServerAt
from cogx.remote.form import Piece, form_file, form_text, pieces
from cogx.remote.server import Server

DEFAULT_DATASET: Final = "main_dataset"
SILENCE_S: Final = 600.0
"""How long a server may say nothing: it may be asking a language model."""
_MOST_ANSWER_BYTES: Final = 64 << 20
_ROUTE: Final = "/api/v1"


class MemoryClient:
    """A connected memory server, method by method in the thread that calls.

    Close it; closing twice is fine. Every verb raises RemoteUnavailable, RemoteRefused (with the
    server's own reason) or RemoteGarbled, and NotConnected once it is closed.

    Args:
        at: the server and the key for it.
        silence_s: how long the server may say nothing.
    """

    def __init__(self, at: ServerAt, *, silence_s: float = SILENCE_S) -> None:
        self.at = at
        self._server: Server | None = Server(at.url, at.key, silence_s=silence_s)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return self.at.url

    @property
    def is_open(self) -> bool:
        """Tell whether it can be used still."""
        return self._server is not None

    @property
    def server(self) -> Server:
        """What the requests go through."""
        if self._server is None:
            raise NotConnected(
                f"The connection to {self.url} was closed. Connect again: cogx.connect(url)."
            )
        return self._server

    def remember(
        self,
        data: Piece | Iterable[Piece],
        dataset_name: str = DEFAULT_DATASET,
        *,
        dataset_id: UUID | str | None = None,
        session_id: str | None = None,
        node_set: Iterable[str] = (),
        run_in_background: bool = False,
        self_improvement: bool | None = None,
        custom_prompt: str | None = None,
        chunk_size: int | None = None,
        chunks_per_batch: int | None = None,
    ) -> dict[str, Any]:
        """Hand texts or files to the server, which makes memory of them.

        Nothing is tried a second time: the first try may have arrived.

        Args:
            data: a text, bytes, a Path, an open binary file, or several of these. A str is always
                a text, never a path.
            dataset_name: made if it does not exist; not sent where ``dataset_id`` is given.
            session_id: keep it in a session instead of the graph.
            node_set: names to find it by.
            run_in_background: the answer's ``status`` is ``running`` then.

        Returns:
            The answer: ``status``, ``dataset_name``, ``dataset_id``, ``pipeline_run_id``,
            ``items_processed``, ``items``.

        Raises:
            RunFailed: the server took it and failed to make memory of it.
        """
        fields = _present(
            datasetName=None if dataset_id else dataset_name,
            datasetId=dataset_id and str(dataset_id),
            session_id=session_id,
            node_set=list(node_set) or None,
            run_in_background=run_in_background or None,
            self_improvement=self_improvement,
            custom_prompt=custom_prompt,
            chunk_size=chunk_size,
            chunks_per_batch=chunks_per_batch,
        )
        with ExitStack() as opened:
            files = [("data", form_file(piece, opened)) for piece in pieces(data)]
            if not files:
                raise BadSetting("There is nothing to remember: no text and no file was given.")
            answer = self.server.post_form(
                f"{_ROUTE}/remember",
                {name: form_text(value) for name, value in fields.items()},
                files,
            )
        result = _object(answer, "remember")
        if result.get("status") == "errored":
            raise RunFailed(
                f"{self.url}: the server took the data and failed to make memory of it: "
                f"{result.get('error') or 'it gives no reason'}",
                run_id=result.get("pipeline_run_id"),
            )
        return result

    def recall(
        self,
        query_text: str,
        query_type: str | None = None,
        *,
        datasets: Iterable[str] | str | None = None,
        dataset_ids: Iterable[UUID | str] | None = None,
        top_k: int | None = None,
        system_prompt: str | None = None,
        node_name: Iterable[str] | None = None,
        only_context: bool | None = None,
        verbose: bool | None = None,
        session_id: str | None = None,
        scope: str | list[str] | None = None,
        context_profile: str | None = None,
        include_references: bool | None = None,
        response_schema: Mapping[str, Any] | None = None,
        tool_connections: list[str] | None = None,
        tools_trigger: str | None = None,
        code_query: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Ask the memory.

        What is None is left to the server.

        Args:
            query_text: the question.
            query_type: how to search: CHUNKS, CHUNKS_LEXICAL, GRAPH_COMPLETION, SUMMARIES and so
                on; None lets the server choose. Some need a language model there.
            datasets: names; ``dataset_ids`` win. Neither: all that may be read.
            top_k: how many results at most.

        Returns:
            One object for each result, best first; ``source`` says where it comes from.
        """
        ids = [str(one) for one in dataset_ids or ()]
        named = [datasets] if isinstance(datasets, str) else list(datasets or ())
        body = _present(
            query=query_text,
            search_type=query_type,
            dataset_ids=ids or None,
            datasets=None if ids else named or None,
            top_k=top_k,
            system_prompt=system_prompt,
            node_name=list(node_name) if node_name is not None else None,
            only_context=only_context,
            verbose=verbose,
            session_id=session_id,
            scope=scope,
            context_profile=context_profile,
            include_references=include_references,
            response_schema=response_schema,
            tool_connections=tool_connections,
            tools_trigger=tools_trigger,
            code_query=code_query,
        )
        answer = self.server.post_json(f"{_ROUTE}/recall", body, most_bytes=_MOST_ANSWER_BYTES)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise _garbled("recall", "a list of results")
        return answer

    def improve(
        self,
        dataset: str | UUID = DEFAULT_DATASET,
        *,
        run_in_background: bool = False,
        session_ids: Iterable[str] | None = None,
        node_name: Iterable[str] | None = None,
        build_global_context_index: bool = False,
        build_truth_subspace: bool = False,
        review_conflicts: bool = False,
        feedback_alpha: float | None = None,
    ) -> dict[str, Any]:
        """Let the server work on what it remembers: feedback, sessions, conflicts.

        Args:
            dataset: a name, or the id as a UUID.
            session_ids: sessions whose content goes into the graph.
            feedback_alpha: above 0, at most 1.

        Returns:
            The answer: ``status``, ``finished``, and ``stages`` with ``stage``, ``status``,
            ``reason``, ``counts`` each.
        """
        is_id = isinstance(dataset, UUID)
        body = _present(
            dataset_id=str(dataset) if is_id else None,
            dataset_name=None if is_id else dataset,
            run_in_background=run_in_background or None,
            session_ids=list(session_ids) if session_ids is not None else None,
            node_name=list(node_name) if node_name is not None else None,
            build_global_context_index=build_global_context_index or None,
            build_truth_subspace=build_truth_subspace or None,
            review_conflicts=review_conflicts or None,
            feedback_alpha=feedback_alpha,
        )
        return _object(self.server.post_json(f"{_ROUTE}/improve", body), "improve")

    def forget(
        self,
        *,
        dataset: str | None = None,
        dataset_id: UUID | str | None = None,
        data_id: UUID | str | None = None,
        memory_only: bool = False,
        everything: bool = False,
    ) -> dict[str, Any]:
        """Delete a dataset, one item of it, only the memory made of it, or everything.

        Args:
            dataset, dataset_id: the name or the id, not both.
            data_id: one item of that dataset.
            memory_only: keep the files, delete the graph that was made of them.
            everything: all datasets that the caller owns; given with nothing else.

        Returns:
            The answer, with ``status`` and what was removed.

        Raises:
            BadSetting: nothing is named, or two things at once; nothing was deleted.
        """
        named = [one for one in (dataset, dataset_id) if one]
        if everything and (named or data_id or memory_only):
            # The server would ignore the rest and delete all.
            raise BadSetting("everything=True deletes all datasets: name nothing beside it.")
        if not everything and len(named) != 1:
            raise BadSetting("Name what to forget: dataset or dataset_id, or everything=True.")
        body = _present(
            everything=everything or None,
            dataset=dataset or None,
            dataset_id=dataset_id and str(dataset_id),
            data_id=data_id and str(data_id),
            memory_only=memory_only or None,
        )
        return _object(self.server.post_json(f"{_ROUTE}/forget", body), "forget")

    def close(self) -> None:
        """Let go of the server; what is saved of the login stays."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _present(**values: Any) -> dict[str, Any]:
    """Return the values that were given: what is absent is left to the server."""
    return {name: value for name, value in values.items() if value is not None}


def _object(answer: Any, verb: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _garbled(verb, "an object")
    return answer


def _garbled(verb: str, wanted: str) -> RemoteGarbled:
    return RemoteGarbled(
        f"{_ROUTE}/{verb}: the answer is not {wanted}. Is this a cognee server of version 1?"
    )
