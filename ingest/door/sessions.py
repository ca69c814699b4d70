"""What the door keeps for each gateway between connections: the last receipt and the last plan."""

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice

from ingest.door.packets import FOR_EVER_S

#: receipts of so many boots are kept for a gateway; it counts one boot at a time
_KEPT_MAX = 4
#: messages to one client that it has not acknowledged; more wait, the newest of each kind
_UNDER_WAY_MAX = 16
#: sessions and last words kept in memory; the longest unused go first
_SESSIONS_MAX = 200_000


@dataclass(slots=True)
class Session:
    """One gateway's downlinks: what it subscribed to and what it was last told.

    Parameters
    ----------
    subscriptions
        QoS by topic; only its own `receipt` and `config`, and what ThingsBoard's gateway asks for.
    last
        Newest payload by (topic, boot); what a subscriber is told at once.
    waiting
        What has still to be sent, newest only.
    under_way
        What the client has not acknowledged, by packet id.
    ends_at_s
        Steady clock's second at which it is forgotten; `None` while connected.

    """

    client_id: str = ""
    subscriptions: dict[str, int] = field(default_factory=dict)
    last: OrderedDict[tuple[str, int], bytes] = field(default_factory=OrderedDict)
    waiting: OrderedDict[tuple[str, int], bytes] = field(default_factory=OrderedDict)
    under_way: dict[int, tuple[str, int]] = field(default_factory=dict)
    ends_at_s: float | None = None
    _packet_id: int = 0

    def tell(self, topic: str, boot: int, payload: bytes) -> None:
        """Take in a newest word; it waits to be sent when the client listens to it."""
        key = (topic, boot)
        self.last[key] = payload
        self.last.move_to_end(key)
        while len(self.last) > _KEPT_MAX:
            self.last.popitem(last=False)
        if topic in self.subscriptions:
            self.waiting[key] = payload
            while len(self.waiting) > _KEPT_MAX:
                self.waiting.popitem(last=False)

    def subscribe(self, topic: str, qos: int) -> list[bytes]:
        """Listen to a topic from now on; return what was last said there."""
        self.subscriptions[topic] = qos
        return [payload for (of, _), payload in self.last.items() if of == topic]

    def next(self, receive_max: int) -> tuple[str, bytes, int] | None:
        """Take out a message to send now, with its packet id; 0: with QoS 0."""
        if not self.waiting or len(self.under_way) >= min(receive_max, _UNDER_WAY_MAX):
            return None
        key, payload = self.waiting.popitem(last=False)
        topic = key[0]
        if not self.subscriptions.get(topic):
            return topic, payload, 0
        while True:
            self._packet_id = self._packet_id % 65_535 + 1
            if self._packet_id not in self.under_way:
                break
        self.under_way[self._packet_id] = key
        return topic, payload, self._packet_id

    def acknowledged(self, packet_id: int) -> None:
        """Forget a message that the client has; an unknown id is let pass."""
        self.under_way.pop(packet_id, None)

    def resume(self) -> None:
        """Come back on a new connection: what was not acknowledged is sent again, newest only."""
        self.ends_at_s = None
        for key in self.under_way.values():
            if key in self.last and key not in self.waiting:
                self.waiting[key] = self.last[key]
        self.under_way.clear()


class Sessions:
    """Every gateway's session, by its id."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        """Count the sessions that are held."""
        return len(self._sessions)

    def of(self, gateway_id: str) -> Session:
        """Give a gateway's session, a new one if it has none."""
        session = self._sessions.get(gateway_id)
        if session is None:
            session = self._sessions[gateway_id] = Session(ends_at_s=0.0)
            self._make_room()
        self._sessions.move_to_end(gateway_id)
        return session

    def open(self, gateway_id: str, client_id: str, now_s: float, *, clean: bool) -> bool:
        """Begin a connection's session; tell whether an older one of this client goes on."""
        session = self.of(gateway_id)
        lasts = session.ends_at_s is None or session.ends_at_s > now_s
        present = lasts and not clean and session.client_id == client_id != ""
        if not present:
            session.subscriptions.clear()
            session.waiting.clear()
            session.under_way.clear()
        session.client_id = client_id
        session.resume()
        return present

    def leave(self, gateway_id: str, now_s: float, session_s: int) -> None:
        """End a connection; its session lasts for so many seconds more."""
        session = self._sessions.get(gateway_id)
        if session is not None:
            for_ever = session_s >= FOR_EVER_S
            session.ends_at_s = float("inf") if for_ever else now_s + session_s

    def _make_room(self) -> None:
        if len(self._sessions) <= _SESSIONS_MAX:
            return
        oldest = list(islice(self._sessions.items(), _SESSIONS_MAX // 100))
        for gateway_id, session in oldest:
            if session.ends_at_s is not None:
                del self._sessions[gateway_id]
