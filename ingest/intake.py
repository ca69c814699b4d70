"""Messages in, arrivals out: decode, identify, convert, flag; no input or output of its own."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from domain.accounts import Fate
from domain.arrivals import Arrivals
from domain.errors import InvalidInput
from domain.topics import Topic
from ingest.columns import Columns
from ingest.decoders import decoder_by_topic
from ingest.decoders.items import Bad, Unreadable
from ingest.directory import Directory
from ingest.sender import Sender
from ingest.settings import IngestSettings

_TOPICS_REMEMBERED_MAX = 100_000
#: a topic may be 65,535 bytes long; ids are much shorter
_GATEWAY_ID_MAX = 100


class Message(NamedTuple):
    """One message as it came.

    Parameters
    ----------
    token
        (connection, message id) by which it is acknowledged; `None` when nobody waits.

    """

    topic: str
    payload: bytes
    received_at_ns: int
    retained: bool = False
    token: tuple[int, int] | None = None


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
        self._sources: dict[str, Sender | None] = {}
        self._gateways: list[str] = []
        self._gateway_codes: dict[str, int] = {}
        self.ignored: Counter[str] = Counter()

    def arrivals(self, messages: Iterable[Message]) -> Arrivals:
        """Decode a batch of messages; each is taken in, refused or ignored with a count."""
        directory = self._directory_now()
        if directory is not self._directory or len(self._sources) > _TOPICS_REMEMBERED_MAX:
            self._directory = directory
            self._sources, self._gateways, self._gateway_codes = {}, [], {}
        into = Columns(directory, self._gateways, self.ignored)
        size_max = self._settings.payload_bytes_max
        bulk = _Bulk(into)
        last_ns = 0
        for message in messages:
            received = message.received_at_ns
            last_ns = max(last_ns, received)
            source = self._source_of(message)
            if source is None:
                continue
            if source.in_bulk and len(message.payload) <= size_max:
                bulk.add(message.payload, received, source)
                continue
            if source.decoder.readings:
                bulk.before(source)
            self._take(message, source, into)
        bulk.take()
        return into.arrivals(last_ns, self._settings)

    def _source_of(self, message: Message) -> Sender | None:
        topic = message.topic
        if topic in self._sources:
            source = self._sources[topic]
        else:
            source = self._sources[topic] = self._read_topic(topic)
        if source is None:
            self.ignored["messages on other topics"] += 1
        elif message.retained and source.decoder.readings:
            # a retained reading would come again at every start and stay true for ever
            self.ignored["retained readings"] += 1
            return None
        return source

    def _read_topic(self, text: str) -> Sender | None:
        try:
            topic = Topic.parse(text)
        except InvalidInput:
            return None
        decoder = decoder_by_topic().get(topic.what)
        if topic.shard != self._directory.shard or decoder is None:
            return None
        name = topic.gateway_id
        if not 0 < len(name) <= _GATEWAY_ID_MAX:
            return None
        if name not in self._gateway_codes:
            self._gateway_codes[name] = len(self._gateways)
            self._gateways.append(name)
        addresses = self._directory.gateways.get(name)
        in_bulk = decoder.take_many is not None and addresses is not None
        return Sender(name, topic.what, decoder, addresses, self._gateway_codes[name], in_bulk)

    def _take(self, message: Message, source: Sender, into: Columns) -> None:
        payload, size_max = message.payload, self._settings.payload_bytes_max
        try:
            if len(payload) > size_max:
                detail = f"payload must be at most {size_max} bytes, got {len(payload)}"
                raise Unreadable("too large", detail)
            source.decoder.take(payload, message.received_at_ns, source, into)
        except Unreadable as error:
            bad = Bad(error.reason, error.detail, "", payload)
            into.refuse(source.gateway_id, message.received_at_ns, Fate.REJECTED, bad, 0)


class _Bulk:
    """Messages that are read together, at the latest when one that is not comes from a sender."""

    def __init__(self, into: Columns) -> None:
        self._into = into
        self._payloads: list[bytes] = []
        self._received_ns: list[int] = []
        self._senders: list[Sender] = []
        self._waiting: set[int] = set()
        self._seen = 0

    def add(self, payload: bytes, received_ns: int, sender: Sender) -> None:
        """Keep a message for the next reading."""
        self._payloads.append(payload)
        self._received_ns.append(received_ns)
        self._senders.append(sender)

    def before(self, sender: Sender) -> None:
        """Read what waits if this sender has part in it: order within a gateway is kept."""
        self._waiting.update([waiting.code for waiting in self._senders[self._seen :]])
        self._seen = len(self._senders)
        if sender.code in self._waiting:
            self.take()

    def take(self) -> None:
        """Read what waits."""
        if self._payloads and (take_many := self._senders[0].decoder.take_many):
            take_many(self._payloads, self._received_ns, self._senders, self._into)
        self._payloads, self._received_ns, self._senders = [], [], []
        self._waiting, self._seen = set(), 0
