"""A client of `sandtable serve`: it reads a running world at any tick, follows it, and acts
on it.

    from sandtable_client import Client

    world = Client("http://127.0.0.1:7878", "mine").world("Earth")
    print(world.entity("Germany", at=1200)["components"]["economy/Economy"])
    for row in world.entities(with_="economy/Economy", select="economy/Economy.gdp_usd"):
        print(row["label"], row["economy/Economy.gdp_usd"])
    world.history("Germany", "economy/Economy").to_pandas()["gdp_usd"].plot()
    for told in world.stream(changes="economy/Treasury"):
        print(told.at, told.changes)

`World` has a method for each operation of the API. Rows are lists of dicts, and
`to_pandas()` makes frames of them where pandas is installed. A refusal is a `Refused`
with the server's sentence, which says what to do.

Inputs and edits count once: they carry a key, under which they are sent again when the
connection broke.

Nothing but Python's own library is needed. This client speaks v1 of the API, which only
grows: what a newer server answers besides is passed on as it is.
"""

from __future__ import annotations

import array
import functools
import http.client
import inspect
import json
import os
import re
import secrets
import ssl
import struct
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

__version__ = "0.1.0"
__all__ = [
    "At",
    "Client",
    "Columns",
    "ColumnStream",
    "Edit",
    "Entity",
    "Error",
    "Forked",
    "Misunderstood",
    "OPERATIONS",
    "Operation",
    "Pages",
    "Refused",
    "Rows",
    "Stream",
    "Told",
    "Unreachable",
    "Whole",
    "World",
    "number",
]

_BASE = "/api/v1"
_CONNECT_S = 10.0
# The stream says something every 15 seconds, and what is waited for takes 60 at most.
_SILENCE_S = 90.0
_PAUSES_S = (0.05, 2.0)

Row = Dict[str, Any]
Names = Union[str, Sequence[str]]


# Why there is no answer.


class Error(Exception):
    """Why there is no answer, in one sentence."""


class Refused(Error):
    """The server refuses; its sentence says why, and what to do."""

    def __init__(self, document: Row, status: int, retry_after: Optional[float] = None):
        #: One sentence: what is wrong, and what to do.
        self.detail: str = (
            document.get("detail") or f"the server answers with status {status} and no reason"
        )
        super().__init__(self.detail)
        #: The address of the page that says more, without the host.
        self.page: str = document.get("type", "")
        #: What kind of problem, in one word: `pruned`, `token`, `not-found`.
        self.kind: str = self.page.rsplit("/", 1)[-1]
        #: What kind of problem, in words.
        self.title: str = document.get("title", "")
        #: The status of the answer.
        self.status = status
        #: Seconds to wait before it is asked again, where the server says so.
        self.retry_after = retry_after
        #: The problem document as it came.
        self.document = document


class Unreachable(Error):
    """The server cannot be reached, or the connection broke."""


class Misunderstood(Error):
    """The answer is not what v1 of the API gives."""


# What names an entity, and what names a tick.


class Entity(NamedTuple):
    """Names one entity: an index, and a generation that tells it from earlier entities of
    the same index. Its text is `12v3`."""

    index: int
    generation: int

    @classmethod
    def parse(cls, name: Union[str, int]) -> Entity:
        """From `12v3`, or from the number that SQL and packed columns have for it."""
        text = str(name)
        if re.fullmatch(r"\d+v\d+", text, re.ASCII):
            index, generation = text.split("v")
            return cls(int(index), int(generation))
        if re.fullmatch(r"-?\d+", text, re.ASCII):
            bits = int(text) & 0xFFFF_FFFF_FFFF_FFFF
            return cls(bits & 0xFFFF_FFFF, bits >> 32)
        raise ValueError(f"an entity is written as 12v3, and not as {name!r}")

    @property
    def bits(self) -> int:
        """The number that SQL and packed columns have for it."""
        return self.generation << 32 | self.index

    def __str__(self) -> str:
        return f"{self.index}v{self.generation}"


class At(NamedTuple):
    """A tick, and of which course of the world it is, where that is said: `1200`, or
    `1200~6db9a168`. Asked in the second form, an answer is always the same."""

    tick: int
    chain: Optional[str] = None

    @classmethod
    def parse(cls, text: str) -> At:
        """From `1200` or `1200~6db9a168`."""
        tick, _, chain = text.partition("~")
        if not re.fullmatch(r"\d+", tick, re.ASCII):
            raise ValueError(f"a tick is written as 1200 or 1200~6db9a168, and not as {text!r}")
        return cls(int(tick), chain or None)

    def __str__(self) -> str:
        return f"{self.tick}~{self.chain}" if self.chain else str(self.tick)


Tick = Union[int, str, At]
EntityName = Union[str, int, Entity]


def number(value: Any) -> Any:
    """A value as a number: also one that JSON has no number for, which is a text in it.
    What is none is None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value, re.ASCII):
        return int(value)
    return None


# What is answered.


class Rows(List[Row]):
    """Rows, each a dict by the names of the columns, and what there is to say of them as a
    whole."""

    def __init__(self, answer: Row, index: Optional[str] = None):
        rows = answer.get("rows")
        if not isinstance(rows, list):
            raise Misunderstood("the answer has no rows")
        super().__init__(rows)
        #: The tick that they are of, where they are of one: asked so, they are the same.
        self.at: Optional[At] = At.parse(answer["at"]) if answer.get("at") else None
        #: The tick that they are of, where its course is not said.
        self.tick: Optional[int] = answer.get("tick")
        #: Whether there were more, which a limit or the time cut off.
        self.truncated: bool = answer.get("truncated", False)
        #: How many there are in all, if that was asked for.
        self.count_in_all: Optional[int] = answer.get("count")
        #: Where the next page begins, if there is one.
        self.next: Optional[str] = answer.get("next")
        #: What else there is to say of them.
        self.notes: List[str] = answer.get("notes", [])
        #: The answer as the server gave it.
        self.raw = answer
        self._index = index

    def to_pandas(self, index: Optional[str] = None) -> Any:
        """A frame of pandas, indexed by a column: by the tick, where a row is what was so
        from a tick on."""
        return _frame(self, index or self._index)


class Whole(Dict[str, Any]):
    """One entity, whole: `entity`, `label`, `at`, `components`, `outgoing`, `incoming`."""

    #: What it is recognised by as it is, for `if_match=`.
    tag: Optional[str] = None


class Forked(Dict[str, Any]):
    """What would be: `from`, `to`, `series`, `first`, `summary` and more."""

    def to_pandas(self) -> Any:
        """What was watched, as a frame indexed by the tick: each series as it would be
        without the changes, and as it would be with them, called so with `changed`."""
        import pandas

        columns = {}
        for it in self["series"]:
            columns[it["title"]] = pandas.Series(it["truth"], it["ticks"])
            columns[f"{it['title']} changed"] = pandas.Series(it["changed"], it["ticks"])
        frame = pandas.DataFrame(columns)
        frame.index.name = "tick"
        return frame


class Pages:
    """Rows page by page, all of the tick of the first. Goes through every row; nothing is
    asked before that."""

    def __init__(self, ask: Callable[[Row], Row]):
        self._ask = ask

    def pages(self) -> Iterator[Rows]:
        """Page after page."""
        page = Rows(self._ask({}))
        yield page
        while page.next:
            page = Rows(self._ask({"cursor": page.next}))
            yield page

    def first(self) -> Rows:
        """The first page."""
        return next(self.pages())

    def __iter__(self) -> Iterator[Row]:
        for page in self.pages():
            yield from page

    def to_pandas(self, index: Optional[str] = None) -> Any:
        """All rows as a frame of pandas, indexed by a column if one is named."""
        return _frame(list(self), index)


def _frame(rows: List[Row], index: Optional[str]) -> Any:
    import pandas

    frame = pandas.DataFrame.from_records(rows)
    for name in frame.columns:
        cells = [row.get(name) for row in rows]
        known = [cell for cell in cells if cell is not None]
        # Numbers that JSON has none for, among others.
        if any(isinstance(cell, str) for cell in known) and any(
            isinstance(cell, (int, float)) for cell in known
        ):
            if all(number(cell) is not None for cell in known):
                frame[name] = [number(cell) for cell in cells]
    if index is not None and index in frame.columns:
        frame = frame.set_index(index)
    return frame


# Types of packed fields: the codes of `struct` and of numpy for them.
_CODES = {
    "bool": ("?", "?"),
    "entity": ("Q", "<u8"),
    "f32": ("f", "<f4"),
    "f64": ("d", "<f8"),
    "i16": ("h", "<i2"),
    "i32": ("i", "<i4"),
    "i64": ("q", "<i8"),
    "i8": ("b", "i1"),
    "u16": ("H", "<u2"),
    "u32": ("I", "<u4"),
    "u64": ("Q", "<u8"),
    "u8": ("B", "u1"),
}


def _dtype(ty: str) -> Any:
    """The type of a packed field as numpy has it."""
    if ty in _CODES:
        return _CODES[ty][1]
    if ty.startswith("["):
        item, _, length = ty[1:-1].rpartition(";")
        return (_dtype(item), (int(length),))
    parts, depth, start = [], 0, 1
    for place, letter in enumerate(ty):
        depth += letter in "[{"
        depth -= letter in "]}"
        if (depth == 1 and letter == ",") or (depth == 0 and letter == "}"):
            name, _, of = ty[start:place].partition(":")
            parts.append((name.strip(), _dtype(of.strip())))
            start = place + 1
    return parts


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


@dataclass
class Columns:
    """All values of a packed component at a tick, as one run of bytes.

    `columns["x"]` is a field of every value: an array of numpy that copies nothing, or,
    without numpy, an `array.array` of numbers.
    """

    #: The tick that they are of.
    at: At
    #: The component.
    kind: str
    #: Its fields: `name`, `type` and `offset` of each.
    fields: List[Row]
    #: The entities that have it, by their numbers: an array of numpy, or `array.array`.
    entities: Any
    #: The values in the order of the entities, one right after the other.
    data: bytes = field(repr=False)
    #: Bytes of a value.
    size: int

    def __len__(self) -> int:
        return len(self.entities)

    def names(self) -> List[Entity]:
        """The entities by their names."""
        return [Entity.parse(int(bits)) for bits in self.entities]

    def array(self) -> Any:
        """The values as a structured array of numpy."""
        import numpy

        names = [it["name"] for it in self.fields]
        formats = [_dtype(it["type"]) for it in self.fields]
        offsets = [it["offset"] for it in self.fields]
        dtype = numpy.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": self.size}
        )
        return numpy.frombuffer(self.data, dtype)

    def __getitem__(self, name: str) -> Any:
        found = next((it for it in self.fields if it["name"] == name), None)
        if found is None:
            names = ", ".join(it["name"] for it in self.fields)
            raise KeyError(f"{self.kind} has no field {name!r}: it has {names}")
        if _numpy():
            return self.array()[name]
        if found["type"] not in _CODES:
            raise TypeError(f"{name!r} of {self.kind} is {found['type']}: install numpy for it")
        code = _CODES[found["type"]][0]
        before = found["offset"]
        after = self.size - before - struct.calcsize(code)
        each = struct.iter_unpack(f"<{before}x{code}{after}x", self.data)
        return array.array("B" if code == "?" else code, (value for (value,) in each))

    def to_pandas(self) -> Any:
        """A frame of pandas, indexed by the names of the entities."""
        import pandas

        columns = {}
        for it in self.fields:
            values = self[it["name"]]
            is_plain = getattr(values, "ndim", 1) == 1
            columns[it["name"]] = values if is_plain else list(values)
        index = pandas.Index([str(entity) for entity in self.names()], name="entity")
        return pandas.DataFrame(columns, index=index)


def _columns(message: Row, before: Optional[Columns]) -> Columns:
    entities = message.get("entities")
    if entities is None:
        if before is None:
            raise Misunderstood("the columns have no entities")
        bits = before.entities
    elif _numpy():
        bits = _numpy().frombuffer(entities, "<u8")
    else:
        bits = array.array("Q", (it for (it,) in struct.iter_unpack("<Q", entities)))
    at, size, data = At.parse(message["at"]), message["size"], message["data"]
    if len(bits) * size != len(data):
        raise Misunderstood("the columns have other values than entities")
    return Columns(at, message["kind"], message["fields"], bits, data, size)


def _unpack(read: Callable[[int], bytes]) -> Any:
    """One value of MessagePack, as far as the server sends them."""

    def of(code: str) -> Any:
        return struct.unpack(f">{code}", read(struct.calcsize(code)))[0]

    def text(length: int) -> str:
        return read(length).decode()

    def items(length: int) -> List[Any]:
        return [_unpack(read) for _ in range(length)]

    def members(length: int) -> Row:
        return {_unpack(read): _unpack(read) for _ in range(length)}

    mark = read(1)[0]
    if mark < 0x80:
        return mark
    if mark < 0x90:
        return members(mark & 0x0F)
    if mark < 0xA0:
        return items(mark & 0x0F)
    if mark < 0xC0:
        return text(mark & 0x1F)
    if mark >= 0xE0:
        return mark - 0x100
    if mark in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[mark]
    sizes = "BHI"
    if 0xC4 <= mark <= 0xC6:
        return read(of(sizes[mark - 0xC4]))
    if 0xCA <= mark <= 0xD3:
        return of("fdBHIQbhiq"[mark - 0xCA])
    if 0xD9 <= mark <= 0xDB:
        return text(of(sizes[mark - 0xD9]))
    if mark in (0xDC, 0xDD):
        return items(of("HI"[mark - 0xDC]))
    if mark in (0xDE, 0xDF):
        return members(of("HI"[mark - 0xDE]))
    raise Misunderstood(f"the answer has {mark:#x}, which is none of MessagePack")


# What is done to a world.


class Edit:
    """A change of a world by hand: all of it is done or nothing. Entities are named as
    `12v3`, by their label, or by the `name` that an earlier `spawn` of it gives one. Each
    method adds to it and gives it back."""

    def __init__(self) -> None:
        self._operations: List[Row] = []
        self._expects: List[Row] = []

    def json(self) -> Row:
        """As the server reads it."""
        return {"operations": self._operations, "expects": self._expects}

    def _with(self, op: str, **members: Any) -> Edit:
        self._operations.append({"op": op, **_plain(members)})
        return self

    def set(self, entity: EntityName, component: str, fields: Row) -> Edit:
        """Gives fields of a component other values; all else of it stays."""
        return self._with("set", entity=_text(entity), component=component, value=fields)

    def insert(self, entity: EntityName, component: str, value: Row) -> Edit:
        """Gives an entity a component, or another value for it."""
        return self._with("insert", entity=_text(entity), component=component, value=value)

    def remove(self, entity: EntityName, component: str) -> Edit:
        """Takes a component away."""
        return self._with("remove", entity=_text(entity), component=component)

    def spawn(self, components: Dict[str, Row], name: Optional[str] = None) -> Edit:
        """Makes an entity with these components, which what follows calls by the name."""
        called = {"as": name} if name else {}
        return self._with("spawn", components=components, **called)

    def despawn(self, entity: EntityName) -> Edit:
        """Ends the life of an entity."""
        return self._with("despawn", entity=_text(entity))

    def relate(
        self, source: EntityName, relation: str, target: EntityName, value: Optional[Row] = None
    ) -> Edit:
        """Makes an edge, or gives it another value."""
        ends = {"from": _text(source), "to": _text(target)}
        return self._with("relate", relation=relation, value=value or {}, **ends)

    def unrelate(self, source: EntityName, relation: str, target: EntityName) -> Edit:
        """Takes an edge away."""
        ends = {"from": _text(source), "to": _text(target)}
        return self._with("unrelate", relation=relation, **ends)

    def set_resource(self, resource: str, fields: Row) -> Edit:
        """Gives fields of a resource other values; all else of it stays."""
        return self._with("set-resource", resource=resource, value=fields)

    def if_set(self, entity: EntityName, component: str, fields: Optional[Row]) -> Edit:
        """Only where a component has these values in these fields then; with None, where
        the entity lacks it."""
        expected = {"entity": _text(entity), "component": component, "value": _plain(fields)}
        self._expects.append(expected)
        return self


def _plain(value: Any) -> Any:
    """What JSON has words for."""
    if isinstance(value, Edit):
        return value.json()
    if isinstance(value, (Entity, At)):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(of) for name, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(of) for of in value]
    return value


# What can be asked.


class Operation(NamedTuple):
    """An operation of the API, as the table of the server has it."""

    #: What it is called.
    name: str
    #: `GET` or `POST`.
    method: str
    #: Its address below `/api/v1`.
    path: str
    #: What can be given behind the `?`.
    parameters: List[str]
    #: The method of this client.
    function: str


# Where arguments stand that several operations have.
_WAIT = "header:Prefer"
_KEY = "header:Idempotency-Key"

#: Every operation that this client has a method for, by its name.
OPERATIONS: Dict[str, Operation] = {}


def _object(text: Union[str, bytes]) -> Row:
    """A JSON object of the server."""
    try:
        read = json.loads(text)
    except ValueError as error:
        raise Misunderstood(f"the answer is no JSON: {error}") from error
    if not isinstance(read, dict):
        raise Misunderstood("the answer is no JSON object")
    return read


@dataclass
class _Asked:
    """An operation with what is given for it."""

    client: Client
    operation: Operation
    places: Dict[str, str]
    given: List[Any] = field(default_factory=list)
    headers: Dict[str, str] = field(default_factory=dict)
    #: Members of the JSON object in the body, if that is one.
    members: Row = field(default_factory=dict)
    body: Optional[bytes] = None
    may_repeat: bool = True

    def give(self, name: str, of: str, value: Any) -> None:
        """Gives an argument: behind the `?`, or where `of` says."""
        where, _, rest = of.partition(":")
        if f"{{{name}}}" in self.operation.path:
            self.places[name] = _text(value)
        elif where == "body":
            self.headers["Content-Type"] = rest
            is_json = rest == "application/json"
            value = json.dumps(_plain(value)) if is_json else value
            self.body = value.encode() if isinstance(value, str) else bytes(value)
        elif of == _WAIT:
            self.headers[rest] = f"wait={value}"
        elif where == "header":
            self.headers[rest] = _text(value)
        elif where == "member":
            self.members[rest] = _plain(value)
        elif of == "where":
            several = value if isinstance(value, (list, tuple)) else [value]
            self.given.extend((of, condition) for condition in several)
        elif value is not False:
            is_one = isinstance(value, (Entity, At)) or not isinstance(value, (list, tuple))
            self.given.append((of, _text(value) if is_one else ",".join(map(_text, value))))

    def request(self, more: Optional[Row] = None) -> _Request:
        path = _BASE + self.operation.path
        for name, value in self.places.items():
            path = path.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
        given = self.given + list((more or {}).items())
        query = urllib.parse.urlencode(given, quote_via=urllib.parse.quote)
        path = f"{path}?{query}" if query else path
        headers, body = dict(self.headers), self.body
        if self.members:
            headers["Content-Type"] = "application/json"
            body = json.dumps(self.members).encode()
        return _Request(self.operation.method, path, headers, body, self.may_repeat)

    def json(self, more: Optional[Row] = None) -> Row:
        return _object(self.client._send(self.request(more))[0])


def _one(asked: _Asked) -> Row:
    return asked.json()


def _whole(asked: _Asked) -> Whole:
    body, tag = asked.client._send(asked.request())
    whole = Whole(_object(body))
    whole.tag = tag
    return whole


def _forked(asked: _Asked) -> Forked:
    return Forked(asked.json())


def _rows(asked: _Asked) -> Rows:
    return Rows(asked.json())


def _by_tick(asked: _Asked) -> Rows:
    return Rows(asked.json(), "tick")


def _pages(asked: _Asked) -> Pages:
    return Pages(asked.json)


def _packed(asked: _Asked) -> Columns:
    body, _ = asked.client._send(asked.request())
    place = 0

    def read(count: int) -> bytes:
        nonlocal place
        place += count
        if place > len(body):
            raise Misunderstood("the columns end too soon")
        return body[place - count : place]

    return _columns(_unpack(read), None)


def _stream(asked: _Asked) -> Stream:
    return Stream(asked.client, asked.request())


def _column_stream(asked: _Asked) -> ColumnStream:
    return ColumnStream(asked.client, asked.request())


def _act(asked: _Asked) -> Row:
    """What is done as often as it is sent is sent once."""
    asked.may_repeat = False
    return asked.json()


def _act_once(asked: _Asked) -> Row:
    """What is sent again where the connection breaks counts once, by its key."""
    asked.headers.setdefault("Idempotency-Key", secrets.token_hex(16))
    return asked.json()


def _text(value: Any) -> str:
    if value is True:
        return "true"
    if isinstance(value, dict):
        return json.dumps(_plain(value))
    return value if isinstance(value, str) else str(value)


def _operation(
    name: str, method: str, path: str, answer: Callable[[_Asked], Any], /, **called: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a method of a declaration: what it takes stands behind the `?`, but for what
    stands in the path. `called` says what an argument is called there, where that is not
    its own name; or that it is the `body:` of a media type, a `header:`, or a `member:` of
    the JSON object in the body."""

    def decorate(declared: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(declared)
        names = {it: called.get(it, it) for it in signature.parameters if it != "self"}
        behind = [
            of for it, of in names.items() if f"{{{it}}}" not in path and ":" not in of
        ]
        operation = Operation(name, method, path, behind, declared.__name__)
        OPERATIONS[name] = operation

        @functools.wraps(declared)
        def asks(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            of = bound.arguments.pop("self")
            asked = _Asked(of._client, operation, dict(of._places))
            for it, value in bound.arguments.items():
                if value is not None:
                    asked.give(it, names[it], value)
            return answer(asked)

        return asks

    return decorate


# The connection to a server.


class Client:
    """A connection to a server, which threads may share.

    What is asked of a server that was there before and cannot be reached now, because it is
    started again or the network is gone, is asked again for `patience` seconds. One that
    was never there is reported at once: its address is probably wrong.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:7878",
        token: Optional[str] = None,
        *,
        patience: float = 30.0,
        context: Optional[ssl.SSLContext] = None,
    ):
        """`token` is what SANDTABLE_TOKEN was set to for the server, and is that of this
        process if none is given. `context` says whom to trust behind https://."""
        address = address.split("#")[0].rstrip("/")
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is no address: give one as in http://127.0.0.1:7878")
        self.address = address
        self.patience = patience
        self._parts = parts
        self._context = context
        self._token = os.environ.get("SANDTABLE_TOKEN", "") if token is None else token
        self._client, self._places = self, {}
        self._idle: List[http.client.HTTPConnection] = []
        self._was_there = False

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def world(self, name: str) -> World:
        """A world by its name. Nothing is asked yet."""
        return World(self, name)

    @_operation("worlds", "GET", "/worlds", _rows)
    def worlds(self) -> Rows:
        """The worlds that are served."""

    @_operation("create-world", "POST", "/worlds", _act, content="body:application/zip")
    def create_world(
        self, name: str, *, pack: Optional[str] = None, content: Optional[bytes] = None
    ) -> Row:
        """Makes a world in the folder that is served: of a `pack` in it, by the name of its
        file, or of the `content` of one."""

    @_operation("tokens", "GET", "/tokens", _rows)
    def tokens(self) -> Rows:
        """The tokens that were made, without their secrets, the last first."""

    @_operation(
        "create-token", "POST", "/tokens", _act, name="member:name", grants="member:grants",
        user="member:user", expires_in_seconds="member:expires_in_seconds",
    )
    def create_token(
        self, name: str, grants: List[str], *, user: Optional[str] = None,
        expires_in_seconds: Optional[int] = None,
    ) -> Row:
        """Makes a token, which is told this once: with grants such as
        `earth:read:geography/*`."""

    @_operation("revoke-token", "DELETE", "/tokens/{token}", _act)
    def revoke_token(self, token: str) -> Row:
        """Revokes a token, by its id or name, and those that were made by it."""

    @_operation("audit", "GET", "/audit", _rows)
    def audit(self, *, user: Optional[str] = None, limit: Optional[int] = None) -> Rows:
        """What was done and what was refused, the last first."""

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = self._context or ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_CONNECT_S, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_CONNECT_S)
        connection.connect()
        self._was_there = True
        connection.sock.settimeout(_SILENCE_S)
        return connection

    def _open(self, request: _Request) -> _Answer:
        """Sends a request once; gives an answer that is no refusal, whose body is still to
        be read."""
        headers = {"User-Agent": f"sandtable-client/{__version__} python", **request.headers}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            path = self._parts.path + request.path
            connection.request(request.method, path, request.body, headers)
            response = connection.getresponse()
            if 200 <= response.status < 300:
                return _Answer(self, connection, response)
            body = _Answer(self, connection, response).whole()
        except (OSError, http.client.HTTPException) as error:
            # The others have probably gone with it.
            self._idle.clear()
            raise self._unreachable(error) from error
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        after = response.headers.get("Retry-After", "")
        retry_after = float(after) if after.isdigit() else None
        raise Refused(document if isinstance(document, dict) else {}, response.status, retry_after)

    def _send(self, request: _Request) -> Tuple[bytes, Optional[str]]:
        """Sends a request until it is answered, where it may be sent again; gives the
        answer's body, and what it is recognised by."""
        patience = _Patience(self)
        while True:
            try:
                answer = self._open(request)
                return answer.whole(), answer.tag
            except Error as error:
                if not request.may_repeat:
                    raise
                patience.wait_or_raise(error)

    def _unreachable(self, why: Any) -> Unreachable:
        return Unreachable(
            f"{self.address} cannot be reached: {str(why) or type(why).__name__}: "
            "is `sandtable serve` running there?"
        )


class _Patience:
    """The pauses in which a server is waited for that was there before."""

    def __init__(self, client: Client):
        self._client = client
        self._pause, self._until = _PAUSES_S[0], None

    def wait_or_raise(self, error: Error) -> None:
        """Waits until it may be asked again; raises what went wrong where there is no
        patience left, or no hope."""
        is_refused = isinstance(error, Refused)
        may_pass = isinstance(error, Unreachable) or (
            is_refused and (error.kind == "busy" or error.status in (502, 504))
        )
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._client.patience
        if not (may_pass and self._client._was_there and now < self._until):
            raise error
        time.sleep(min(self._pause, self._until - now))
        self._pause = min(self._pause * 2, _PAUSES_S[1])


class _Answer:
    """An answer whose body is still to be read."""

    def __init__(
        self,
        client: Client,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
    ):
        self._client, self._connection, self._response = client, connection, response
        self.tag: Optional[str] = response.headers.get("ETag")

    def whole(self) -> bytes:
        """All of it, after which the connection may be used again."""
        try:
            body = self._response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._client._unreachable(error) from error
        if not self._response.will_close:
            self._client._idle.append(self._connection)
        return body

    def line(self) -> bytes:
        """The next line."""
        try:
            line = self._response.readline()
        except (OSError, http.client.HTTPException) as error:
            raise self._client._unreachable(error) from error
        if not line:
            raise self._client._unreachable("the connection was closed")
        return line

    def bytes(self, count: int) -> bytes:
        """So many bytes."""
        try:
            read = self._response.read(count) if count else b""
        except (OSError, http.client.HTTPException) as error:
            raise self._client._unreachable(error) from error
        if len(read) < count:
            raise self._client._unreachable("the connection was closed")
        return read

    def close(self) -> None:
        self._connection.close()


@dataclass
class _Request:
    """A request as it is sent."""

    method: str
    path: str
    headers: Dict[str, str] = field(default_factory=dict)
    body: Optional[bytes] = None
    #: Whether it does no more when it is sent twice than when it is sent once.
    may_repeat: bool = True


class _Line:
    """A connection that stays open, and is opened again when it breaks."""

    def __init__(self, client: Client, request: _Request):
        self._client, self._request = client, request
        self._patience = _Patience(client)
        self._answer: Optional[_Answer] = client._open(request)

    def _next(self, read: Callable[[_Answer], Any]) -> Any:
        while True:
            try:
                if self._answer is None:
                    self._answer = self._client._open(self._request)
                message = read(self._answer)
                self._patience = _Patience(self._client)
                return message
            except Error as error:
                self.close()
                self._patience.wait_or_raise(error)

    def close(self) -> None:
        """Lets go of the connection."""
        if self._answer is not None:
            self._answer.close()
        self._answer = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


@dataclass
class Told:
    """What is told at once: a tick, what is other in it, and what happened in it."""

    #: The tick up to which it is told; `after=` goes on from there.
    at: At
    #: The tick: `tick`, `since`, `state`, `entities` and more.
    tick: Row
    #: That ticks before it cannot be told: `from`, `to`, `at` and `why`.
    gap: Optional[Row] = None
    #: What is other, where that was asked for and there was a tick before: lists that a
    #: copy follows in the order despawned, spawned, removed, set, unrelated, related,
    #: resources.
    changes: Optional[Row] = None
    #: Events, where they were asked for and there are any: `rows` and more.
    events: Optional[Row] = None
    #: What a later version of the API tells besides, by its name there.
    others: Row = field(default_factory=dict)


class Stream(_Line):
    """What happens, as it happens.

    It connects again whenever the connection breaks, and goes on after the tick that it
    told last: also when the server was killed and started again, nothing is left out and
    nothing is told twice, and what can be told no more is told as a gap. After an error
    `last` says where another one can go on.
    """

    #: The tick that was told last.
    last: Optional[At] = None

    def __iter__(self) -> Iterator[Told]:
        return self

    def __next__(self) -> Told:
        told: Told = self._next(self._told)
        self.last = told.at
        self._request.headers["Last-Event-ID"] = str(told.at)
        return told

    @staticmethod
    def _told(answer: _Answer) -> Told:
        # What has no id of its own is a part of what follows, and is told with it: where
        # the connection breaks between the two, both are told again.
        parts: Row = {}
        while True:
            name, at, data = "", None, []
            while True:
                line = answer.line().rstrip(b"\r\n").decode(errors="replace")
                if not line:
                    break
                of, _, value = line.partition(":")
                value = value[1:] if value.startswith(" ") else value
                if of == "event":
                    name = value
                elif of == "id":
                    at = value
                elif of == "data":
                    data.append(value)
            if not data:
                continue
            said = _object("\n".join(data))
            if name == "problem":
                raise Refused(said, said.get("status", 500))
            if name == "tick" and at is not None:
                told = {part: parts.pop(part, None) for part in ("gap", "changes", "events")}
                return Told(At.parse(at), said, **told, others=parts)
            parts[name] = said


class ColumnStream(_Line):
    """The columns of a component, whenever they are other than before. One that takes its
    time misses what was between."""

    _last: Optional[Columns] = None

    def __iter__(self) -> Iterator[Columns]:
        return self

    def __next__(self) -> Columns:
        self._last = self._next(lambda answer: _columns(_unpack(answer.bytes), self._last))
        return self._last


class World:
    """A world that the server has.

    `at=` asks as of a tick, a number or an `At`; without it, of now. `first=` and `last=`
    are ticks; without them, all that are kept are asked for. An entity is named as `12v3`,
    by an `Entity` or by its label.
    """

    def __init__(self, client: Client, name: str):
        self.name = name
        self._client = client
        self._places = {"world": name}

    def __repr__(self) -> str:
        return f"{self._client!r}.world({self.name!r})"

    @_operation("world", "GET", "/worlds/{world}", _one)
    def standing(self) -> Row:
        """How a world stands: tick, hashes, entities, the last tick's stages."""

    @_operation("health", "GET", "/worlds/{world}/health", _one)
    def health(self) -> Row:
        """How a world goes: what its last ticks took, what went wrong, sizes of its save."""

    @_operation("delete-world", "DELETE", "/worlds/{world}", _act)
    def delete(self) -> Row:
        """Deletes a world of the folder that is served, with its save."""

    @_operation("run", "GET", "/worlds/{world}/run", _one)
    def run(self) -> Row:
        """Whether a world runs, how fast it should, and how far it is behind."""

    @_operation(
        "set-run", "POST", "/worlds/{world}/run", _one, paused="member:paused", hz="member:hz"
    )
    def set_run(self, *, paused: Optional[bool] = None, hz: Optional[float] = None) -> Row:
        """Lets a world run or stand still, and sets its speed: ticks a second, 0 for as many
        as possible."""

    @_operation(
        "step", "POST", "/worlds/{world}/run/step", _act, ticks="member:ticks", wait=_WAIT
    )
    def step(self, ticks: int = 1, *, wait: Optional[int] = None) -> Row:
        """Does some ticks, after which the world stands still. With `wait` the answer comes
        when they are done, or after so many seconds, 60 or fewer."""

    @_operation(
        "inputs", "POST", "/worlds/{world}/inputs", _act_once, inputs="body:application/json",
        wait=_WAIT, key=_KEY,
    )
    def inputs(
        self,
        inputs: Union[Row, Sequence[Row]],
        *,
        wait: Optional[int] = None,
        key: Optional[str] = None,
    ) -> Row:
        """Gives the next tick inputs: `{"input": "mod/Name", "value": {…}}`, or a list of
        such.

        With `wait` the answer has the tick that read them and the events that came of it,
        or comes after so many seconds, 60 or fewer. By a `key` they count once, however
        often they are sent; without one they have a random key, under which they are sent
        again where the connection breaks.
        """

    def send(
        self,
        name: str,
        value: Optional[Row] = None,
        *,
        wait: Optional[int] = None,
        key: Optional[str] = None,
    ) -> Row:
        """Gives the next tick one input, by its full name, with its fields."""
        return self.inputs({"input": name, "value": value or {}}, wait=wait, key=key)

    def send_all(self, inputs: Iterable[Tuple[str, Row]], *, key: Optional[str] = None) -> Row:
        """Gives the world any number of inputs, names with fields, in the order in which
        they stand, a thousand or fewer in each tick. Where the connection breaks all are
        sent again, and those that are in the save do not count twice."""
        lines = (json.dumps({"input": name, "value": _plain(of)}) for name, of in inputs)
        asked = _Asked(self._client, OPERATIONS["inputs"], dict(self._places))
        asked.give("inputs", "body:application/x-ndjson", "".join(f"{it}\n" for it in lines))
        if key is not None:
            asked.give("key", _KEY, key)
        return _act_once(asked)

    @_operation("edits", "GET", "/worlds/{world}/edits", _rows, first="from", last="to")
    def edits(
        self,
        *,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """Changes by hand, with who sent each and what became of it, the last first."""

    @_operation(
        "edit", "POST", "/worlds/{world}/edits", _act_once, edit="body:application/json",
        if_match="header:If-Match", wait=_WAIT, key=_KEY,
    )
    def edit(
        self,
        edit: Union[Edit, Row, Sequence[Row]],
        *,
        if_match: Optional[str] = None,
        wait: Optional[int] = None,
        key: Optional[str] = None,
    ) -> Row:
        """Changes values by hand in the next tick, all of it or nothing. `if_match` is the
        `tag` that its entity had: only if it is still so. `wait` and `key` as for
        `inputs`."""

    @_operation(
        "undo", "POST", "/worlds/{world}/edits/undo", _act_once, tick="member:tick",
        number="member:number", wait=_WAIT, key=_KEY,
    )
    def undo(
        self, tick: int, number: int, *, wait: Optional[int] = None, key: Optional[str] = None
    ) -> Row:
        """Takes an edit back, unless what it set has changed since. It is named by the tick
        that had it and its number there."""

    @_operation(
        "fork", "POST", "/worlds/{world}/forks", _forked, ticks="member:ticks", at="member:at",
        inputs="member:inputs", edits="member:edits", watch="member:watch",
    )
    def fork(
        self,
        ticks: int = 1,
        *,
        at: Optional[Tick] = None,
        inputs: Optional[Sequence[Row]] = None,
        edits: Optional[Sequence[Union[Edit, Row]]] = None,
        watch: Optional[Sequence[Row]] = None,
    ) -> Forked:
        """What would be if: the world goes on in memory for some ticks, with what is changed
        and without. Nothing is written. What is watched is `{"sql": "SELECT …"}` or
        `{"entity": "12v3", "component": "mod/Kind.field"}`, with a `title` if wanted."""

    @_operation("snapshots", "GET", "/worlds/{world}/snapshots", _rows)
    def snapshots(self) -> Rows:
        """Ticks that have a name, by which they can be gone back to."""

    @_operation(
        "take-snapshot", "POST", "/worlds/{world}/snapshots", _act, name="member:name",
        note="member:note",
    )
    def take_snapshot(self, name: str, *, note: Optional[str] = None) -> Row:
        """Gives the world as it is a name."""

    @_operation(
        "branch", "POST", "/worlds/{world}/branches", _act, tick="member:tick",
        name="member:name",
    )
    def branch(self, tick: int, name: str) -> Row:
        """Makes another save beside this one, which goes on from an earlier tick."""

    @_operation("rewind", "POST", "/worlds/{world}/rewind", _act, tick="member:tick")
    def rewind(self, tick: int) -> Row:
        """Takes the world back to an earlier tick. What was ahead is kept as a save of its
        own."""

    @_operation("charts", "GET", "/worlds/{world}/charts", _rows)
    def charts(self) -> Rows:
        """The charts that the world file names: a title and one SELECT each."""

    @_operation("kinds", "GET", "/worlds/{world}/kinds", _rows)
    def kinds(self, *, at: Optional[Tick] = None) -> Rows:
        """Components, relations, events, inputs and settings, with their fields."""

    @_operation("resources", "GET", "/worlds/{world}/resources", _rows)
    def resources(self, *, at: Optional[Tick] = None) -> Rows:
        """Every resource and its value."""

    @_operation("entities", "GET", "/worlds/{world}/entities", _pages, with_="with")
    def entities(
        self,
        *,
        with_: Optional[Names] = None,
        without: Optional[Names] = None,
        where: Optional[Names] = None,
        select: Optional[Names] = None,
        order: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        count: bool = False,
        at: Optional[Tick] = None,
    ) -> Pages:
        """Entities by what they have, in pages that are all of one tick.

        `with_` and `without` are components, `where` conditions such as
        `islands/Position.x:gt:100` that must all hold, `select` components or fields to
        show, `*` for all. `order` is a field or `label`, with `-` before it for the
        greatest first. A page has `limit` rows: 1 to 10,000; else 1,000.
        """

    @_operation("columns", "GET", "/worlds/{world}/columns", _packed)
    def columns(self, kind: str, *, at: Optional[Tick] = None) -> Columns:
        """All values of a packed component as they are."""

    @_operation("entity", "GET", "/worlds/{world}/entities/{entity}", _whole)
    def entity(self, entity: EntityName, *, at: Optional[Tick] = None) -> Whole:
        """One entity: its label, components and relations, of which 1,000 each way."""

    @_operation(
        "history", "GET", "/worlds/{world}/entities/{entity}/history", _by_tick,
        first="from", last="to",
    )
    def history(
        self,
        entity: EntityName,
        component: str,
        *,
        first: Optional[int] = None,
        last: Optional[int] = None,
    ) -> Rows:
        """What a component of an entity was, and every change since."""

    @_operation(
        "blame", "GET", "/worlds/{world}/entities/{entity}/blame", _by_tick,
        first="from", last="to",
    )
    def blame(
        self,
        entity: EntityName,
        component: str,
        *,
        first: Optional[int] = None,
        last: Optional[int] = None,
    ) -> Rows:
        """Which mod and system set each field of a component last, and when."""

    @_operation("why", "GET", "/worlds/{world}/why", _one)
    def why(
        self,
        entity: EntityName,
        component: str,
        *,
        at: Optional[Tick] = None,
        seen_by: Optional[str] = None,
    ) -> Row:
        """Why a value is what it is: who set it, what that system saw then, and who had set
        each of those. `seen_by` is a system: the value as that saw it in the tick."""

    @_operation(
        "timeline", "GET", "/worlds/{world}/entities/{entity}/timeline", _rows,
        first="from", last="to",
    )
    def timeline(
        self, entity: EntityName, *, first: Optional[int] = None, last: Optional[int] = None
    ) -> Rows:
        """All that happened to an entity, tick by tick."""

    @_operation(
        "relations", "GET", "/worlds/{world}/relations", _pages, source="from", target="to"
    )
    def relations(
        self,
        *,
        kind: Optional[str] = None,
        source: Optional[EntityName] = None,
        target: Optional[EntityName] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
        count: bool = False,
        at: Optional[Tick] = None,
    ) -> Pages:
        """Edges between entities, in pages that are all of one tick."""

    @_operation("graph", "GET", "/worlds/{world}/graph", _one)
    def graph(
        self,
        around: EntityName,
        *,
        kind: Optional[str] = None,
        depth: Optional[int] = None,
        limit: Optional[int] = None,
        at: Optional[Tick] = None,
    ) -> Row:
        """The entities around one, up to `depth` 1 to 3 steps away, and the edges among
        them."""

    @_operation("changes", "GET", "/worlds/{world}/changes", _rows, first="from", last="to")
    def changes(
        self,
        *,
        entity: Optional[EntityName] = None,
        kind: Optional[str] = None,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """What happened to entities, edges and resources, and by whom, the last first: in
        one tick, in some, or to one entity."""

    @_operation("diff", "GET", "/worlds/{world}/diff", _rows, first="from", last="to")
    def diff(self, first: int, last: Optional[int] = None, *, summary: bool = False) -> Rows:
        """What is other between two ticks; or how often there is each action, kind and
        field."""

    @_operation("ticks", "GET", "/worlds/{world}/ticks", _by_tick, first="from", last="to")
    def ticks(
        self,
        *,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """What each tick did, the last first."""

    @_operation(
        "events", "GET", "/worlds/{world}/events", _rows, kind="name", first="from", last="to"
    )
    def events(
        self,
        *,
        kind: Optional[str] = None,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """Events, the last first."""

    @_operation(
        "system-runs", "GET", "/worlds/{world}/system-runs", _rows, first="from", last="to"
    )
    def system_runs(
        self,
        *,
        system: Optional[str] = None,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """What each run of a system did and how long it took, the last first."""

    @_operation("logs", "GET", "/worlds/{world}/logs", _rows, first="from", last="to")
    def logs(
        self,
        *,
        mod: Optional[str] = None,
        first: Optional[int] = None,
        last: Optional[int] = None,
        limit: Optional[int] = None,
    ) -> Rows:
        """What mods logged, the last first."""

    @_operation("mods", "GET", "/worlds/{world}/mods", _rows)
    def mods(self, *, at: Optional[Tick] = None) -> Rows:
        """The mods that run."""

    @_operation("systems", "GET", "/worlds/{world}/systems", _rows)
    def systems(self) -> Rows:
        """Every system and what it did so far."""

    @_operation("tables", "GET", "/worlds/{world}/tables", _rows)
    def tables(self, *, at: Optional[Tick] = None) -> Rows:
        """What a SELECT can ask for: every table with its columns."""

    @_operation("query-by-body", "POST", "/worlds/{world}/query", _rows, sql="body:text/plain")
    def query(
        self, sql: str, *, limit: Optional[int] = None, at: Optional[Tick] = None
    ) -> Rows:
        """The answer to one SELECT."""

    @_operation("series", "GET", "/worlds/{world}/series", _by_tick, first="from", last="to")
    def series(
        self,
        sql: str,
        every: int,
        *,
        first: Optional[int] = None,
        last: Optional[int] = None,
    ) -> Rows:
        """The answer to one SELECT as of every nth tick, with the tick in front."""

    @_operation("questions", "GET", "/worlds/{world}/questions", _rows)
    def questions(self) -> Rows:
        """The questions that the world file and mods bring along, with what they take."""

    @_operation("ask", "GET", "/worlds/{world}/ask", _rows)
    def ask(
        self,
        question: str,
        values: Optional[Dict[str, Any]] = None,
        *,
        limit: Optional[int] = None,
        at: Optional[Tick] = None,
    ) -> Rows:
        """The answer to a question that the world file or a mod brings along. `values` are
        those of its parameters, as in `{"who": "Ada"}`."""

    @_operation("context", "GET", "/worlds/{world}/context", _one)
    def context(
        self,
        about: Union[EntityName, Sequence[EntityName]],
        *,
        tokens: Optional[int] = None,
        text: Optional[str] = None,
        time: Optional[str] = None,
        at: Optional[Tick] = None,
    ) -> Row:
        """What is to be known of some entities within so many tokens: what they are, how they
        stand to each other, and what happened, the weightiest first. What has words of `text`
        in it comes first; `time` is for questions of the world that take one."""

    @_operation(
        "stream", "GET", "/worlds/{world}/stream", _stream, after="header:Last-Event-ID"
    )
    def stream(
        self,
        *,
        changes: Optional[Names] = None,
        entity: Optional[EntityName] = None,
        events: Optional[Names] = None,
        after: Optional[Tick] = None,
    ) -> Stream:
        """Every tick as it comes, and what is other in it.

        `changes` are components, relations and resources whose changes are told, `events`
        kinds of events, `*` for all. With `after` it goes on from the tick after that one.
        """

    @_operation("column-stream", "GET", "/worlds/{world}/columns/stream", _column_stream)
    def column_stream(self, kind: str) -> ColumnStream:
        """A packed component as it changes."""
