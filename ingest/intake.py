"""Messages in, arrivals out: decode, identify, convert, flag; no input or output of its own."""

from collections import Counter
from collections.abc import Callable, Sequence

from domain.accounts import Fate
from domain.arrivals import Arrivals
from domain.errors import InvalidInput
from domain.topics import Topic
from ingest.columns import Columns
from ingest.decoders import decoder_by_topic
from ingest.decoders.items import Bad, Unreadable
from ingest.directory import Directory
from ingest.messages import Message
from ingest.sender import Sender
from ingest.settings import IngestSettings
from ingest.tails import Tails

_TOPICS_REMEMBERED_MAX = 100_000
#: a topic may be 65,535 bytes long; ids are much shorter
_GATEWAY_ID_MAX = 100


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
        self._tails = Tails(settings.wave_lead_s)
        self.ignored: Counter[str] = Counter()

    def arrivals(self, messages: Sequence[Message]) -> Arrivals:
        """Decode a batch of messages; each is taken in, refused or ignored with a count."""
        directory = self._directory_now()
        if directory is not self._directory or len(self._sources) > _TOPICS_REMEMBERED_MAX:
            self._directory = directory
            self._sources, self._gateways, self._gateway_codes = {}, [], {}
        into = Columns(directory, self._gateways, self.ignored, self._tails)
        size_max = self._settings.payload_bytes_max
        bulk = _Bulk(into)
        wait, wait_source = bulk.messages.append, bulk.sources.append
        sources = list(map(self._sources.get, [message.topic for message in messages]))
        for message, known in zip(messages, sources, strict=True):
            source = known or self._source_of(message.topic)
            if source is None:
                self.ignored["messages on other topics"] += 1
            elif message.retained and source.decoder.readings:
                # a retained reading would come again at every start and stay true for ever
                self.ignored["retained readings"] += 1
            elif source.in_bulk and not message.refused and len(message.payload) <= size_max:
                wait(message)
                wait_source(source)
            else:
                bulk.before(source)
                self._take(message, source, into)
        bulk.take()
        last_ns = max([message.received_at_ns for message in messages], default=0)
        return into.arrivals(last_ns, self._settings)

    def _source_of(self, topic: str) -> Sender | None:
        if topic not in self._sources:
            self._sources[topic] = self._read_topic(topic)
        return self._sources[topic]

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
            if message.refused:
                raise Unreadable(*message.refused)
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
        self.messages: list[Message] = []
        self.sources: list[Sender] = []
        self._waiting: set[int] = set()
        self._seen = 0

    def before(self, sender: Sender) -> None:
        """Read what waits if this sender has part in it: order within a gateway is kept."""
        if not sender.decoder.readings:
            return
        self._waiting.update([waiting.code for waiting in self.sources[self._seen :]])
        self._seen = len(self.sources)
        if sender.code in self._waiting:
            self.take()

    def take(self) -> None:
        """Read what waits."""
        if self.messages and (take_many := self.sources[0].decoder.take_many):
            payloads = [message.payload for message in self.messages]
            received_ns = [message.received_at_ns for message in self.messages]
            take_many(payloads, received_ns, self.sources.copy(), self._into)
        self.messages.clear()
        self.sources.clear()
        self._waiting, self._seen = set(), 0
