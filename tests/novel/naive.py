"""The nine questions to a story, answered by going through all of its lines each time.

Reads lines of events from the file that is named, and questions from the standard input:
a JSON list of [question, parameters]. Writes a JSON list of answers, each as rows.
"""

import json
import sys

FEELINGS = ("trust", "affection", "respect", "fear")
NOT_THERE = ("mentioned", "body")


def key(event):
    return event["time"], event.get("seq", 0), event["id"]


def is_by(event, time):
    """Whether it happened before the end of a time: of a year, a day, a minute."""
    return event["time"] <= time or event["time"].startswith(time)


def clamped(number):
    return max(-1000, min(1000, number))


class Story:
    def __init__(self, lines):
        events = {}
        for line in lines:
            event = json.loads(line)
            events.setdefault(event["id"], event)
        self.events = sorted(events.values(), key=key)

    def up_to(self, time):
        return [event for event in self.events if is_by(event, time)]

    def sums(self, time):
        sums = {}
        for event in self.up_to(time):
            for change in event.get("valence", []):
                pair = sums.setdefault((change["from"], change["to"]), [0, 0, 0, 0])
                for at, feeling in enumerate(FEELINGS):
                    pair[at] += change.get(feeling) or 0
        return sums

    def dead(self, time):
        dead = set()
        for event in self.up_to(time):
            for status in event.get("status", []):
                (dead.add if status["is"] == "dead" else dead.discard)(status["who"])
        return dead

    def present(self, place, toward, trust, time):
        last = {}
        for event in self.up_to(time):
            for actor in event.get("actors", []):
                if actor["role"] not in NOT_THERE and event.get("place"):
                    last[actor["who"]] = event
        sums, dead, rows = self.sums(time), self.dead(time), []
        for who, event in sorted(last.items()):
            feels = sums.get((who, toward))
            if event["place"] == place and who not in dead and feels is not None:
                if clamped(feels[0]) > int(trust):
                    rows.append([who, clamped(feels[0]), event["id"]])
        return rows

    def between(self, one, other, time):
        rows = []
        for event in self.up_to(time):
            for change in sorted(event.get("valence", []), key=lambda it: it["from"]):
                if {change["from"], change["to"]} == {one, other}:
                    felt = [change.get(feeling) or 0 for feeling in FEELINGS]
                    row = [event["time"], event["id"], change["from"], change["to"]]
                    rows.append([*row, *felt, event.get("text", "")])
        return rows

    def holders(self, item, time):
        rows = []
        for event in self.up_to(time):
            for move in event.get("items", []):
                if move["what"] == item:
                    row = [event["time"], event["id"], move.get("from"), move.get("to")]
                    rows.append([*row, event.get("place")])
        return rows

    def what_happened(self, who, time):
        rows, is_alive = [], 1
        for event in self.up_to(time):
            for status in event.get("status", []):
                if status["who"] == who:
                    is_alive = int(status["is"] == "alive")
            parts = [actor for actor in event.get("actors", []) if actor["who"] == who]
            for actor in sorted(parts, key=lambda it: it["role"]):
                there = int(actor["role"] not in NOT_THERE)
                row = [event["time"], event["id"], event["action"], actor["role"], there]
                rows.append([*row, event.get("place"), event.get("text", ""), is_alive])
        return rows

    def present_at(self, event, time):
        there = set()
        for told in self.events:
            if told["id"] == event:
                actors = told.get("actors", [])
                there = {it["who"] for it in actors if it["role"] not in NOT_THERE}
        sums, none = self.sums(time), [0, 0, 0, 0]
        return [
            [one, other, *map(clamped, sums.get((one, other), none))]
            for one in sorted(there)
            for other in sorted(there)
            if one != other
        ]

    def timeline(self, id, time):
        rows = []
        for event in self.up_to(time):
            named = {event.get("place")}
            named |= {actor["who"] for actor in event.get("actors", [])}
            named |= {status["who"] for status in event.get("status", [])}
            for change in event.get("valence", []):
                named |= {change["from"], change["to"]}
            for move in event.get("items", []):
                named |= {move["what"], move.get("from"), move.get("to")}
            if id in named:
                row = [event["time"], event["id"], event["action"], event.get("place")]
                rows.append([*row, event.get("text", "")])
        return rows

    def graph(self, time):
        return [[*pair, *map(clamped, felt)] for pair, felt in sorted(self.sums(time).items())]

    def changed_since(self, since, time):
        feels, held, lives = {}, {}, {}
        for event in self.up_to(time):
            if is_by(event, since):
                continue
            for change in event.get("valence", []):
                pair = feels.setdefault((change["from"], change["to"]), [0, 0, 0, 0])
                for at, feeling in enumerate(FEELINGS):
                    pair[at] += change.get(feeling) or 0
            for move in event.get("items", []):
                held[move["what"]] = move.get("to")
            for status in event.get("status", []):
                lives[status["who"]] = "dies" if status["is"] == "dead" else "lives"
        rows = [["feels", *pair, *felt] for pair, felt in feels.items()]
        rows += [["holds", item, to, None, None, None, None] for item, to in held.items()]
        rows += [[what, who, None, None, None, None, None] for who, what in lives.items()]
        return sorted(rows, key=lambda row: (row[0], row[1], row[2] or ""))

    def alive(self, time):
        seen = set()
        for event in self.up_to(time):
            actors = event.get("actors", [])
            seen |= {actor["who"] for actor in actors if actor["role"] not in NOT_THERE}
        return [[who] for who in sorted(seen - self.dead(time))]


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        story = Story(lines)
    questions = json.load(sys.stdin)
    answers = [getattr(story, name)(**parameters) for name, parameters in questions]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
