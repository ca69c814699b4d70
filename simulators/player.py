"""Plays a story: real gateways publish over a real broker what the story tells."""

import time
from collections.abc import Callable

from domain.clock import Clock
from domain.sensors import Gateway
from simulators.gateway import SimulatedGateway
from simulators.payloads import TimeForm
from simulators.story import (
    Act,
    Cut,
    Garbage,
    Odd,
    Publish,
    PublishWave,
    Repeat,
    Restart,
    Restore,
    Story,
)

_FORMS: tuple[TimeForm, ...] = ("rfc3339", "ms", "us", "ns")


class Player:
    """Holds a story's gateways and lets them act.

    Every fourth gateway speaks MQTT 3.1.1, the others 5; the forms of time take turns.

    Parameters
    ----------
    host, port
        Where the broker listens.
    clock
        The injected clock. The caller moves it on to the end of a step before it plays the
        step: nothing may be sent from the future.
    log_in
        Name and password of a gateway at the broker; `None`: it asks for none.

    """

    def __init__(
        self,
        story: Story,
        host: str,
        port: int,
        clock: Clock,
        *,
        log_in: Callable[[Gateway], tuple[str, str]] | None = None,
        resend_s: float = 20.0,
    ) -> None:
        self.story = story
        self.gateways: dict[str, SimulatedGateway] = {}
        for number, gateway in enumerate(story.neighbourhood.gateways):
            self.gateways[gateway.id] = SimulatedGateway(
                gateway,
                host,
                port,
                clock,
                speech="dzt" if gateway.id in story.neighbourhood.dzt else "native",
                mqtt5=number % 4 != 3,
                log_in=log_in(gateway) if log_in else None,
                time_form=_FORMS[number % len(_FORMS)],
                resend_s=resend_s,
            )
        self._cut: set[str] = set()

    @property
    def sent(self) -> int:
        """Readings that the gateways were given, each once: the simulator's own count."""
        return sum(gateway.sent for gateway in self.gateways.values())

    def connect(self, timeout_s: float = 20.0) -> None:
        """Bring all gateways on line.

        Raises
        ------
        TimeoutError
            When one is not on line in time.

        """
        for gateway in self.gateways.values():
            gateway.connect()
        until = time.monotonic() + timeout_s
        for gateway in self.gateways.values():
            while not gateway.online():
                if time.monotonic() > until:
                    name = gateway.gateway.name
                    raise TimeoutError(f"gateway {name} is not on line after {timeout_s} s")
                time.sleep(0.01)

    def play(self, start_ns: int, end_ns: int) -> None:
        """Let everything happen from a moment up to, not including, another."""
        for act in self.story.step(start_ns, end_ns):
            self.perform(act)

    def perform(self, act: Act) -> None:
        """Let one thing happen."""
        gateway = self.gateways[act.gateway_id]
        match act:
            case Publish(readings=readings):
                gateway.publish(readings)
            case PublishWave(block=block):
                gateway.publish_wave(block)
            case Restart():
                gateway.restart()
            case Cut():
                self._cut.add(act.gateway_id)
                gateway.cut()
            case Restore():
                self._cut.discard(act.gateway_id)
                gateway.restore()
            case Repeat(times=times):
                gateway.repeat = times
            case Garbage(payload=payload):
                gateway.publish_raw(payload)
            case Odd(address=address, value=value):
                gateway.publish_odd(address, act.at_ns, value)
            case _:
                raise AssertionError(f"no such act: {act!r}")

    def unreceipted(self) -> int:
        """Count readings that are not known to be safe, those behind a cut line left out."""
        return sum(
            gateway.unreceipted() for id_, gateway in self.gateways.items() if id_ not in self._cut
        )

    def flush(self, timeout_s: float) -> bool:
        """Wait until all readings are safe, except behind a cut line; `False`: it took longer."""
        until = time.monotonic() + timeout_s
        return all(
            gateway.flush(until - time.monotonic())
            for id_, gateway in self.gateways.items()
            if id_ not in self._cut
        )

    def close(self) -> None:
        """Say good-bye and stop."""
        for gateway in self.gateways.values():
            gateway.close()
