"""The MQTT topics between gateways and Anju: `anju/1/{shard}/{gateway}/{what}`."""

from dataclasses import dataclass

from domain.errors import InvalidInput

VERSION = "1"

#: what gateways publish under their base
_UPLINKS = (
    "readings",
    "readings/cbor",
    "senml",
    "dzt",
    "thingsboard",
    "wave",
    "v1/gateway/+",
    "v1/devices/me/+",
    "wave",
    "status",
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the contract, taken apart.

    Parameters
    ----------
    shard
        Number of the shard, 0 upwards, fixed at installation.
    gateway_id
        Id of the gateway whose base this is.
    what
        The rest: `readings`, `readings/cbor`, `dzt`, `status`, `receipt`, `config`, …

    Examples
    --------
    >>> Topic.parse("anju/1/0/g-7/readings")
    Topic(shard=0, gateway_id='g-7', what='readings')
    >>> str(Topic(0, "g-7", "receipt"))
    'anju/1/0/g-7/receipt'

    """

    shard: int
    gateway_id: str
    what: str

    def __str__(self) -> str:
        """Put the topic together."""
        return f"anju/{VERSION}/{self.shard}/{self.gateway_id}/{self.what}"

    @classmethod
    def parse(cls, text: str) -> "Topic":
        """Take a topic apart.

        Raises
        ------
        InvalidInput
            When it is not one of the contract's topics.

        """
        parts = text.split("/", 4)
        if len(parts) != 5 or parts[0] != "anju" or parts[1] != VERSION or not parts[2].isdigit():
            wanted = f"anju/{VERSION}/{{shard}}/{{gateway}}/{{what}}"
            raise InvalidInput(f"topic must be {wanted}, got {text[:80]!r}", "topic")
        return cls(int(parts[2]), parts[3], parts[4])


def base_of(shard: int, gateway_id: str) -> str:
    """Tell the base under which all topics of a gateway stand."""
    return f"anju/{VERSION}/{shard}/{gateway_id}"


def uplink_filters(shard: int) -> list[str]:
    """List the filters that one shard's ingest subscribes to."""
    base = f"anju/{VERSION}/{shard}/+"
    return [f"{base}/{what}" for what in _UPLINKS]
