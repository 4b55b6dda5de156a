"""pycrdt-websocket as it comes, without storage: `python -m benchmarks.peers.pws PORT`."""

from __future__ import annotations

import sys

import uvicorn
import uvloop
from pycrdt.websocket import ASGIServer, WebsocketServer, exception_logger


async def _serve(port: int) -> None:
    # Rooms outlive their clients, as documents do; without a handler one failure ends the server.
    rooms = WebsocketServer(auto_clean_rooms=False, exception_handler=exception_logger)
    config = uvicorn.Config(
        ASGIServer(rooms), port=port, ws="websockets-sansio", lifespan="off", log_level="error"
    )
    async with rooms:
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
