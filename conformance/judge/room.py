"""The room of a broadcast, while it goes on: each message of a client comes to all who are there, unchanged, once.

Theory of operation. A `Room` is fed with what the tap sees of all connections of one server, in the order of its times,
and with what the decoders make of it; it knows no clock but those times. It knows neither who types nor what, so it
accuses the server of nothing that a right one could have done:

is there     a client for certain once its introduction has gone on to the server `joining` seconds ago, or once it has
             received a message; its own messages come behind its introduction. Perhaps, from its connecting on
is owed      a message to all who were there for certain when it came. It is lost to one of them once nobody else has
             received it for `delay` seconds, and that one has received a later message, or nothing for as long. While
             nobody at all has it, the server may be slow: it is lost when its author has gone
has left     whoever has ended a side less than `delay` seconds after the message: nothing is owed any more
reads not    perhaps, whoever has been sent so much that the tap may hold some back: only a later message shows a loss
is old       a message that had come to all before one connected
one order    two connections that both received two messages must have them in the same order

Messages that were said twice in the same words are told apart only by their number. What is remembered has a bound, and
what was forgotten is held against nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from math import inf
from typing import Any, NamedTuple

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import Problem
from conformance.decoder import Decoder, Field, Message, Outcome
from conformance.decoder.program import Own, compile_protocol
from conformance.model.protocol import Protocol

__all__ = ["DELAY", "Post", "Room", "changed", "post_of"]

DELAY = 3.0
"""Seconds after which a message that has come to others, and not to one, is lost to that one."""

_JOINING = 1.0  # seconds that a server may take to let a client in that has introduced itself
_APART = 0.1  # seconds that must lie between the last copy of a message and a new connection, for it to be old there
_HELD = 1 << 20  # bytes sent to a client from which on the tap may hold some back
_MESSAGES = 2000  # that are remembered
_BYTES = 16 << 20  # of memory that they may take
# Bytes of memory that a message takes beside its text, roughly; and for each client that is owed it, and that has it.
_SIZE = 1 << 10
_OWED_SIZE = 8
_GOT_SIZE = 128
_HASHES = 100_000  # of messages that were forgotten; with more nothing is unknown any more
_LOOK_SECONDS = 0.1
_VALUES = 12  # in which a message is looked for that stands elsewhere than it should
_LOOKED_AT = 100  # messages that an unknown one may have been made of
_LISTED = 5  # connections that are named in a problem

_Key = tuple[Any, Any]


class Post(NamedTuple):
    """A message on the wire, and the connection that it passed on."""

    connection: int
    message: Message
    author: Any
    text: Any

    @property
    def key(self) -> _Key:
        """What tells it from all others."""
        return self.author, self.text

    def problem(self, code: str, **values: Any) -> Problem:
        """A problem that shows in this message: its place is the message's last field."""
        last = self.message.last
        values = {"author": self.author, "text": self.text, **values}
        return Problem(code, last.where(self.connection), values, last.came)


@dataclass(eq=False, slots=True)
class _Member:
    """A connection, and what is known of it: times are in seconds, `inf` where it has not happened."""

    number: int
    opened: float
    introduction: int = 0  # bytes of the client up to the end of its introduction, once that has come
    joined: float = inf
    proven: bool = False  # it has received a message
    right: bool = False  # the first one was a message
    left: float = inf
    ended: bool = False  # by the client
    hung_up: bool = False  # by the server, before the client
    reset: bool = False  # by the client
    passed_on: int = 0  # bytes of the client that went on to the server
    sent: int = 0  # bytes of the server
    heard: int = 0  # messages of the server
    last_heard: float = -inf
    last_unknown: float = -inf
    highest: _Posted | None = None  # of what it has received, what came last into the room
    told: bool = False  # that it got what was said before, or was not served to its end
    values: deque[Any] = field(default_factory=lambda: deque(maxlen=_VALUES))  # of the messages that it got last
    deaf: bool = False  # what the server sends it is read no more
    waiting: deque[_Posted] = field(default_factory=deque)  # its own messages, until they have gone on to the server


@dataclass(eq=False, slots=True)
class _Posted:
    """A message of a client, and who got it: `got` has, by connection, its number among the messages there."""

    post: Post
    author: _Member
    at: float
    owed: list[_Member]
    passed: float | None = None  # when the server could have read it
    place: int | None = None  # in the order in which messages came to anybody first
    last: float = 0.0  # when it came to anybody last
    got: dict[int, int] = field(default_factory=dict)
    alike: bool = False  # another one has the same words
    suspects: list[tuple[int, _Posted]] = field(default_factory=list)  # who had this before that, unlike the first

    @property
    def size(self) -> int:
        """The bytes of memory that it takes, roughly."""
        texts = sum(len(field) for field in (self.post.author, self.post.text) if isinstance(field, str | bytes))
        return _SIZE + texts + _OWED_SIZE * len(self.owed) + _GOT_SIZE * len(self.got)


class Room:
    """All connections of one server; each call returns the problems that it decides."""

    def __init__(self, protocol: Protocol, *, delay: float = DELAY, joining: float = _JOINING) -> None:
        self._names = protocol.broadcast
        self._introduction = _introduction(protocol) if protocol.broadcast else None
        self._delay, self._joining = delay, joining
        self._members: dict[int, _Member] = {}
        self._remembered: deque[_Posted] = deque()
        self._held = 0
        self._by_key: dict[_Key, list[_Posted]] = {}
        self._unsettled: dict[_Posted, None] = {}  # in the order in which they came
        self._places = 0
        self._next_look = -inf
        self._forgotten: set[int] = set()
        self._strange: set[int] = set()  # hashes of what nobody has said, told already
        self._over = False  # the server's messages have other fields: there is nothing to compare
        self._blind = False  # there may be messages of clients that are not known here

    def add(self, event: Event, outcomes: Sequence[Outcome], decoder: Decoder) -> Iterator[Problem]:
        """What the tap saw next, and what the decoder of its connection has made of it."""
        if not self._names or self._over:
            return
        yield from self.look(event.at)
        number = event.connection
        if event.kind == "opened":
            self._members[number] = _Member(number, event.at)
        member = self._members.get(number)
        if member is None:
            return
        if event.kind == "sent" and event.sender == CLIENT:
            member.passed_on += event.size
        elif event.kind == "received" and event.sender == SERVER:
            member.sent += len(event.data) or event.size
        for outcome in outcomes:
            if isinstance(outcome, Field) and outcome.side == CLIENT and outcome.ordinal == self._introduction:
                member.introduction = outcome.end
            elif isinstance(outcome, Message) and (post := post_of(number, outcome, self._names)) is not None:
                if outcome.side == CLIENT:
                    yield from self._posted(member, post, event.at)
                else:
                    yield from self._received(member, post)
        self._pass_on(member, event.at)
        self._blind |= event.kind == "received" and not decoder.reads(CLIENT)
        member.deaf |= not decoder.reads(SERVER)
        if event.kind in ("end", "reset", "refused", "cut"):
            member.hung_up |= event.sender == SERVER and not member.ended and event.kind != "cut"
            member.ended |= event.sender == CLIENT or event.kind != "end"
            member.reset |= event.sender == CLIENT and event.kind == "reset"
            member.left = min(member.left, event.at)
            if event.kind != "end" or decoder.over:
                del self._members[number]

    def miss(self) -> None:
        """There are connections of which nothing is known here."""
        self._blind = True

    def look(self, now: float) -> Iterator[Problem]:
        """What is lost by now."""
        if now < self._next_look or self._over:
            return
        self._next_look = now + _LOOK_SECONDS
        due = takewhile(lambda one: now - max(one.passed or 0.0, one.last) >= self._delay, self._unsettled)
        for posted in list(due):
            yield from self._settle(posted, now)

    def end(self, now: float) -> Iterator[Problem]:
        """What is lost, where nobody looks any further."""
        for posted in () if self._over else list(self._unsettled):
            yield from self._settle(posted, now, final=True)

    # What comes -------------------------------------------------------------------------------------------------------

    def _pass_on(self, member: _Member, at: float) -> None:
        """What this client has sent may have gone on to the server."""
        if self._introduction is None or (member.introduction and member.passed_on >= member.introduction):
            member.joined = min(member.joined, at)
        while member.waiting and member.waiting[0].post.message.last.end <= member.passed_on:
            member.waiting.popleft().passed = at

    def _posted(self, member: _Member, post: Post, at: float) -> Iterator[Problem]:
        if member.hung_up:
            if not member.told:
                yield post.problem("asked-after-end", answerer=SERVER, after=round(at - member.left, 3))
            member.told = True
            return
        there = [one for one in self._members.values() if one is member or self._is_there(one, at)]
        posted = _Posted(post, member, at, there)
        same = self._by_key.setdefault(post.key, [])
        same.append(posted)
        for one in same:
            one.alike = len(same) > 1
        self._remembered.append(posted)
        self._unsettled[posted] = None
        self._held += posted.size
        member.waiting.append(posted)
        while len(self._remembered) > _MESSAGES or (self._held > _BYTES and len(self._remembered) > 1):
            self._forget(self._remembered.popleft())

    def _is_there(self, member: _Member, at: float) -> bool:
        return member.left > at and (member.proven or member.joined <= at - self._joining)

    def _received(self, member: _Member, post: Post) -> Iterator[Problem]:
        member.heard += 1
        member.last_heard = post.message.last.came
        member.values.extend(post.message.fields.values())
        said = self._by_key.get(post.key, ())
        missing = [one for one in said if member.number not in one.got]
        new = [one for one in missing if not self._is_old(one, member)]
        if new:
            found = new[0] if len(new) == 1 else next((one for one in new if member in one.owed), new[0])
            yield from self._delivered(found, member, post)
        elif missing:
            self._got(missing[0], member)
            if member.told:
                return
            member.told = True  # of all that was said before, the first message
            yield post.problem("message-to-absent", posted_on=missing[0].post.connection)
        elif said and not self._blind:
            yield post.problem("duplicate-message", posted_on=said[0].post.connection)
        elif not said:
            yield from self._unknown(member, post)

    def _is_old(self, posted: _Posted, member: _Member) -> bool:
        """Whether all had it before this one connected."""
        over = all(one.number in posted.got or one.left < member.opened for one in posted.owed)
        return bool(posted.got) and over and posted.last + _APART < member.opened

    def _delivered(self, posted: _Posted, member: _Member, post: Post) -> Iterator[Problem]:
        number = member.number
        member.proven = True
        member.right |= member.heard == 1
        self._got(posted, member)
        posted.last = max(posted.last, member.last_heard)
        if posted.place is None:
            self._places += 1
            posted.place = self._places
        highest = member.highest
        if highest is None or (highest.place or 0) < posted.place:
            member.highest = posted
        elif not posted.alike and not highest.alike:
            witness = next((one for one, at in posted.got.items() if at < highest.got.get(one, 0)), None)
            if witness is not None:
                yield post.problem("order-differs", after=highest.post.text, other=witness)
            else:
                highest.suspects.append((member.number, posted))
        for suspect, later in () if posted.alike else posted.suspects:
            if not later.alike and later.got.get(number, posted.got[number]) < posted.got[number]:
                posted.suspects.clear()
                yield post.problem("order-differs", after=later.post.text, other=suspect)
                break
        if len(posted.got) >= len(posted.owed) and all(one.number in posted.got for one in posted.owed):
            self._unsettled.pop(posted, None)

    def _got(self, posted: _Posted, member: _Member) -> None:
        if member.number not in posted.got:
            self._held += _GOT_SIZE
        posted.got[member.number] = member.heard

    def _unknown(self, member: _Member, post: Post) -> Iterator[Problem]:
        """Told once, for all connections: a message that was sent in other words, or one that nobody has sent."""
        mark = hash(post.key)
        if self._blind or mark in self._forgotten:
            return
        some = islice(self._unsettled, _LOOKED_AT)
        lacking = [one for one in some if member.number not in one.got and member in one.owed]
        for one in lacking:
            if (extra := _shifted(member, one.post)) is not None:
                self._over = True  # all that follows stands elsewhere, too
                values = {
                    "change": "shifted",
                    "posted": one.post.text,
                    "posted_on": one.post.connection,
                    "extra": extra,
                }
                yield post.problem("message-unknown", **values, behind=member.right)
                return
        found, values = next(((one, told) for one in lacking if (told := changed(one.post, post))), (None, {}))
        if found is None:
            member.last_unknown = member.last_heard
            values = {"unsent": True}
        else:
            self._got(found, member)
            found.last = max(found.last, member.last_heard)
        if mark not in self._strange and len(self._strange) < _HASHES:
            self._strange.add(mark)
            yield post.problem("message-unknown", **values)

    # What does not come -----------------------------------------------------------------------------------------------

    def _settle(self, posted: _Posted, now: float, *, final: bool = False) -> Iterator[Problem]:
        """Whether it is lost to anybody; it stays unsettled while that is open."""
        author = posted.author
        if posted.passed is None:
            if author.left < now:
                self._unsettled.pop(posted)  # the server may never have had it
            return
        if not posted.got:
            if author.reset and author.left < posted.passed + self._delay:
                self._unsettled.pop(posted)  # what the server had not read by then is gone
                return
            later = posted.passed + self._delay
            gone = author.hung_up or later <= author.left < now or all(member.left < now for member in posted.owed)
            if not (final or gone or any(one.highest and one.highest.at > later for one in posted.owed)):
                return  # the server may be slow
        since = max(posted.passed, posted.last)
        lacking = []
        for member in posted.owed:
            if member.number in posted.got or member.deaf or member.last_unknown >= posted.at:
                continue
            if _received_later(member, posted):
                lacking.append(member)
            elif member.sent >= _HELD or (min(member.left, now) < since + self._delay and not member.hung_up):
                continue
            elif member.left > now and member.last_heard > now - self._delay and not final:
                return  # it is behind
            else:
                lacking.append(member)
        self._unsettled.pop(posted)
        if not lacking:
            return
        if not posted.got and len(lacking) == len(posted.owed):
            yield posted.post.problem("message-lost", nobody=True)
        elif lacking == [author]:
            yield posted.post.problem("message-not-echoed")
        else:
            yield posted.post.problem("message-lost", connections=[member.number for member in lacking[:_LISTED]])

    def _forget(self, posted: _Posted) -> None:
        self._held -= posted.size
        self._unsettled.pop(posted, None)
        posted.suspects.clear()
        if posted.author.waiting and posted.author.waiting[0] is posted:
            posted.author.waiting.popleft()
        same = self._by_key[posted.post.key]
        same.remove(posted)
        if not same:
            del self._by_key[posted.post.key]
        if len(self._forgotten) < _HASHES:
            self._forgotten.add(hash(posted.post.key))
        else:
            self._blind = True


def post_of(connection: int, message: Message, names: Sequence[str]) -> Post | None:
    """The message as one of a broadcast whose fields have these `names`; None where it has not both ends of them."""
    fields = message.fields
    if names[0] not in fields or names[-1] not in fields:
        return None
    return Post(connection, message, fields[names[0]], fields[names[-1]])


def _received_later(member: _Member, posted: _Posted) -> bool:
    """Whether it has received what came into the room after that; of like words nobody can tell which came."""
    highest = member.highest
    if highest is None or highest.alike or posted.alike or posted.place is None:
        return False
    return (highest.place or 0) > posted.place


def _shifted(member: _Member, posted: Post) -> Any:
    """The value before the message, where it came with its first field elsewhere than at the begin of one; or None."""
    wanted, values = list(posted.message.fields.values()), list(member.values)
    size = len(wanted)
    first = -len(values) % size  # of the values that are kept, which may begin in the middle of a message
    for at in range(1, len(values) - size + 1):
        if values[at : at + size] == wanted and (at - first) % size and len(set(map(str, wanted))) > 1:
            return values[at - 1]
    return None


def changed(posted: Post, got: Post) -> dict[str, Any]:
    """What a problem tells of a message that came in other words; empty if `got` was not made of `posted`."""
    change = change_of(posted, got)
    told = posted.author if change == "author" else posted.text
    return {"change": change, "posted": told, "posted_on": posted.connection} if change else {}


def change_of(posted: Post, got: Post) -> str | None:
    """How `got` was made of `posted`: by `author`, `stripped`, `cut` or `charset`; None if it was not."""
    said, heard = (posted.author, posted.text), (got.author, got.text)
    if not all(isinstance(text, str) for text in (*said, *heard)):
        return None
    pairs = list(zip(said, heard, strict=True))
    if all(one.strip() == other for one, other in pairs):
        return "stripped"
    if not "".join(said).isascii() and all(_ascii(one) == _ascii(other) for one, other in pairs):
        return "charset"
    if said[1] == heard[1]:
        return "author"
    return "cut" if said[0] == heard[0] and heard[1] and said[1].startswith(heard[1]) else None


def _ascii(text: str) -> str:
    """What every character set has of it, and no question mark, which stands in for the rest."""
    return "".join(character for character in text if character.isascii() and character != "?")


def _introduction(protocol: Protocol) -> int | None:
    """The ordinal of the last field that a client says before its first loop; None where it says none."""
    before = takewhile(lambda step: isinstance(step, Own), compile_protocol(protocol).client)
    return max((step.ordinal for step in before if isinstance(step, Own)), default=None)
