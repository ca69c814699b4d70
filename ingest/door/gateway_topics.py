"""Which topics a gateway may publish to and listen on: its own, and nobody else's."""

from domain.topics import Topic, uplink_filters
from ingest.door import thingsboard
from ingest.door.doorkeeper import Admitted


class GatewayTopics:
    """One gateway's rights.

    Parameters
    ----------
    whose
        The gateway that has logged in.

    """

    def __init__(self, whose: Admitted) -> None:
        base = str(Topic(whose.shard, whose.gateway_id, ""))
        whats = [pattern.split("/", 4)[4] for pattern in uplink_filters(whose.shard)]
        self._uplinks = {base + what: base + what for what in whats if not set(what) & {"#", "+"}}
        if thingsboard.WHAT in whats:
            self._uplinks |= dict.fromkeys(thingsboard.TELEMETRY, base + thingsboard.WHAT)
        #: uplink topics by topic as sent, for the fast way
        self.known = {sent.encode(): topic for sent, topic in self._uplinks.items()}
        self.readings, self.status = base + "readings", base + "status"
        self._listened = thingsboard.LISTENED | {base + "receipt", base + "config"}

    def uplink(self, topic: str) -> str | None:
        """Tell under which topic a message is taken in; `None`: it is not taken in."""
        return self._uplinks.get(topic)

    def may_listen(self, pattern: str) -> bool:
        """Tell whether it may subscribe: to its own topics by name, never by wildcard."""
        return pattern in self._listened
