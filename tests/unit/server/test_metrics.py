"""Counts are for Prometheus: patterns of routes, never ids; there only if they are asked for."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cogx.server.metrics import Metrics

from .running import running


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the value of every sample by its name and the values of its labels, those in order."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return samples(metrics.text({"queued": 2, "running": 1}).decode())


def test_requests_are_counted_by_route_and_status() -> None:
    metrics = Metrics()
    metrics.request_ended("GET", "/a/{id}", 200, 0.1)
    metrics.request_ended("GET", "/a/{id}", 200, 0.1)
    assert told(metrics)[("cogx_request_seconds_count", "GET", "/a/{id}", "200")] == 2


def test_methods_that_nobody_knows_are_one() -> None:
    metrics = Metrics()
    metrics.request_ended("X1", "unknown", 405, 0.1)
    metrics.request_ended("X2", "unknown", 405, 0.1)
    assert told(metrics)[("cogx_request_seconds_count", "other", "unknown", "405")] == 2


def test_jobs_that_fail_are_counted_by_their_error() -> None:
    metrics = Metrics()
    metrics.job_ended("import", "failed: InvalidArchive", 0.1)
    assert told(metrics)[("cogx_job_failures_total", "InvalidArchive", "import")] == 1


@pytest.mark.parametrize(("status", "count"), [("queued", 2), ("running", 1)])
def test_jobs_that_have_not_ended_are_told(status: str, count: int) -> None:
    assert told(Metrics())[("cogx_jobs", status)] == count


def test_a_server_gives_its_counts_without_ids(tmp_path_factory: pytest.TempPathFactory) -> None:
    wanted = f"/api/v1/datasets/{uuid4()}/graph"
    with running(tmp_path_factory.mktemp("m"), metrics=True) as server, server.client() as client:
        client.get(wanted)
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    key = ("cogx_request_seconds_count", "GET", "/api/v1/datasets/{dataset_id}/graph", "403")
    assert samples(answer.text)[key] == 1
    assert wanted not in answer.text


def test_a_server_that_was_not_asked_for_counts_has_none(anonymous: httpx.Client) -> None:
    assert anonymous.get("/metrics").status_code == 404
