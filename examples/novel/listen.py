"""Takes events of a story from a stream of JetStream into a save, while its world runs or not.

    python3 listen.py novel.db --stream chronicle [--nats URL] [--once]

Needs the package `nats-py`, and `sandtable` on the path. Messages are given to `sandtable
send` by the hundred and acknowledged once they are in the save, so that none is lost,
whatever is killed. Some may come twice then: an event counts once by its id. A message
that is no event is told of and not asked for again.
"""

import argparse
import asyncio
import subprocess
import sys

import nats
from nats.errors import TimeoutError as NothingCame
from nats.js.api import ConsumerConfig

AT_ONCE = 100
PATIENCE = 0.5
# How `sandtable send` ends when lines were left out, and all others are in the save.
LEFT_OUT = 3


def send(asked, lines):
    """Puts lines into the save, and says whether they are there."""
    command = [asked.program, "send", asked.save, asked.input, "--ndjson", "-"]
    sent = subprocess.run([*command, "--bad-lines", "skip"], input=b"\n".join(lines), check=False)
    return sent.returncode in (0, LEFT_OUT)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("save")
    parser.add_argument("--stream", required=True)
    parser.add_argument("--durable", default="sandtable", help="the name of the cursor there")
    parser.add_argument("--input", default="story/Event")
    parser.add_argument("--nats", default="nats://127.0.0.1:4222")
    parser.add_argument("--program", default="sandtable")
    parser.add_argument(
        "--ack-wait", type=float, default=30.0, help="seconds until a batch comes again"
    )
    parser.add_argument("--once", action="store_true", help="end where nothing is left")
    asked = parser.parse_args()
    client = await nats.connect(asked.nats, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    messages = await client.jetstream().pull_subscribe(
        "", asked.durable, asked.stream, ConsumerConfig(ack_wait=asked.ack_wait)
    )
    while True:
        try:
            batch = await messages.fetch(AT_ONCE, timeout=PATIENCE)
        except NothingCame:
            state = await messages.consumer_info()
            if asked.once and state.num_pending == 0 and state.num_ack_pending == 0:
                break
            continue
        # A line each: what is JSON means the same without its line ends.
        lines = [b" ".join(message.data.splitlines()) for message in batch]
        if await asyncio.to_thread(send, asked, lines):
            for message in batch:
                await message.ack()
        else:
            print("nothing of a batch was sent; it comes again", file=sys.stderr)
            for message in batch:
                await message.nak(delay=PATIENCE)
    await client.flush()
    await client.close()


asyncio.run(main())
