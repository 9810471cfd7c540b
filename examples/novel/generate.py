"""Writes a made-up story of as many events as asked for, the same for the same seed.

    python3 examples/novel/generate.py 10000 > story.ndjson
    python3 examples/novel/generate.py 100000 --seed 7 --people 300 > story.ndjson

Nothing in it contradicts: those who died do nothing more, each is at one place at a time,
and items go from those who hold them.
"""

import argparse
import json
import sys


class Dice:
    """Random numbers that are the same in every version of Python."""

    def __init__(self, seed):
        self.state = (seed * 2 + 1) & (2**64 - 1)

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        return (self.state >> 33) % bound

    def of(self, items):
        return items[self.below(len(items))]


FIRST = "Ada Blaise Clara Denis Edith Felix Greta Hugo Irma Jules".split()
LAST = "Arnaud Besson Caron Duval Ferrand Girard Hamel Joubert Lambert Morel".split()
FEELINGS = ("trust", "affection", "respect", "fear")
ACTIONS = "meets follows helps deceives praises warns forgives accuses".split()


def story(events, seed, people, places, items):
    dice = Dice(seed)
    names = [f"{FIRST[n % 10]} {LAST[n // 10 % 10]} {n // 100 + 1}" for n in range(people)]
    ids = [f"person/{n}" for n in range(people)]
    where = [f"place/{n}" for n in range(places)]
    holder = {f"item/{n}": None for n in range(items)}
    alive, named, minutes = list(ids), set(), 0
    for number in range(events):
        minutes += 1 + dice.below(30)
        day, minute = divmod(minutes, 1440)
        year, month, day = 1800 + day // 336, day % 336 // 28 + 1, day % 28 + 1
        event = {
            "id": f"{seed}/{number}",
            "time": f"{year:04}-{month:02}-{day:02}T{minute // 60:02}:{minute % 60:02}",
            "action": dice.of(ACTIONS),
            "place": dice.of(where),
        }
        cast = []
        while len(cast) < 2 + dice.below(3):
            who = dice.of(alive)
            if who not in cast:
                cast.append(who)
        roles = ["agent", "patient"] + ["witness"] * len(cast)
        event["actors"] = [{"who": who, "role": role} for who, role in zip(cast, roles)]
        valence = {}
        for _ in range(1 + dice.below(2)):
            one, other = dice.of(cast), dice.of(cast)
            if one != other:
                change = {dice.of(FEELINGS): dice.below(601) - 300}
                valence[one, other] = {"from": one, "to": other, **change}
        event["valence"] = list(valence.values())
        if dice.below(8) == 0:
            item = dice.of(list(holder))
            held = holder[item]
            if held is None or held in cast:
                to = dice.of([who for who in cast if who != held])
                moved = {"what": item, "to": to}
                event["items"] = [moved if held is None else {**moved, "from": held}]
                holder[item] = to
        if dice.below(500) == 0 and len(alive) > people // 2 and len(alive) > 8:
            dead = cast[1]
            alive.remove(dead)
            event["status"] = [{"who": dead, "is": "dead"}]
        news = [("person", who, names[int(who.split("/")[1])]) for who in cast]
        news = [name for name in news if name[1] not in named]
        named.update(name[1] for name in news)
        event["names"] = [dict(zip(("kind", "id", "name"), name)) for name in news]
        event["text"] = f"{cast[0]} {event['action']} {cast[1]} at {event['place']}."
        yield {key: value for key, value in event.items() if value}


def main():
    parser = argparse.ArgumentParser(description="A made-up story, event by event.")
    parser.add_argument("events", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--places", type=int, default=50)
    parser.add_argument("--items", type=int, default=40)
    told = parser.parse_args()
    for event in story(told.events, told.seed, told.people, told.places, told.items):
        sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
