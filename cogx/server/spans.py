"""Knows the spans of requests and of the jobs that they began: the last traces, in memory.

A request is a trace of its own, whatever trace its client is in, so that nobody writes into a trace
of somebody else. Jobs are told of by the state, when traces are asked for: their processes come and
go. Spans have neither queries nor bodies.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, format_span_id, format_trace_id
from sqlalchemy import Connection, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cogx.server.jobs.queue import TRACE
from cogx.server.state.tables import jobs

_MOST_TRACES: Final = 50
"""For each user: one who calls often leaves those of others alone."""
_MOST_USERS: Final = 1000
_USER: Final = "enduser.id"
_SERVER_FAULT: Final = 500


class Spans(SpanProcessor):
    """The traces of the users who have called last. Threads may share them."""

    def __init__(self) -> None:
        self._of_user: OrderedDict[str, deque[ReadableSpan]] = OrderedDict()
        self._changing = threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span that has ended; those of nobody are not kept."""
        user = (span.attributes or {}).get(_USER)
        if not isinstance(user, str):
            return
        with self._changing:
            kept = self._of_user.setdefault(user, deque(maxlen=_MOST_TRACES))
            kept.append(span)
            self._of_user.move_to_end(user)
            if len(self._of_user) > _MOST_USERS:
                self._of_user.popitem(last=False)

    def of(self, user_id: str | None) -> list[ReadableSpan]:
        """Return the spans of a user's requests, or of all users', newest first."""
        with self._changing:
            mine = self._of_user.values() if user_id is None else [self._of_user.get(user_id, ())]
            found = [span for spans in mine for span in spans]
        found.sort(key=lambda span: span.start_time or 0, reverse=True)
        return found[:_MOST_TRACES]


class Tracing:
    """Makes a span of every request of an application."""

    def __init__(self, app: ASGIApp, spans: Spans) -> None:
        self._app = app
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(spans)
        self._tracer = provider.get_tracer("cogx.server")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = self._tracer.start_span(scope["method"], kind=SpanKind.SERVER)
        context = span.get_span_context()
        token = TRACE.set(f"{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}")

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= _SERVER_FAULT:
                    span.set_status(Status(StatusCode.ERROR))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            TRACE.reset(token)
            route = getattr(scope.get("route"), "path", "unknown")
            span.update_name(f"{scope['method']} {route}")
            span.set_attributes({"http.request.method": scope["method"], "http.route": route})
            if user := scope.get("state", {}).get("user"):
                span.set_attribute(_USER, user)
            span.end()


def traces(state: Connection, requests: Sequence[ReadableSpan]) -> list[dict[str, Any]]:
    """Return the traces that requests began, each with the jobs that it has made."""
    told = [_request(span) for span in requests]
    parents = [f"{span['trace_id']}-{span['span_id']}" for span in told]
    columns = (jobs.c.id, jobs.c.kind, jobs.c.dataset_id, jobs.c.status, jobs.c.trace,
               jobs.c.started_at, jobs.c.ended_at)  # fmt: skip
    rows = select(*columns).where(jobs.c.trace.in_(parents), jobs.c.ended_at.is_not(None))
    made: dict[str, list[dict[str, Any]]] = {}
    for row in state.execute(rows.order_by(jobs.c.created_at)):
        made.setdefault(row.trace, []).append(_job(row))
    return [
        _trace([span, *made.get(parent, [])]) for span, parent in zip(told, parents, strict=True)
    ]


def _trace(spans: list[dict[str, Any]]) -> dict[str, Any]:
    root = spans[0]
    failed = any(span["status"] == "ERROR" for span in spans)
    return {
        "trace_id": root["trace_id"],
        "root_name": root["name"],
        "duration_ms": max(span["duration_ms"] for span in spans),
        "span_count": len(spans),
        "status": "ERROR" if failed else root["status"],
        "spans": spans,
    }


def _request(span: ReadableSpan) -> dict[str, Any]:
    context = span.get_span_context()
    assert context is not None and span.start_time is not None and span.end_time is not None
    return _span(
        span.name, format_trace_id(context.trace_id), format_span_id(context.span_id), None,
        times=(span.start_time, span.end_time), status=span.status.status_code.name,
        attributes=dict(span.attributes or {}),
    )  # fmt: skip


def _job(row: Any) -> dict[str, Any]:
    trace_id, _, parent = row.trace.partition("-")
    began = row.started_at or row.ended_at
    return _span(
        f"job {row.kind}", trace_id, row.id.replace("-", "")[:16], parent,
        times=(_nanoseconds(began), _nanoseconds(row.ended_at)),
        status="OK" if row.status == "completed" else "ERROR",
        attributes={"cogx.job.id": row.id, "cogx.dataset.id": row.dataset_id},
    )  # fmt: skip


def _span(
    name: str, trace_id: str, span_id: str, parent: str | None, *, times: tuple[int, int],
    status: str, attributes: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    return {
        "name": name,
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": parent,
        "start_time_ns": times[0],
        "end_time_ns": times[1],
        "duration_ms": (times[1] - times[0]) / 1e6,
        "status": status,
        "attributes": attributes,
    }


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
