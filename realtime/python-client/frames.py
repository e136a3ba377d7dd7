"""The binary frames and the map they make, from SPEC.md alone: see its section Sockets."""

import math
import struct

MOST_SEATS, MOST_AREAS, MOST_SCORES = 1_000_000, 10_000, 2_000
STATES = ["off", "scheduled", "pre_queue", "open", "paused", "recovering", "closing"]
BOUNDS = ["none", "rate", "cap", "seats", "payments", "paused", "sold_out"]


class Refused(Exception):
    """The bytes are no such frame."""


class Reader:
    def __init__(self, frame, at):
        self.frame, self.at = frame, at

    def byte(self):
        if self.at >= len(self.frame):
            raise Refused("cut")
        self.at += 1
        return self.frame[self.at - 1]

    def varint(self, most_bytes):
        value = 0
        for group in range(most_bytes):
            byte = self.byte()
            value += (byte & 127) << (7 * group)
            if byte < 128:
                return value
        raise Refused("a varint without an end")


def head(frame, kind, layout):
    if len(frame) < struct.calcsize(layout) or frame[0] != kind:
        raise Refused("another kind, or cut")
    return struct.unpack_from(layout, frame)


def decode_snapshot(frame):
    _, _, _, epoch, seq, seats, areas = head(frame, 0x20, "<BBHIIII")
    size = (seats + 3) // 4
    if seats > MOST_SEATS or areas > MOST_AREAS or len(frame) != 20 + size + 4 * areas:
        raise Refused("a snapshot of another length")
    bits = frame[20 : 20 + size]
    return {
        "epoch": epoch,
        "seq": seq,
        "seats": [bits[i // 4] >> (6 - 2 * (i % 4)) & 3 for i in range(seats)],
        "areas": list(struct.unpack_from(f"<{areas}I", frame, 20 + size)),
    }


def decode_diff(frame):
    _, flags, handle, epoch, seq_from, seq, now, runs = head(frame, 0x21, "<BBHIIIIH")
    reader = Reader(frame, 22)
    changes, following = [], 0
    for _ in range(runs):
        told = reader.varint(5)
        length = reader.varint(5) + 2 if told & 4 else 1
        first = following + told // 8
        following = first + length
        if following > MOST_SEATS:
            raise Refused("a seat past the last")
        for index in range(first, following):
            changes += [index, told & 3]
    areas = []
    while reader.at < len(frame):
        area, units = reader.varint(5), reader.varint(5)
        if area >= MOST_AREAS or units >= 1 << 32:
            raise Refused("an area that cannot be")
        areas += [area, units]
    if seq_from > seq + 1:
        raise Refused("ends before it begins")
    return {
        "handle": handle,
        "last": bool(flags & 1),
        "epoch": epoch,
        "seqFrom": seq_from,
        "seq": seq,
        "now": now,
        "changes": changes,
        "areas": areas,
    }


CHOSEN = [0]


def chosen_rank(k):
    while len(CHOSEN) <= k:
        rank = CHOSEN[-1]
        CHOSEN.append(rank + max(1, rank // 110 * 2))
    return CHOSEN[k]


def decode_tick(frame):
    (_, flags, state, name, generation, waiting, active, now, frontier, rate, epoch, seq, first, count, shift, leaving) = head(
        frame, 0x22, "<BBBBIIIddfIIHHIf"
    )
    event = bytes(frame[56 : 56 + name]).decode("latin-1")
    if len(event) != name or not event.isascii() or not event.isalnum() or event != event.lower():
        raise Refused("no event id")
    if state >= len(STATES) or flags >> 4 >= len(BOUNDS):
        raise Refused("an unknown state or bound")
    if not (math.isfinite(now) and math.isfinite(frontier) and 0 <= rate < math.inf and 0 <= leaving < math.inf):
        raise Refused("a number that is none")
    reader = Reader(frame, 56 + name)
    scores, end = [], None
    if count > 0:
        if first + count > MOST_SCORES or shift > chosen_rank(first) or len(frame) < reader.at + 8:
            raise Refused("scores that cannot be")
        scores.append(int(struct.unpack_from("<d", frame, reader.at)[0]))
        reader.at += 8
        for i in range(1, count):
            gap = reader.varint(8)
            if chosen_rank(first + i) > 100 and i < count - 1:
                half = gap // 2
                gap = half // 24 * 4 ** (half % 24) if gap % 2 else half
            scores.append(scores[-1] + gap)
        if flags & 8:
            end = reader.varint(8)
        if abs(scores[-1]) >= 1 << 53:
            raise Refused("a score past all")
    if reader.at != len(frame):
        raise Refused("goes on behind its end")
    ranks = [chosen_rank(first + i) - shift for i in range(count)]
    if end is not None:
        ranks[-1] = end
    return {
        "eventId": event,
        "generation": generation,
        "state": STATES[state],
        "waiting": waiting,
        "active": active,
        "frontier": frontier,
        "rate": rate,
        "leaving": leaving,
        "bound": BOUNDS[flags >> 4],
        "soldOut": bool(flags & 2),
        "unordered": bool(flags & 4),
        "serverTime": now,
        "version": (epoch, seq) if flags & 1 else None,
        "scores": scores,
        "ranks": ranks,
    }


def position(tick, score):
    """How many are ahead; None where the tick says nothing of the place."""
    scores, ranks = tick["scores"], tick["ranks"]
    if tick["unordered"] or not scores or score > scores[-1]:
        return None
    if score < scores[0]:
        return 0 if ranks[0] == 0 else None
    at = next(i for i, one in enumerate(scores) if one >= score)
    if scores[at] == score:
        return ranks[at]
    first, last = ranks[at - 1], ranks[at]
    part = (score - scores[at - 1]) / (scores[at] - scores[at - 1])
    even = first + 1 + math.floor(0.5 + (last - first - 1) * part)
    for share in (0.0098, 0.019):
        least, most = math.ceil(last * (1 - share)), math.floor(first * (1 + share))
        if least <= most:
            return min(most, max(least, even))
    return even


class SeatMap:
    def __init__(self):
        self.epoch, self.seq, self.seats, self.areas = 0, 0, [], []

    @property
    def version(self):
        return (self.epoch, self.seq)

    def take(self, snapshot):
        """As it is, also where it is older than what we have."""
        self.epoch, self.seq = snapshot["epoch"], snapshot["seq"]
        self.seats, self.areas = snapshot["seats"], snapshot["areas"]

    def apply(self, diff):
        """False: something is missing between the map and this diff."""
        if diff["epoch"] < self.epoch:
            return True
        if diff["epoch"] > self.epoch or diff["seqFrom"] > self.seq + 1:
            return False
        if diff["seq"] > self.seq:
            put(self.seats, diff["changes"])
            put(self.areas, diff["areas"])
            self.seq = diff["seq"]
        return True


def put(values, pairs):
    for place, value in zip(pairs[::2], pairs[1::2]):
        if place < len(values):
            values[place] = value
