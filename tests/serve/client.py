"""What tests/serve/python.rs has done by the Python client: `client.py <what> <address>`.

What it finds it prints as JSON, which the test compares with what the server says.
"""

import json
import sys

import sandtable_client
from sandtable_client import At, Client, Edit, Entity, Misunderstood, Refused, Unreachable, number

WEALTH = "citizens/Wealth"
SQL = "SELECT entity, gold FROM citizens_wealth WHERE gold > 100 + 1"


def operations(_client):
    """Every operation, with what can be given for it."""
    for name, it in sandtable_client.OPERATIONS.items():
        of = sandtable_client.World if "{world}" in it.path else Client
        assert getattr(of, it.function).__doc__, name
    show([it._asdict() for it in sandtable_client.OPERATIONS.values()])


def answers(client):
    """One answer of each operation that reads, by the address that the test asks too."""
    world = client.world("test")
    entities = world.entities(
        with_=["citizens/Citizen", WEALTH], without="drift/Position",
        where=["citizens/Wealth.gold:lt:99", "citizens/Wealth.gold:ge:40"],
        select=("citizens/Citizen.name", WEALTH), order="-label", limit=2, count=True, at=5,
    )
    found = {
        "/charts": world.charts().raw,
        "/questions": world.questions().raw,
        '/ask?question=purse&values={"who":"Ada"}&at=5&limit=1':
            world.ask("purse", {"who": "Ada"}, at=5, limit=1).raw,
        "/context?about=Ada,2v1&tokens=600&text=gold mill&at=5":
            world.context(["Ada", Entity(2, 1)], tokens=600, text="gold mill", at=5),
        "/kinds?at=5": world.kinds(at=5).raw,
        "/resources?at=5": world.resources(at=At(5)).raw,
        "/entities?with=citizens/Citizen,citizens/Wealth&without=drift/Position"
        "&where=citizens/Wealth.gold:lt:99&where=citizens/Wealth.gold:ge:40"
        "&select=citizens/Citizen.name,citizens/Wealth&order=-label&limit=2&count=true&at=5":
            entities.first().raw,
        "/entities/Ada?at=5": world.entity("Ada", at=5),
        "/entities/0v1/history?component=citizens/Wealth&from=2&to=9":
            world.history(Entity(0, 1), WEALTH, first=2, last=9).raw,
        "/entities/0v1/blame?component=citizens/Wealth.gold&from=2&to=9":
            world.blame("0v1", "citizens/Wealth.gold", first=2, last=9).raw,
        "/why?entity=0v1&component=citizens/Citizen.name&at=6&seen_by=citizens/live":
            world.why("0v1", "citizens/Citizen.name", at=6, seen_by="citizens/live"),
        "/entities/0v1/timeline?to=9": world.timeline("0v1", last=9).raw,
        "/relations?kind=citizens/Knows&to=Ada&at=5":
            world.relations(kind="citizens/Knows", target="Ada", at=5).first().raw,
        "/graph?around=Ada&depth=2&limit=3&at=5": world.graph("Ada", depth=2, limit=3, at=5),
        "/changes?entity=0v1&kind=citizens/Wealth&from=3&to=6&limit=2":
            world.changes(entity="0v1", kind=WEALTH, first=3, last=6, limit=2).raw,
        "/diff?from=3&to=5": world.diff(3, 5).raw,
        "/diff?from=3&to=5&summary=true": world.diff(3, 5, summary=True).raw,
        "/mods?at=5": world.mods(at=5).raw,
        "/tables?at=5": world.tables(at=5).raw,
        "/query?at=12&limit=2&sql=" + SQL: world.query(SQL, at=12, limit=2).raw,
        "/series?every=4&from=4&to=12&sql=" + SQL: world.series(SQL, 4, first=4, last=12).raw,
    }
    rows = {
        "/ticks?from=3&to=5&limit=2": world.ticks(first=3, last=5, limit=2),
        "/events?to=5&limit=2": world.events(last=5, limit=2),
        "/system-runs?system=citizens/earn&to=5":
            world.system_runs(system="citizens/earn", last=5),
        "/logs?mod=citizens&to=5": world.logs(mod="citizens", last=5),
    }
    names = {
        "": list(world.standing()),
        "/health": list(world.health()),
        "/systems": list(world.systems()[0]),
    }
    assert [it["name"] for it in client.worlds()] == ["test"]
    show({"answers": found, "rows": rows, "names": names})


def pages(client):
    """Pages of one tick, and columns beside them."""
    world = client.world("test")
    asked = world.entities(with_="drift/Position", select="drift/Position.z", limit=7)
    walked, ticks = [], set()
    for page in asked.pages():
        ticks.add(page.at)
        walked.extend(page)
    assert len(walked) == 100 and len(ticks) == 1, (len(walked), ticks)
    at = ticks.pop()
    again = world.entities(with_="drift/Position", select="drift/Position.z", limit=30, at=at)
    assert list(again) == walked
    columns = world.columns("drift/Position", at=at)
    assert (columns.at, len(columns), columns.size) == (at, 100, 12)
    assert [str(it) for it in columns.names()] == [row["entity"] for row in walked]
    assert [float(z) for z in columns["z"]] == [row["drift/Position.z"] for row in walked]
    assert len(list(world.relations(limit=1, at=2))) == 3
    with world.column_stream("drift/Position") as stream:
        one, two = next(stream), next(stream)
    assert one.at.tick < two.at.tick and one.data != two.data
    assert list(one.entities) == list(two.entities)
    show("done")


def follow(client):
    """Every tick, and what is other in it, one a line, until nothing reads it."""
    for told in client.world("test").stream(changes="*", events="*"):
        show({"at": str(told.at), "since": told.tick["since"], "gap": told.gap,
              "from": told.changes and told.changes["from"],
              "set": told.changes and len(told.changes["set"]),
              "events": told.events and len(told.events["rows"])})


def refusals(client):
    """What is refused, and in which words."""
    world = client.world("test")
    stranger = Client(client.address, "another").world("test")
    said = {}
    for name, ask in {
        "token": stranger.standing,
        "stream of a stranger": stranger.stream,
        "pruned": lambda: world.entities(at=3).first(),
        "future": lambda: world.entities(at=9_999_999).first(),
        "not-found": lambda: world.entity("none"),
        "query": lambda: world.query("DROP TABLE x"),
        "parameter": lambda: world.stream(changes="a/B"),
    }.items():
        try:
            ask()
        except Refused as error:
            assert str(error) == error.detail == error.document["detail"]
            said[name] = [error.kind, error.status, error.detail]
    for after, why in [(3, "pruned"), ("3~00000000", "rewound")]:
        told = next(world.stream(changes="*", after=after))
        assert told.gap["why"] == why and told.tick["since"] is None, told
    try:
        Client("http://127.0.0.1:1", "").worlds()
    except Unreachable as error:
        assert "is `sandtable serve` running there?" in str(error)
        said["unreachable"] = True
    try:
        Client("127.0.0.1:7878")
    except ValueError as error:
        said["address"] = "give one as in http://" in str(error)
    show(said)


def doing(client):
    """Edits, undoing, forks, pace, and the way back."""
    world = client.world("test")
    citizen = "citizens/Citizen"

    def refused(ask):
        try:
            ask()
        except Refused as error:
            return error.kind
        raise AssertionError("it was not refused")

    before = world.entity("1v1")
    edit = Edit().set("1v1", citizen, {"name": "Grace"}).if_set("1v1", citizen, {"name": "Twin"})
    edited = world.edit(edit, wait=30)
    assert edited["state"] == "done" and world.entity("1v1")["label"] == "Grace"
    assert refused(lambda: world.edit(edit, wait=30)) in ("conflict", "changed")
    other = Edit().set("1v1", citizen, {"name": "Linus"})
    assert refused(lambda: world.edit(other, if_match=before.tag, wait=30)) == "changed"
    assert world.undo(edited["tick"], edited["edit"], wait=30)["state"] == "done"
    assert world.entity("1v1")["label"] == "Twin"
    lives = Edit().spawn({citizen: {"name": "Newton"}}, "new").relate("new", "citizens/Knows", "1v1")
    born = world.edit(lives, key="a birth", wait=30)
    again = world.edit(lives, key="a birth", wait=30)
    assert again["known"] and again["spawned"] == born["spawned"]
    newton = Entity.parse(born["spawned"][0])
    assert list(world.relations(source=newton))[0]["target"] == "1v1"
    world.edit(Edit().unrelate(newton, "citizens/Knows", "1v1").despawn(newton), wait=30)
    assert refused(lambda: world.entity(newton)) == "not-found"
    assert len(world.edits()) >= 4

    rich = Edit().set("0v1", WEALTH, {"gold": 1000})
    watched = {"title": "gold", "entity": "0v1", "component": "citizens/Wealth.gold"}
    forked = world.fork(5, at=2, edits=[rich], watch=[watched])
    assert (forked["from"], forked["to"]) == (2, 7)
    assert forked["series"][0]["changed"][5] - forked["series"][0]["truth"][5] == 990

    assert world.set_run(paused=True)["paused"]
    tick = world.step(wait=30)["tick"]
    assert world.step(5, wait=30)["tick"] == tick + 5
    assert world.set_run(hz=25)["hz"] == 25 and world.run()["paused"]
    assert world.take_snapshot("here", note="a test")["tick"] == tick + 5
    world.step(wait=30)
    assert world.snapshots()[0]["note"] == "a test"
    assert world.branch(tick, "other")["tick"] == tick
    back = world.rewind(tick)
    assert (back["tick"], back["from"]) == (tick, tick + 6)
    assert not world.set_run(paused=False)["paused"]
    assert refused(lambda: client.create_world("x", pack="y.pack")) == "conflict"
    assert refused(world.delete) == "conflict"
    show("done")


def sending(client):
    """Inputs one after the other, and a line for each that a tick had."""
    world = client.world("test")
    for number in range(60):
        sent = world.send("picky/Order", {"number": number}, wait=10)
        assert sent["state"] == "done", sent
        show(number)


def values(_client):
    """What needs no server."""
    assert Entity.parse("12v3") == Entity.parse(12884901900) == Entity.parse("12884901900")
    assert str(At.parse("1200~6db9a168")) == "1200~6db9a168" and At.parse("7") == At(7)
    for wrong in ["", "v", "Ada", "1~", "1.5"]:
        try:
            Entity.parse(wrong)
        except ValueError:
            continue
        raise AssertionError(wrong)
    assert number("Infinity") == float("inf") and number("9007199254740993") == 9007199254740993
    assert number("Ada") is None and number(True) is None and number("NaN") != number("NaN")
    packed = bytes.fromhex("83a161cd0102a162c4020304a1639200c3")
    place = 0

    def read(count):
        nonlocal place
        place += count
        return packed[place - count : place]

    assert sandtable_client._unpack(read) == {"a": 258, "b": b"\x03\x04", "c": [0, True]}
    columns = {"at": "3~aa", "kind": "a/B", "size": 5, "data": bytes([1, 2, 0, 3, 0, 0, 4, 0, 5, 1]),
               "fields": [{"name": "hot", "type": "bool", "offset": 0},
                          {"name": "near", "type": "[u16; 2]", "offset": 1}],
               "entities": bytes([1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0])}
    read_columns = sandtable_client._columns(columns, None)
    assert [bool(it) for it in read_columns["hot"]] == [True, False]
    assert read_columns.names() == [Entity(1, 3), Entity(2, 1)]
    if sandtable_client._numpy():
        assert read_columns["near"].tolist() == [[2, 3], [4, 261]]
    for wrong in [{**columns, "entities": None}, {**columns, "data": b""}]:
        try:
            sandtable_client._columns(wrong, None)
        except Misunderstood:
            continue
        raise AssertionError(wrong)
    show("done")


def frames(client):
    """Frames of pandas and arrays of numpy."""
    import numpy
    import pandas

    world = client.world("test")
    gold = world.history("0v1", WEALTH, last=5).to_pandas()
    assert gold.index.name == "tick" and gold.loc[5, "gold"] == 40, gold
    series = world.series("SELECT sum(gold) AS gold FROM citizens_wealth", 4, last=8).to_pandas()
    assert series["gold"].tolist()[1:] == [93, 213] and list(series.index) == [0, 4, 8]
    endless = world.query("SELECT 1e999 AS x UNION ALL SELECT 2.5").to_pandas()
    assert endless["x"].tolist() == [numpy.inf, 2.5], endless
    people = world.entities(select=["citizens/Citizen.name"], with_=WEALTH, at=5).to_pandas("entity")
    assert people.loc["0v1", "citizens/Citizen.name"] == "Ada"
    columns = world.columns("drift/Position")
    assert columns["x"].dtype == numpy.float32 and not columns["x"].flags.owndata
    frame = columns.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == ["x", "y", "z"]
    assert frame.index[0] == str(columns.names()[0])
    assert columns.array().dtype.names == ("x", "y", "z")
    assert sandtable_client._dtype("{a: [f32; 2], b: {c: bool}}") == [
        ("a", ("<f4", (2,))), ("b", [("c", "?")])
    ]
    assert len(world.logs(mod="none").to_pandas()) == 0
    show("done")


def show(found):
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    what, address = sys.argv[1:]
    globals()[what](Client(address))
