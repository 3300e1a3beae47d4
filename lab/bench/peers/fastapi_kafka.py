"""The peer: FastAPI on uvicorn with aiokafka, `send_and_wait` per guess. Fair and obvious.

Join, guesses checked against a table of 1,000, answered once the record is in Kafka; right ones go to the room as a
delta every 250 ms. `python -m lab.bench.peers.fastapi_kafka PORT KAFKA`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

PORT, KAFKA = int(sys.argv[1]), sys.argv[2]
TOPIC = "fastapi-peer"
ANSWERS = {f"c{i}": f"right c{i}" for i in range(1000)}


class PeerRoom:
    """One hunt's sockets and what changed since the last delta."""

    def __init__(self) -> None:
        self.sockets: set[WebSocket] = set()
        self.scores: dict[str, int] = {}
        self.changed: dict[str, int] = {}


rooms: dict[str, PeerRoom] = {}
producer: AIOKafkaProducer


async def deltas() -> None:
    """Tell every room what changed, every 250 ms."""
    while True:
        await asyncio.sleep(0.25)
        for room in rooms.values():
            changed, room.changed = room.changed, {}
            if changed:
                text = json.dumps({"t": "delta", "scores": changed})
                await asyncio.gather(*(s.send_text(text) for s in list(room.sockets)), return_exceptions=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start the producer and the deltas."""
    global producer
    producer = AIOKafkaProducer(bootstrap_servers=KAFKA, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(TOPIC, b"{}")
    task = asyncio.create_task(deltas())
    yield
    task.cancel()
    await producer.stop()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def play(socket: WebSocket) -> None:
    """One player."""
    await socket.accept()
    room = PeerRoom()
    try:
        while True:
            message = json.loads(await socket.receive_text())
            request = message["id"]
            if message["op"] == "hello":
                await socket.send_text('{"id":%d,"ok":{},"pos":0}' % request)
            elif message["op"] == "join":
                room = rooms.setdefault(message["hunt"], PeerRoom())
                room.sockets.add(socket)
                await socket.send_text('{"id":%d,"ok":{},"pos":0}' % request)
            else:
                right = ANSWERS.get(message["clue"]) == message["text"]
                record = {"hunt": message["hunt"], "clue": message["clue"], "text": message["text"], "right": right}
                await producer.send_and_wait(TOPIC, json.dumps(record).encode(), key=message["hunt"].encode())
                if right:
                    room.changed[str(id(socket))] = room.scores[str(id(socket))] = 10
                verdict = "correct" if right else "incorrect"
                await socket.send_text('{"id":%d,"ok":{"verdict":"%s"},"pos":1}' % (request, verdict))
    except WebSocketDisconnect:
        room.sockets.discard(socket)


if __name__ == "__main__":
    print(f"listening {PORT}", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=PORT, loop="uvloop", log_level="warning", ws_ping_interval=None)
