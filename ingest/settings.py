"""What may be set about taking readings in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to log in.

    Parameters
    ----------
    ca_file
        Certificates that are trusted, PEM; with `tls` and none, the system's own are.
    keepalive_s
        Seconds of silence after which either side asks whether the other is there.

    """

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Limits of taking readings in.

    Parameters
    ----------
    payload_bytes_max
        A larger payload is refused unread.
    batch_readings_max, batch_messages, batch_wait_s
        A batch is committed when it holds about so many readings, or so many messages, or so
        long after its first message. Half of the broker's window of 1,000 messages keeps both
        sides busy.
    queue_messages_max, queue_bytes_max
        Messages in hand; with more the broker is not read from until some are committed.
    late_s
        A reading that arrives later than this after it was taken is flagged late.
    receipt_every_s
        Least time between two receipts to one gateway; each says all that the last one said.
    wave_lead_s
        So much of the block before is kept with each block of a waveform.

    """

    payload_bytes_max: int = 1_000_000
    batch_readings_max: int = 5_000
    batch_messages: int = 500
    batch_wait_s: float = 0.01
    queue_messages_max: int = 10_000
    queue_bytes_max: int = 64_000_000
    late_s: float = 3_600.0
    receipt_every_s: float = 0.2
    wave_lead_s: float = 1.0
