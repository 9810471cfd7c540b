"""An AI client without a model, by the SDK for Python: asks what each line of stdin says,
and writes each answer as a line of stdout.

    mcp_client.py <mode> stdio <program> <argument>...
    mcp_client.py <mode> http <address> <token>

A line is {"list": "tools"}, {"list": "templates"}, {"read": <address>} or {"tool": <name>,
"arguments": {...}}. The mode is `auto`, which asks without a handshake where the server
can, or `legacy`, which begins with one.
"""

import asyncio
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "target" / "ci" / "python"))

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def said(answer):
    print(json.dumps(answer), flush=True)


async def asked(client, line):
    question = json.loads(line)
    match question:
        case {"list": "tools"}:
            answer = await client.list_tools()
        case {"list": "templates"}:
            answer = await client.list_resource_templates()
        case {"read": address}:
            answer = await client.read_resource(address)
        case {"tool": name}:
            answer = await client.call_tool(name, question.get("arguments"))
    return answer.model_dump(mode="json", by_alias=True)


async def converse(server, mode):
    async with Client(server, mode=mode) as client:
        said({"version": client.protocol_version, "instructions": client.instructions})
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                said(await asked(client, line))
            except Exception as error:
                said({"refused": str(error)})


async def main(mode, transport, first, *rest):
    if transport == "stdio":
        return await converse(StdioServerParameters(command=first, args=list(rest)), mode)
    headers = {"authorization": f"Bearer {rest[0]}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        await converse(streamable_http_client(first, http_client=http), mode)


def sentence(error):
    """What went wrong first, of what went wrong together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


try:
    asyncio.run(main(*sys.argv[1:]))
except Exception as error:
    said({"refused": sentence(error)})
