"""Knows how a server is put together: its routes, what they share, how it starts and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from cogx.generator import VERSION
from cogx.server import refusals
from cogx.server.access import Access
from cogx.server.agent_mode import watchdog_of
from cogx.server.body_limit import BodyLimit
from cogx.server.context import Context
from cogx.server.gate import Gate
from cogx.server.headers import Headers
from cogx.server.identity.users import default_user
from cogx.server.jobs.dispatcher import Dispatcher
from cogx.server.metrics import Metrics
from cogx.server.places import Places
from cogx.server.rate import WITHIN_S
from cogx.server.routes import (
    activity,
    add,
    agents,
    answers,
    auth,
    connections,
    data,
    datasets,
    llm,
    memory,
    page,
    permissions,
    progress,
    remember,
    roles,
    service,
    sync,
    sync_receiving,
    tenants,
    uploads,
    users,
)
from cogx.server.same_site import SameSite
from cogx.server.settings import Settings
from cogx.server.state.database import Database
from cogx.server.throttle import Throttle

_MOST_LOGINS = 10
_LOGINS_WITHIN_S = 300.0

ROUTERS = (
    page.router,
    service.router,
    auth.router,
    users.router,
    tenants.router,
    roles.router,
    permissions.router,
    connections.router,
    agents.router,
    progress.router,
    datasets.router,
    data.router,
    remember.router,
    uploads.router,
    sync.router,
    sync_receiving.router,
    add.router,
    memory.router,
    llm.router,
    activity.router,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application of a server; what it needs is opened when it starts.

    Raises at the start:
        StoreBusy: another server has the data directory.
        StoreError: the state cannot be opened, or a newer cogx made it.
        OutputError, OSError: the data directory cannot be written.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        places = Places(settings.data_directory, settings.store)
        lock = places.lock()
        try:
            async with _running(app, settings, places):
                yield
        finally:
            lock.release()

    app = FastAPI(title="cogx", version=VERSION, lifespan=lifespan)
    app.state.metrics = Metrics() if settings.metrics else None
    app.state.spans = None
    app.add_middleware(BodyLimit)
    app.add_middleware(SameSite)
    if settings.tracing:
        from cogx.server.spans import Spans, Tracing  # noqa: PLC0415 - loads OpenTelemetry

        app.state.spans = Spans()
        app.add_middleware(Tracing, spans=app.state.spans)
    app.add_middleware(Access, metrics=app.state.metrics)
    app.add_middleware(Headers)
    refusals.install(app)
    for router in ROUTERS:
        app.include_router(router)

    answers.describe(app)
    return app


@asynccontextmanager
async def _running(app: FastAPI, settings: Settings, places: Places) -> AsyncIterator[None]:
    places.make()
    database = Database(settings.state_url)
    try:
        database.migrate()
        _first_user(settings, database)
        metrics: Metrics | None = app.state.metrics
        note = [metrics.job_ended] if metrics else []
        dispatcher = Dispatcher(settings, database, places, *note)
        gate = Gate(settings.max_uploads_at_once, settings.max_uploads_waiting)
        logins = Throttle(_MOST_LOGINS, _LOGINS_WITHIN_S)
        watchdog = watchdog_of(settings, database)
        rate = settings.requests_per_minute
        requests = Throttle(rate, WITHIN_S) if rate else None
        app.state.context = Context(
            settings, database, places, dispatcher, gate, logins, requests, watchdog
        )
        await dispatcher.start()
        try:
            yield
        finally:
            if watchdog is not None:
                watchdog.stop()
            await dispatcher.stop(settings.drain_s)
    finally:
        database.close()


def _first_user(settings: Settings, database: Database) -> None:
    """Make the default user if it can log in, or if everybody is this user."""
    password = settings.default_user_password
    if password is None and settings.require_authentication:
        return
    with database.write() as state:
        default_user(
            state,
            settings.default_user_email,
            password.get_secret_value() if password else None,
        )
