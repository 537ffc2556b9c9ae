"""What the four verbs send, what they give back, and what they say when it goes wrong."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cogx.errors import BadSetting, NotConnected, RemoteGarbled, RemoteRefused, RunFailed
from cogx.remote.credentials import ServerAt
from cogx.remote.memory import MemoryClient
from cogx.remote.memory_async import AsyncMemoryClient
from tests.unit.remote.scripted import Asked, Says, Scripted

REMEMBER = "POST /api/v1/remember"
RECALL = "POST /api/v1/recall"
IMPROVE = "POST /api/v1/improve"
FORGET = "POST /api/v1/forget"
ID = UUID("3163a1f5-4c4f-4c55-9d0f-57c3a2b7f1aa")


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as one:
        one.on(REMEMBER, {"status": "completed", "dataset_name": "main_dataset", "items": []})
        one.on(RECALL, [{"source": "graph", "text": "Ann builds boats."}])
        one.on(IMPROVE, {"status": "completed", "finished": True, "stages": []})
        one.on(FORGET, {"status": "success", "dataset_id": str(ID)})
        yield one


@pytest.fixture
def memory(server: Scripted) -> Iterator[MemoryClient]:
    with MemoryClient(ServerAt(server.url, "s3cret"), silence_s=20) as one:
        yield one


def sent(server: Scripted) -> Asked:
    (asked,) = server.asked
    return asked


def fields(server: Scripted) -> list[tuple[str, str]]:
    return [(name, data.decode()) for name, file, data in sent(server).parts if file is None]


def files(server: Scripted) -> list[tuple[str | None, bytes]]:
    return [(file, data) for name, file, data in sent(server).parts if name == "data"]


class TestRemember:
    def test_a_text_is_sent_as_a_file_named_after_its_content(
        self, memory: MemoryClient, server: Scripted
    ) -> None:
        answer = memory.remember("Ann builds boats.")
        assert answer["status"] == "completed"
        assert fields(server) == [("datasetName", "main_dataset")]
        # the MD5 of the text, as cognee's own client names it
        assert files(server) == [
            ("text_2602b63f6c302778b59682e59716a7ea.txt", b"Ann builds boats.")
        ]

    def test_the_key_goes_along(self, memory: MemoryClient, server: Scripted) -> None:
        memory.remember("x")
        assert sent(server).headers["x-api-key"] == "s3cret"

    def test_several_pieces_go_in_one_request(
        self, memory: MemoryClient, server: Scripted, tmp_path: Path
    ) -> None:
        notes = tmp_path / "notes.md"
        notes.write_bytes(b"# Notes")
        with notes.open("rb") as opened:
            memory.remember([notes, opened, io.BytesIO(b"raw"), b"bytes", "text"])
        names = [file for file, _ in files(server)]
        assert names[:3] == ["notes.md", "notes.md", "upload"]
        assert [data for _, data in files(server)] == [
            b"# Notes",
            b"# Notes",
            b"raw",
            b"bytes",
            b"text",
        ]

    def test_options_are_sent_as_the_form_has_them(
        self, memory: MemoryClient, server: Scripted
    ) -> None:
        memory.remember(
            "x",
            "notes",
            session_id="s",
            node_set=["a", "b"],
            run_in_background=True,
            self_improvement=False,
            custom_prompt="p",
            chunk_size=512,
            chunks_per_batch=4,
        )
        assert fields(server) == [
            ("datasetName", "notes"),
            ("session_id", "s"),
            ("node_set", "a"),
            ("node_set", "b"),
            ("run_in_background", "true"),
            ("self_improvement", "false"),
            ("custom_prompt", "p"),
            ("chunk_size", "512"),
            ("chunks_per_batch", "4"),
        ]

    def test_an_id_goes_instead_of_the_name_which_would_win(
        self, memory: MemoryClient, server: Scripted
    ) -> None:
        memory.remember("x", dataset_id=ID)
        assert fields(server) == [("datasetId", str(ID))]

    def test_a_run_that_failed_is_an_error(self, memory: MemoryClient, server: Scripted) -> None:
        server.on(REMEMBER, {"status": "errored", "error": "no model", "pipeline_run_id": "run-1"})
        with pytest.raises(RunFailed, match="no model") as caught:
            memory.remember("x")
        assert caught.value.context["run_id"] == "run-1"

    def test_it_is_sent_once_whatever_happens(self, memory: MemoryClient, server: Scripted) -> None:
        server.on(REMEMBER, Says(503, {"detail": "busy"}))
        with pytest.raises(RemoteRefused, match="busy"):
            memory.remember("x")
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        "data",
        [[], 5, [5], {"a": "b"}, io.StringIO("text"), "half \ud800", Path("/nowhere/at/all.txt")],
        ids=["nothing", "number", "numbers", "mapping", "text-file", "surrogate", "absent"],
    )
    def test_what_cannot_be_sent_is_refused_before_anything_is(
        self, memory: MemoryClient, server: Scripted, data: Any
    ) -> None:
        with pytest.raises(BadSetting):
            memory.remember(data)
        assert server.asked == []

    def test_a_path_is_closed_again(
        self,
        memory: MemoryClient,
        server: Scripted,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "a.txt").write_bytes(b"a")
        opened = []
        real = Path.open
        monkeypatch.setattr(
            Path,
            "open",
            lambda *given, **more: (opened.append(real(*given, **more)), opened[-1])[1],
        )
        server.on(REMEMBER, Says(500, {"detail": "x"}))
        with pytest.raises(RemoteRefused):
            memory.remember(tmp_path / "a.txt")
        assert [file.closed for file in opened] == [True]


class TestRecall:
    def test_it_gives_the_results(self, memory: MemoryClient, server: Scripted) -> None:
        assert memory.recall("boats?") == [{"source": "graph", "text": "Ann builds boats."}]
        assert sent(server).json == {"query": "boats?"}

    def test_options_are_sent_and_the_rest_is_left_to_the_server(
        self, memory: MemoryClient, server: Scripted
    ) -> None:
        memory.recall(
            "boats?", "CHUNKS", datasets="notes", top_k=0, only_context=False, node_name=("a",)
        )
        assert sent(server).json == {
            "query": "boats?",
            "search_type": "CHUNKS",
            "datasets": ["notes"],
            "top_k": 0,
            "only_context": False,
            "node_name": ["a"],
        }

    def test_ids_win_over_names(self, memory: MemoryClient, server: Scripted) -> None:
        memory.recall("boats?", datasets=["notes"], dataset_ids=[ID])
        assert sent(server).json == {"query": "boats?", "dataset_ids": [str(ID)]}

    @pytest.mark.parametrize("answer", [{}, None, "text", [1], [{}, "x"]])
    def test_an_answer_of_another_shape_is_an_error(
        self, memory: MemoryClient, server: Scripted, answer: Any
    ) -> None:
        server.on(RECALL, answer)
        with pytest.raises(RemoteGarbled, match="recall"):
            memory.recall("boats?")

    def test_the_reason_of_a_refusal_is_told(self, memory: MemoryClient, server: Scripted) -> None:
        server.on(RECALL, Says(422, {"detail": "No language model. [LLMError]"}))
        with pytest.raises(RemoteRefused, match="No language model") as caught:
            memory.recall("boats?")
        assert caught.value.status == 422

    def test_an_answer_may_be_long(self, memory: MemoryClient, server: Scripted) -> None:
        server.on(RECALL, [{"text": "x" * (3 << 20)}])
        assert len(memory.recall("all")[0]["text"]) == 3 << 20


class TestImprove:
    def test_it_sends_the_name(self, memory: MemoryClient, server: Scripted) -> None:
        assert memory.improve("notes")["finished"] is True
        assert sent(server).json == {"dataset_name": "notes"}

    def test_a_uuid_is_sent_as_an_id(self, memory: MemoryClient, server: Scripted) -> None:
        memory.improve(ID, session_ids=("s",), feedback_alpha=0.5, review_conflicts=True)
        assert sent(server).json == {
            "dataset_id": str(ID),
            "session_ids": ["s"],
            "feedback_alpha": 0.5,
            "review_conflicts": True,
        }


class TestForget:
    @pytest.mark.parametrize(
        ("options", "body"),
        [
            ({"dataset": "notes"}, {"dataset": "notes"}),
            ({"dataset_id": ID}, {"dataset_id": str(ID)}),
            ({"dataset": "n", "data_id": ID}, {"dataset": "n", "data_id": str(ID)}),
            ({"dataset": "n", "memory_only": True}, {"dataset": "n", "memory_only": True}),
            ({"everything": True}, {"everything": True}),
        ],
    )
    def test_it_sends_what_was_named(
        self, memory: MemoryClient, server: Scripted, options: dict[str, Any], body: dict[str, Any]
    ) -> None:
        assert memory.forget(**options)["status"] == "success"
        assert sent(server).json == body

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"dataset": ""},
            {"data_id": ID},
            {"memory_only": True},
            {"dataset": "n", "dataset_id": ID},
            {"everything": True, "dataset": "n"},
            {"everything": True, "dataset_id": ID},
            {"everything": True, "data_id": ID},
            {"everything": True, "memory_only": True},
        ],
    )
    def test_nothing_is_deleted_where_it_is_not_clear_what(
        self, memory: MemoryClient, server: Scripted, options: dict[str, Any]
    ) -> None:
        with pytest.raises(BadSetting):
            memory.forget(**options)
        assert server.asked == []

    def test_a_name_that_is_unknown_is_refused(
        self, memory: MemoryClient, server: Scripted
    ) -> None:
        server.on(FORGET, Says(404, {"detail": "Dataset not found"}))
        with pytest.raises(RemoteRefused, match="Dataset not found"):
            memory.forget(dataset="nowhere")


class TestTheClient:
    def test_a_closed_one_says_so(self, memory: MemoryClient) -> None:
        memory.close()
        memory.close()
        with pytest.raises(NotConnected, match="was closed"):
            memory.recall("x")

    def test_no_repr_shows_the_key(self, memory: MemoryClient) -> None:
        assert "s3cret" not in f"{memory!r} {AsyncMemoryClient(memory)!r} {vars(memory)!r}"

    def test_the_verbs_can_be_awaited(self, server: Scripted) -> None:
        async def all_of_them() -> list[Any]:
            async with AsyncMemoryClient(MemoryClient(ServerAt(server.url))) as client:
                return [
                    await client.remember("x", "notes", chunk_size=9),
                    await client.recall("x", "CHUNKS", top_k=1),
                    await client.improve("notes", run_in_background=True),
                    await client.forget(dataset="notes"),
                ]

        answers = asyncio.run(all_of_them())
        assert [one.route for one in server.asked] == [REMEMBER, RECALL, IMPROVE, FORGET]
        assert answers[1] == [{"source": "graph", "text": "Ann builds boats."}]
        assert server.asked[2].json["run_in_background"] is True

    def test_the_loop_goes_on_while_the_server_thinks(self, server: Scripted) -> None:
        thought = threading.Event()

        def thinking(asked: Asked) -> Any:
            thought.wait(20)
            return []

        async def both() -> list[Any]:
            async with AsyncMemoryClient(MemoryClient(ServerAt(server.url))) as client:
                task = asyncio.create_task(client.recall("x"))
                while not server.asked:
                    await asyncio.sleep(0.001)
                thought.set()  # nobody could, if the loop stood still
                return await task

        server.on(RECALL, thinking)
        assert asyncio.run(both()) == []
