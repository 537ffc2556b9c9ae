"""Knows what a server counts, in the form that Prometheus reads; no ids, no names, no paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The counts of one server. Threads may share them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Histogram(
            "cogx_request_seconds", "Requests that were answered.",
            ("method", "route", "status"), buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._ended = Histogram(
            "cogx_job_seconds", "Jobs that ended.",
            ("kind", "outcome"), buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._failures = Counter(
            "cogx_job_failures", "Jobs that failed, by the class of the error.",
            ("kind", "error"), registry=self._registry,
        )  # fmt: skip
        self._jobs = Gauge(
            "cogx_jobs", "Jobs that have not ended.", ("status",), registry=self._registry
        )

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; the route is its pattern, so that there are only so many."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def job_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a job; the outcome is a word, behind ``failed:`` the class of the error."""
        word, _, error = outcome.partition(": ")
        self._ended.labels(kind, word).observe(seconds)
        if error:
            self._failures.labels(kind, error).inc()

    def text(self, jobs: Mapping[str, int]) -> bytes:
        """Return all counts.

        Args:
            jobs: how many there are in each status that is no end.
        """
        for status, count in jobs.items():
            self._jobs.labels(status).set(count)
        return generate_latest(self._registry)
