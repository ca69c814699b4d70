"""What the rooms need of each other to look after gateways and what was not stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.accounts import Fate, NumberGap, Refusal
from domain.alerts import Alert
from domain.findings import Finding
from domain.ports import Page
from domain.sampling import SamplingPlan


class Downlink(Protocol):
    """Sends to gateways, through whatever they are connected to."""

    def send(self, gateway_id: str, kind: str, payload: bytes) -> None:
        """Put a message on its way to `anju/1/{shard}/{gateway}/{kind}`; it may get lost.

        Whoever wants to know that it arrived asks the gateway's status, and sends again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Release:
    """Somebody's decision to let quarantined readings in, and what came of it.

    Parameters
    ----------
    stored
        Readings that came in.
    outcome
        Empty while it waits; `released`, or why it could not be.

    """

    refusal_id: str
    by: str
    asked_at_ns: int
    done_at_ns: int | None = None
    stored: int = 0
    outcome: str = ""


class QuarantineStore(Protocol):
    """Keeps what was not stored: to be looked through, searched, and released."""

    def refusal(self, refusal_id: str) -> Refusal | None:
        """Read one; `None` when there is none."""
        ...

    def search(
        self,
        page: Page,
        *,
        gateway_ids: Sequence[str] | None = None,
        fate: Fate | None = None,
        reason: str = "",
        text: str = "",
    ) -> list[Refusal]:
        """List newest first; `text` is looked for in gateway, address and detail.

        Raises
        ------
        InvalidInput
            When the page goes on after a refusal that is not there.

        """
        ...

    def releases(self, refusal_ids: Sequence[str]) -> dict[str, Release]:
        """Read what was decided about some."""
        ...

    def ask_release(self, release: Release) -> None:
        """Ask that a refusal be released; one that failed before may be asked for again.

        Raises
        ------
        Conflict
            When it was released already.
        NotFound
            When there is no such quarantined refusal.

        """
        ...

    def due(self, limit: int) -> list[tuple[Refusal, Release]]:
        """List what was asked for and not done, oldest first."""
        ...

    def finish(self, release: Release) -> None:
        """Write what came of it."""
        ...


class FleetStore(Protocol):
    """Keeps what is known of gateways over time."""

    def gaps(
        self, gateway_ids: Sequence[str] | None = None, first: str = "", last: str = ""
    ) -> list[NumberGap]:
        """List missing numbers by gateway, boot and number, between two days, both included."""
        ...

    def presence(self, since_ns: int) -> list[tuple[str, int, bool]]:
        """List (gateway, moment, on line), oldest first, with each gateway's last one before."""
        ...

    def boots(self, gateway_ids: Sequence[str]) -> dict[str, list[int]]:
        """Tell when each gateway was first heard with each boot counter, oldest first."""
        ...

    def plans(self, gateway_ids: Sequence[str] | None = None) -> list[SamplingPlan]:
        """List all plans by gateway and version."""
        ...

    def newest_plans(self, shard: int) -> dict[str, SamplingPlan]:
        """Tell the newest plan of each gateway of a shard."""
        ...

    def put_plans(self, plans: Sequence[SamplingPlan]) -> None:
        """Keep new plans; one whose version is there already is left as it is."""
        ...

    def waiting_plans(self, shard: int) -> list[SamplingPlan]:
        """List the newest plans that their gateways have not said to follow yet."""
        ...

    def plans_sent(self, plans: Sequence[tuple[str, int]], at_ns: int) -> None:
        """Note when plans were last sent, by gateway and version."""
        ...

    def plan_acknowledged(self, gateway_id: str, version: int, at_ns: int) -> None:
        """Note the first moment at which a gateway said that it follows a plan."""
        ...


class JobRuns(Protocol):
    """Keeps when each timed job was last done to its end."""

    def last_done_ns(self, name: str) -> int | None:
        """Tell when a job was last done to its end."""
        ...

    def done(self, name: str, at_ns: int) -> None:
        """Note that a job was done to its end."""
        ...


class RetentionStore(Protocol):
    """Tells what is evidence, and deletes records that are old."""

    def alerts(self) -> list[Alert]:
        """List all alerts."""
        ...

    def findings_of(self, alert: Alert) -> list[Finding]:
        """List the findings that an alert rests on, those of its history included."""
        ...

    def temperatures(self, building_id: str) -> list[str]:
        """List the channels that measure temperature at a building."""
        ...

    def waveforms(self, building_id: str) -> list[str]:
        """List the channels of a building whose waveforms are kept."""
        ...

    def delete_refusals(self, before_ns: int) -> int:
        """Delete what was not stored before a moment; what waits to be let in stays."""
        ...

    def delete_changes(self, before_ns: int) -> int:
        """Delete lines of the change log, the newest never."""
        ...

    def delete_findings(self, before_ns: int, needed: Iterable[str]) -> int:
        """Delete findings that belong to no alert."""
        ...

    def delete_presence(self, before_ns: int) -> int:
        """Delete moments at which gateways came and went; each one's last before stays."""
        ...
