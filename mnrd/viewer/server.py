"""The page served to browsers on this machine, and to nobody else, until it is stopped."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from mnrd.results.run import Run

HOST = "127.0.0.1"


class PageError(RuntimeError):
    """The page cannot be served; one line that says why and what to do."""


def serve(run: Run, port: int, begun: Callable[[int, str], None]) -> None:
    """Serve the page of a run until Ctrl-C or SIGTERM.

    Parameters
    ----------
    run : Run
    port : int
        0 takes a free one.
    begun : function
        Called with the port and the address once browsers can come.

    Raises
    ------
    PageError
        When a package is missing, or the port is taken.
    RunError
        When the run has no fields, or they cannot be read.
    """
    os.environ["WSLINK_READY_MSG"] = ""  # else wslink writes to stdout that it has started
    try:
        from trame.app import get_server

        from mnrd.viewer.viewer import Viewer
    except ModuleNotFoundError as error:
        raise PageError(f"the page is served by trame ({error}): pip install 'mnrd[view]'") from None
    _check(port)
    server = get_server("mnrd")
    key = "k" + secrets.token_hex(16)  # a letter first: the page takes what looks like a number for one
    server.cli.set_defaults(authKey=key)
    server.controller.on_server_bind.add(partial(_prepare, key))
    viewer = Viewer(run, server)
    server.controller.on_server_ready.add(lambda **_: begun(server.port, f"http://{HOST}:{server.port}/?secret={key}"))
    asyncio.run(_until_stopped(server, viewer, port))


def _check(port: int) -> None:
    """Say at once, not after the fields have been read, when a port cannot be had."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PageError(f"--port: got {port}, cannot be used ({reason}); name another one, or 0 for any") from None


async def _until_stopped(server: Any, viewer: Any, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.ensure_future(
        server.start(port=port, host=HOST, thread=True, exec_mode="coroutine", open_browser=False,
                     show_connection_info=False, timeout=0)
    )  # fmt: skip
    drawing, stopped = asyncio.ensure_future(viewer.draw_when_asked()), asyncio.ensure_future(stop.wait())
    await asyncio.wait({serving, drawing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    drawing.cancel()
    if not serving.done():
        await server.stop()
    await serving
    with suppress(asyncio.CancelledError):
        await drawing


def _prepare(key: str, server: Any) -> None:
    """Add to the web server what it does not do on its own."""
    from aiohttp import web

    @web.middleware
    async def with_key(request: web.Request, handler: Any) -> web.StreamResponse:
        """Say what is wrong to those who come without the key; without it the page could not say more."""
        if request.path == "/index.html" and request.query.get("secret") != key:
            raise web.HTTPForbidden(text="This address lacks its key: take the whole address that mnrd view printed.\n")
        return await handler(request)

    async def no_launcher(_: web.Request) -> web.Response:
        """The page asks for a launcher of sessions first; without an answer browsers note an error."""
        return web.json_response({"sessionURL": "ws://USE_HOST/ws"})

    server.app.middlewares.append(with_key)
    server.app.router.add_post("/paraview/", no_launcher)
