"""Keeps mosquitto's own accounts in step with the gateways that may connect."""

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from domain.credentials import GatewayCredential
from domain.errors import StoreUnavailable
from domain.sensors import Gateway
from domain.services import Health
from ingest import dynsec_plan
from ingest.dynsec import DynsecControl

log = structlog.get_logger()

#: how often accounts are compared when nothing has changed here: somebody may have changed them
#: at the broker, or the broker lost its file
COMPARE_EVERY_S = 60.0
RETRY_S = 1.0
LOOK_EVERY_S = 0.5
_NAMED = 10

Admitted = Mapping[str, tuple[Gateway, GatewayCredential]]


class DynsecAccounts:
    """Accounts of mosquitto's dynamic-security plugin; an `app.provisioning.BrokerAccounts`.

    Parameters
    ----------
    admitted
        Tells every gateway that may connect, with its newest valid secret; with `True` as the
        records have it at this moment.

    """

    def __init__(self, control: DynsecControl, admitted: Callable[[bool], Admitted]) -> None:
        self._control = control
        self._admitted = admitted
        self._lock = threading.Lock()
        self._in_step: dict[str, tuple[int, str]] | None = None
        self._compared_at = float("-inf")
        self._next_at = float("-inf")
        self._trouble = "not compared yet"
        self._without: list[str] = []
        self._mended = 0

    def give(self, gateway: Gateway, secret: str, credential_id: str) -> None:
        """Let a gateway in with a secret, and with no other; see `BrokerAccounts`."""
        role, account = dynsec_plan.give(gateway, secret, credential_id)
        with self._lock:
            self._in_step = None
            answers = self._control.send([*role, *account])
        # of each pair one form fails: the thing is there already, or it is not
        role_made, role_changed = answers[:2]
        made, changed, _ = answers[2:]
        for first, second in ((role_made, role_changed), (made, changed)):
            if "error" in first and "error" in second:
                raise StoreUnavailable(f"the broker keeps no account: {second['error']}")

    def take(self, gateway_id: str) -> None:
        """Refuse a gateway and end its connection; see `BrokerAccounts`."""
        with self._lock:
            self._in_step = None
            self._control.send(dynsec_plan.take(gateway_id))

    def run_once(self) -> int:
        """Compare and mend when something has changed; tells how many commands that took."""
        now = time.monotonic()
        if now < self._next_at:
            return 0
        self._next_at = now + LOOK_EVERY_S
        if (
            _state(self._admitted(False)) == self._in_step
            and now - self._compared_at < COMPARE_EVERY_S
        ):
            return 0
        try:
            with self._lock:
                clients, roles = self._control.clients(), self._control.roles()
                # read after them: an account is made after its secret is in the records, so that
                # none that another process has just made is taken for one too many
                wanted = self._admitted(True)
                commands, without = dynsec_plan.plan(wanted, clients, roles)
                answers = self._control.send(commands)
        except StoreUnavailable as error:
            if self._trouble != str(error):
                log.warning("broker's accounts cannot be kept", reason=str(error))
            self._trouble = str(error)
            self._next_at = now + RETRY_S
            return 0
        failed = [answer for answer in answers if "error" in answer]
        for answer in failed:
            log.warning("broker refused", command=answer.get("command"), error=answer["error"])
        if without and without != self._without:
            log.warning("gateways need a new secret", gateways=without[:_NAMED], n=len(without))
        self._without = without
        self._trouble = f"the broker refused {len(failed)} commands" if failed else ""
        # refused commands are tried again with the next comparison
        self._in_step = _state(wanted)
        self._compared_at = now
        self._mended += len(commands)
        return len(commands)

    def health(self) -> Health:
        """Tell whether the broker lets in whom it shall."""
        figures = (
            ("accounts", float(len(self._in_step or ()))),
            ("accounts mended", float(self._mended)),
            ("gateways without a secret at the broker", float(len(self._without))),
        )
        if self._trouble:
            return Health("broker accounts", "degraded", self._trouble, figures)
        if self._without:
            names = ", ".join(self._without[:_NAMED])
            text = f"the broker does not know the secret of {names}: rotate it"
            return Health("broker accounts", "degraded", text, figures)
        return Health("broker accounts", "ok", "", figures)


def _state(admitted: Admitted) -> dict[str, tuple[int, str]]:
    return {key: (gateway.shard, one.id) for key, (gateway, one) in admitted.items()}
