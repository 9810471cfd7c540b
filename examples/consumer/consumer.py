"""Keeps what a world tells in a database of SQLite: each row of its outbox once, in order.

    python3 consumer.py told.db WORLD_ID [--nats URL] [--until ROW]

Needs the package `nats-py`. What makes it count once is one transaction, in which a row
takes effect and the cursor moves on: killed anywhere, it goes on after the last row that
took effect. The stream may deliver a row again, or lose some when its server loses power
until the relay brings them back; so each row is held against the cursor.
"""

import argparse
import asyncio
import sqlite3
import sys

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

PATIENCE = 0.5


class Again(Exception):
    """The stream has to be asked from where on it is followed."""


class Told:
    """What was told so far, and the cursor in it."""

    def __init__(self, path, world):
        self.world = world
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(
            """PRAGMA journal_mode = WAL;
               CREATE TABLE IF NOT EXISTS cursors (world TEXT PRIMARY KEY, row INTEGER NOT NULL);
               CREATE TABLE IF NOT EXISTS told (
                   number INTEGER PRIMARY KEY, row INTEGER, tick INTEGER, kind TEXT,
                   entity TEXT, body BLOB);"""
        )
        found = self.database.execute("SELECT row FROM cursors WHERE world = ?", [world]).fetchone()
        self.row = found[0] if found else 0

    def take(self, row, headers, body):
        """Lets a row take effect, once, and only as the one after the last."""
        if row <= self.row:
            return
        if row > self.row + 1:
            raise Again(f"row {row} came where {self.row + 1} is next")
        tick, kind = int(headers["ce-tick"]), headers["ce-type"]
        entity = headers.get("ce-subject")
        self.database.execute("BEGIN IMMEDIATE")
        # What the row means goes here, in the place of this.
        self.database.execute(
            "INSERT INTO told (row, tick, kind, entity, body) VALUES (?, ?, ?, ?, ?)",
            [row, tick, kind, entity, body],
        )
        self.database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", [self.world, row])
        self.database.execute("COMMIT")
        self.row = row


async def row_of(jetstream, stream, message):
    """Which row a message of the stream is."""
    found = await jetstream.get_msg(stream, message)
    return int(found.headers["ce-sequence"])


async def follow(jetstream, told, until):
    """Follows the stream from the cursor on, until it has to be asked again."""
    stream = f"st_{told.world}"
    state = (await jetstream.stream_info(stream)).state
    if state.messages == 0:
        raise Again("the stream has nothing yet")
    first = await row_of(jetstream, stream, state.first_seq)
    last = first + state.last_seq - state.first_seq
    if told.row + 1 < first:
        sys.exit(f"rows {told.row + 1} to {first - 1} are lost: the stream begins with {first}")
    if told.row > last:
        raise Again(f"the stream has fallen back to row {last}")
    start = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=state.first_seq + told.row + 1 - first,
    )
    messages = await jetstream.subscribe(">", stream=stream, ordered_consumer=True, config=start)
    try:
        while until is None or told.row < until:
            try:
                message = await messages.next_msg(timeout=PATIENCE)
            except nats.errors.TimeoutError:
                state = (await jetstream.stream_info(stream)).state
                if await row_of(jetstream, stream, state.last_seq) == told.row:
                    continue
                raise Again("nothing comes, and there is more") from None
            told.take(int(message.headers["ce-sequence"]), message.headers, message.data)
    finally:
        await messages.unsubscribe()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("world")
    parser.add_argument("--nats", default="nats://127.0.0.1:4222")
    parser.add_argument("--until", type=int)
    asked = parser.parse_args()
    told = Told(asked.database, asked.world)

    async def quiet(_):
        pass

    client = await nats.connect(
        asked.nats, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=quiet
    )
    while asked.until is None or told.row < asked.until:
        try:
            await follow(client.jetstream(timeout=2), told, asked.until)
        except (Again, nats.errors.Error, asyncio.TimeoutError) as why:
            print(f"after row {told.row}: {why}", file=sys.stderr)
            await asyncio.sleep(0.1)
    await client.close()


asyncio.run(main())
