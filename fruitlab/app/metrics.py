"""`/metrics` for Prometheus, if FRUITLAB_METRICS=1.

Requests and seconds by area of the server, open pages, predictions, runs, disks and memory. No
label names a run or a visitor.
"""

import os
import time
from collections.abc import Iterator

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fruitlab.app import health
from fruitlab.inference import client

AREAS = {"demo": "demo", "_stcore": "pages", "assets": "assets", "healthz": "health"}

registry = CollectorRegistry()
ProcessCollector(registry=registry)
requests = Counter(
    "fruitlab_requests", "Requests answered.", ["area", "method", "status"], registry=registry
)
seconds = Histogram(
    "fruitlab_request_seconds", "Time to the end of an answer.", ["area"], registry=registry
)
pages = Gauge("fruitlab_open_pages", "Pages open in browsers.", registry=registry)


def wanted() -> bool:
    """Whether the server was asked for metrics."""
    return os.environ.get("FRUITLAB_METRICS", "0") not in ("", "0")


def routes() -> list[Route]:
    """The route, if metrics are wanted."""
    return [Route("/metrics", metrics)] if wanted() else []


def metrics(request: Request) -> Response:
    """Everything in Prometheus' text format."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class Counted:
    """ASGI middleware that counts requests and open pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, and pass it on."""
        if scope["type"] == "websocket":
            with pages.track_inprogress():
                await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), [500]

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            area = AREAS.get(scope["path"].split("/")[1], "other")
            requests.labels(area, scope["method"], str(status[0])).inc()
            seconds.labels(area).observe(time.perf_counter() - began)


class State(Collector):
    """What is read at the moment somebody asks."""

    def collect(self) -> Iterator[Metric]:
        """Predictions, runs, disks and the prediction server's memory."""
        state = client.state()
        predictions = CounterMetricFamily(
            "fruitlab_predictions", "Questions to networks.", labels=["outcome"]
        )
        for outcome, number in state.counts.items():
            predictions.add_metric([outcome], number)
        yield predictions
        yield CounterMetricFamily(
            "fruitlab_prediction_seconds", "Time spent on answered questions.", value=state.seconds
        )
        yield GaugeMetricFamily(
            "fruitlab_predictions_waiting", "Questions that wait.", value=state.waiting
        )
        yield GaugeMetricFamily(
            "fruitlab_predictor_memory_bytes",
            "Memory of the prediction server.",
            value=_memory(state.pid),
        )
        runs = GaugeMetricFamily("fruitlab_runs", "Runs at work.", labels=["status"])
        for status, number in health.runs().items():
            runs.add_metric([status], number)
        yield runs
        free = GaugeMetricFamily("fruitlab_free_bytes", "Free on a disk.", labels=["disk"])
        for name, size in health.free_bytes().items():
            free.add_metric([name], size)
        yield free


registry.register(State())


def _memory(pid: int | None) -> int:
    try:
        return psutil.Process(pid).memory_info().rss if pid is not None else 0
    except psutil.Error:
        return 0
