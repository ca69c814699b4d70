"""Messages in, arrivals out: decode, identify, convert, flag; no input or output of its own."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from domain.accounts import Fate
from domain.arrivals import Arrivals
from domain.errors import InvalidInput
from domain.ports import GatewayStatus
from domain.topics import Topic
from ingest.columns import Columns, plain
from ingest.decoders import dzt, native, status
from ingest.decoders.items import Bad, Sent, Unreadable
from ingest.directory import Addresses, Directory
from ingest.messages import Message
from ingest.settings import IngestSettings
from ingest.times import read_time

_TOPICS_REMEMBERED_MAX = 100_000
#: a topic may be 65,535 bytes long; ids are much shorter
_GATEWAY_ID_MAX = 100


@dataclass(frozen=True, slots=True)
class _Source:
    gateway_id: str
    what: str
    addresses: Addresses | None
    code: int


class Intake:
    """Collects messages and turns them into arrivals.

    Parameters
    ----------
    directory
        Gives the register's newest state; asked once a batch.

    Attributes
    ----------
    ignored
        What was neither stored nor refused, counted by name: shown to the operator.

    """

    def __init__(self, directory: Callable[[], Directory], settings: IngestSettings) -> None:
        self._directory_now = directory
        self._settings = settings
        self._directory = Directory([], -1)
        self._sources: dict[str, _Source | None] = {}
        self._gateways: list[str] = []
        self._gateway_codes: dict[str, int] = {}
        self.ignored: Counter[str] = Counter()

    def arrivals(self, messages: Iterable[Message]) -> Arrivals:
        """Decode a batch of messages; each is taken in, refused or ignored with a count."""
        directory = self._directory_now()
        if directory is not self._directory or len(self._sources) > _TOPICS_REMEMBERED_MAX:
            self._directory = directory
            self._sources, self._gateways, self._gateway_codes = {}, [], {}
        into = Columns(directory, self._gateways)
        last_ns = 0
        for message in messages:
            last_ns = max(last_ns, message.received_at_ns)
            source = self._source_of(message)
            if source is None:
                continue
            try:
                self._take(message, source, into)
            except Unreadable as error:
                bad = Bad(error.reason, error.detail, "", message.payload)
                into.refuse(source.gateway_id, message.received_at_ns, Fate.REJECTED, bad, 0)
        return into.arrivals(last_ns, self._settings)

    def _source_of(self, message: Message) -> _Source | None:
        topic = message.topic
        if topic in self._sources:
            source = self._sources[topic]
        else:
            source = self._sources[topic] = self._read_topic(topic)
        if source is None:
            self.ignored["messages on other topics"] += 1
        elif message.retained and source.what != "status":
            # a retained reading would come again at every start and stay true for ever
            self.ignored["retained readings"] += 1
            return None
        return source

    def _read_topic(self, text: str) -> _Source | None:
        try:
            topic = Topic.parse(text)
        except InvalidInput:
            return None
        known = topic.what in {"readings", "dzt", "status"}
        if topic.shard != self._directory.shard or not known:
            return None
        name = topic.gateway_id
        if not 0 < len(name) <= _GATEWAY_ID_MAX:
            return None
        if name not in self._gateway_codes:
            self._gateway_codes[name] = len(self._gateways)
            self._gateways.append(name)
        addresses = self._directory.gateways.get(name)
        return _Source(name, topic.what, addresses, self._gateway_codes[name])

    def _take(self, message: Message, source: _Source, into: Columns) -> None:
        if message.refused:
            raise Unreadable(*message.refused)
        size, size_max = len(message.payload), self._settings.payload_bytes_max
        if size > size_max:
            raise Unreadable("too large", f"payload must be at most {size_max} bytes, got {size}")
        if source.what == "readings":
            self._take_native(message, source, into)
        elif source.what == "dzt":
            self._take_nested(message, source, into)
        elif message.payload:  # an empty one is how MQTT forgets a retained status
            told = status.decode(message.payload, source.gateway_id, message.received_at_ns)
            if source.addresses is None:
                _quarantine_stranger(message, source, 0, into)
            else:
                into.statuses.append(told)

    def _take_native(self, message: Message, source: _Source, into: Columns) -> None:
        boot, seq, readings = native.decode(message.payload)
        if source.addresses is None:
            _quarantine_stranger(message, source, len(readings), into)
            return
        codes, received, numbered = source.addresses.codes, message.received_at_ns, seq >= 0
        add, gateway = into.add, source.code
        newest = first_ns = last_ns = 0
        for position, reading in enumerate(readings):
            number = seq + position if numbered else -1
            if isinstance(reading, Bad):
                into.refuse(source.gateway_id, received, Fate.REJECTED, reading, 1, boot, number)
                continue
            try:
                code, taken = codes[reading.c], read_time(reading.t)
            except (KeyError, InvalidInput):
                fate, bad, taken = _what_is_wrong(reading, source)
                into.refuse(source.gateway_id, received, fate, bad, 1, boot, number)
            else:
                add(code, taken, reading.v, gateway, received, boot, number)
            newest = max(newest, taken)
            first_ns = first_ns or taken
            last_ns = taken or last_ns
        if numbered and readings:
            ends_ns = first_ns, last_ns
            into.count(source.gateway_id, boot, seq, len(readings), newest, ends_ns)

    def _take_nested(self, message: Message, source: _Source, into: Columns) -> None:
        nested = dzt.decode(message.payload)
        if source.addresses is None:
            n = sum(len(m.fields) for m in nested.measured) + len(nested.bad)
            _quarantine_stranger(message, source, n, into)
            return
        received = message.received_at_ns
        for bad in nested.bad:
            into.refuse(source.gateway_id, received, Fate.REJECTED, bad, 1)
        for measured in nested.measured:
            flag = int(nested.flags.get((measured.device, measured.point), 0))
            self._take_measured(measured, flag, received, source, source.addresses, into)
        into.statuses += [
            GatewayStatus(
                gateway_id=source.gateway_id,
                at_ns=received,
                online=True,
                battery_percent=state.battery_percent,
                signal_dbm=state.signal_dbm,
                firmware=plain(state.firmware),
            )
            for state in nested.states
        ]

    def _take_measured(
        self,
        measured: dzt.Measured,
        flag: int,
        received_ns: int,
        source: _Source,
        addresses: Addresses,
        into: Columns,
    ) -> None:
        point = f"{measured.device}.{measured.point}"
        codes = {addresses.nested(point, name): v for name, v in measured.fields.items()}
        known = {code: value for code, value in codes.items() if code is not None}
        if not known and point.lower() not in addresses.points:
            owners = self._directory.devices.get(measured.device.lower(), set())
            foreign = owners and source.gateway_id not in owners
            reason = "device of another gateway" if foreign else "unknown channel"
            detail = f"no point {point[:100]!r} at gateway {source.gateway_id!r}"
            bad = Bad(reason, detail, point, measured.as_sent())
            n = len(measured.fields)
            into.refuse(source.gateway_id, received_ns, Fate.QUARANTINED, bad, n)
            return
        if ignored := len(measured.fields) - len(known):
            self.ignored["fields that no channel is registered for"] += ignored
        try:
            taken = read_time(measured.time)
        except InvalidInput as error:
            bad = Bad("time", str(error), point, measured.as_sent())
            into.refuse(source.gateway_id, received_ns, Fate.REJECTED, bad, max(1, len(known)))
            return
        for code, value in known.items():
            into.add(code, taken, value, source.code, received_ns, flag=flag)


def _what_is_wrong(reading: Sent, source: _Source) -> tuple[Fate, Bad, int]:
    """Tell why a reading is refused, and its time, 0 when that cannot be read."""
    sample = msgspec.json.encode(reading)
    try:
        taken = read_time(reading.t)
    except InvalidInput as error:
        return Fate.REJECTED, Bad("time", str(error), reading.c, sample), 0
    detail = f"no channel {reading.c[:100]!r} at gateway {source.gateway_id!r}"
    return Fate.QUARANTINED, Bad("unknown channel", detail, reading.c, sample), taken


def _quarantine_stranger(message: Message, source: _Source, n: int, into: Columns) -> None:
    # its numbers are not used up and it gets no receipt: once it is registered it sends
    # everything again and nothing of it is taken for a repeat
    detail = f"no gateway {source.gateway_id!r} in this shard"
    bad = Bad("unknown gateway", detail, "", message.payload)
    into.refuse(source.gateway_id, message.received_at_ns, Fate.QUARANTINED, bad, n)
