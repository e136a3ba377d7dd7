"""
A fan of one event, written from SPEC.md alone: `onsale_client.py HTTP_URL REALTIME_URL EVENT_ID`. It keeps the map and a place, and says
in lines of JSON what it hears. Lines on stdin: `show` the map, `join`, `drop N` binary frames unread, `reconnect`, `quit`.
`onsale_client.py vectors FOLDER` checks every vector of that folder instead.
"""

import http.client
import json
import os
import queue
import random
import sys
import threading
import time
import urllib.parse

from frames import Refused, SeatMap, decode_diff, decode_snapshot, decode_tick, position
from websocket import TEXT, Gone, Handshake, WebSocket


def say(**told):
    print(json.dumps(told), flush=True)


class Fan:
    def __init__(self, http_url, realtime_url, event):
        self.http = urllib.parse.urlsplit(http_url)
        self.realtime = urllib.parse.urlsplit(realtime_url)
        self.event = event
        self.map = SeatMap()
        self.token = json.loads(self.ask("POST", "/sessions"))["token"]
        self.receipt = self.passed = self.place = self.shown = None
        self.wants_place = False
        self.to_drop = 0
        self.tries = 0
        self.connect()

    def ask(self, method, path):
        connection = http.client.HTTPConnection(self.http.hostname, self.http.port, timeout=10)
        headers = {"accept": "application/octet-stream"} if method == "GET" else {}
        if path != "/sessions":
            headers["authorization"] = f"Bearer {self.token}"
            if self.passed:
                headers["x-onsale-pass"] = self.passed
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status} {body[:200]}")
        return body

    def connect(self):
        """Full jitter: a random part of a time that doubles."""
        while True:
            try:
                self.socket = WebSocket(self.realtime.hostname, self.realtime.port, self.token)
                break
            except (OSError, Gone, Handshake):
                time.sleep(random.random() * min(30, 0.5 * 2**self.tries))
                self.tries += 1
        self.handle, self.kept, self.doubt, self.paused = None, [], False, False
        self.speak(type="time", at=time.time())
        self.watch()
        if self.wants_place:
            self.join()

    def speak(self, **message):
        self.socket.send(TEXT, json.dumps(message).encode())

    def watch(self):
        self.speak(type="watch", eventId=self.event, **({"pass": self.passed} if self.passed else {}))

    def join(self):
        self.wants_place = True
        self.speak(type="join", eventId=self.event, **({"receipt": self.receipt} if self.receipt else {}))

    def fetch(self):
        """Whole after a doubt, what is missing else; then what was kept."""
        path = f"/events/{self.event}/seats"
        if self.doubt:
            path += "?since=0.0"
        elif self.map.epoch:
            path += f"?since={self.map.epoch}.{self.map.seq}"
        try:
            frame = self.ask("GET", path)
        except OSError as failure:
            say(failed=str(failure))
            time.sleep(0.2)
            return
        if frame[0] == 0x20:
            snapshot = decode_snapshot(frame)
            if self.doubt or (snapshot["epoch"], snapshot["seq"]) != self.map.version:
                self.map.take(snapshot)
            self.doubt = False
        elif not self.doubt:
            self.map.apply(decode_diff(frame))
        if self.doubt:
            return
        kept, self.kept = self.kept, []
        for n, diff in enumerate(kept):
            if not self.map.apply(diff):
                self.kept = kept[n:]
                return

    @property
    def is_behind(self):
        return self.handle is not None and (self.doubt or self.kept or self.map.version < self.needed)

    def step(self):
        try:
            message = self.socket.receive(0.02)
        except (Gone, OSError) as end:
            say(closed=getattr(end, "code", 1006))
            self.socket.close()
            self.connect()
            return
        if message is not None and message[0] == TEXT:
            self.hear(json.loads(message[1]))
        elif message is not None and self.to_drop > 0:
            self.to_drop -= 1
            say(dropped=True)
        elif message is not None:
            self.hear_frame(message[1])
        if self.is_behind:
            self.fetch()

    def hear_frame(self, frame):
        if frame[0] == 0x21:
            diff = decode_diff(frame)
            if diff["handle"] != self.handle:
                return
            if self.is_behind or not self.map.apply(diff):
                self.kept.append(diff)
        elif frame[0] == 0x22:
            self.tick(decode_tick(frame))

    def tick(self, tick):
        if self.place is None or tick["eventId"] != self.event:
            return
        if tick["generation"] != self.place["generation"]:
            self.join()
            return
        found = position(tick, self.place["score"])
        if found is not None:
            self.shown = found if self.shown is None else min(self.shown, found)
            say(position=self.shown, found=found, waiting=tick["waiting"], state=tick["state"])

    def hear(self, message):
        kind = message["type"]
        if kind == "time":
            self.tries = 0
        if message.get("eventId") != self.event:
            return
        if kind == "watching":
            self.handle, self.kept = message["handle"], []
            self.needed = (message["epoch"], message["seq"])
            self.doubt = self.needed < self.map.version
            self.fetch()
            say(watching=True)
        elif kind == "resync":
            self.kept, self.doubt = [], True
            self.needed = (message["epoch"], message["seq"])
            say(resync=True)
            self.fetch()
        elif kind == "paused":
            self.paused = message["paused"]
            say(paused=self.paused)
        elif kind == "place":
            place = message["place"]
            self.place = place if place["state"] == "waiting" else None
            self.receipt = place.get("receipt", self.receipt)
            if place["state"] == "waiting" and self.shown is None:
                self.shown = place["position"]
            if place["state"] == "admitted":
                self.enter(place["pass"])
            say(place=place["state"], told=place.get("position"))
        elif kind == "receipt":
            self.receipt = message["receipt"]
        elif kind == "admitted":
            self.enter(message["pass"])
            say(admitted=True)
        elif kind == "ended":
            self.place = self.passed = self.shown = None
            self.wants_place = False
            say(ended=message["reason"])
        elif kind == "error":
            say(error=message["code"])

    def enter(self, passed):
        self.passed, self.place, self.wants_place = passed, None, False
        self.watch()

    def obey(self, line):
        word, *rest = line.split()
        if word == "show":
            behind = bool(self.handle is None or self.is_behind)
            say(map=[*self.map.version], seats="".join(map(str, self.map.seats)), areas=self.map.areas, behind=behind)
        elif word == "join":
            self.join()
        elif word == "drop":
            self.to_drop = int(rest[0])
        elif word == "reconnect":
            self.socket.close()
            self.connect()
        elif word == "quit":
            sys.exit(0)


def read_lines(lines):
    for line in sys.stdin:
        lines.put(line)
    lines.put("quit")


def vectors(folder):
    """Ends with 1 and the name of each vector that says otherwise."""
    wrong, seen = [], 0
    for file in ("vectors.json", "queue-vectors.json"):
        with open(os.path.join(folder, file)) as text:
            for vector in json.load(text):
                seen += 1
                if not holds(vector, file):
                    wrong.append(vector["name"])
    say(vectors=seen, wrong=wrong)
    sys.exit(1 if wrong else 0)


def decoded(decode, frame):
    try:
        return decode(frame)
    except Refused:
        return None


def holds(vector, file):
    frame = bytes.fromhex(vector["hex"])
    if file == "queue-vectors.json":
        return tick_holds(vector, decoded(decode_tick, frame))
    diff, snapshot = decoded(decode_diff, frame), decoded(decode_snapshot, frame)
    if vector["kind"] == "malformed":
        return diff is None and snapshot is None
    value = vector["value"]
    if vector["kind"] == "diff":
        return diff == {**value, "handle": vector["handle"], "last": vector["last"]}
    state = bytes.fromhex(value["state"])
    seats = [state[i // 4] >> (6 - 2 * (i % 4)) & 3 for i in range(value["seats"])]
    return snapshot == {"epoch": value["epoch"], "seq": value["seq"], "seats": seats, "areas": value["areas"]}


def tick_holds(vector, tick):
    if "value" not in vector:
        return tick is None
    value = {"unordered": False, **vector["value"]}
    version = (value.pop("epoch"), value.pop("seq")) if "epoch" in value else None
    value.pop("type")
    stretch = vector.get("stretch", {"scores": [], "end": None})
    same = all(tick[name] == told for name, told in value.items())
    end = stretch["end"]
    return same and tick["version"] == version and tick["scores"] == stretch["scores"] and (end is None or tick["ranks"][-1] == end)


def main():
    if sys.argv[1] == "vectors":
        vectors(sys.argv[2])
    lines = queue.Queue()
    threading.Thread(target=read_lines, args=(lines,), daemon=True).start()
    fan = Fan(*sys.argv[1:4])
    while True:
        while not lines.empty():
            fan.obey(lines.get())
        fan.step()


main()
