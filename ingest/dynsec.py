"""Commands to mosquitto's dynamic-security plugin, over its control topic."""

import contextlib
import queue
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from domain.errors import StoreUnavailable
from ingest.settings import Broker

_TOPIC = "$CONTROL/dynamic-security/v1"
_ANSWER_S = 10.0
#: the plugin writes its whole file after each command: more at once would hold the broker up
_COMMANDS_AT_ONCE = 50
#: clients or roles read at once
_ROWS_AT_ONCE = 500

Command = dict[str, Any]


class DynsecControl:
    """Sends commands, each batch over a connection of its own, and waits for the answers.

    Parameters
    ----------
    broker
        With the log-in of an account that may use the control topic.

    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def send(self, commands: Sequence[Command]) -> list[Command]:
        """Carry commands out in order, and return the plugin's answer to each.

        Raises
        ------
        StoreUnavailable
            When the broker cannot be reached, refuses, or does not answer. Commands before the
            one that failed may have been carried out: all of them may be sent again.

        """
        if not commands:
            return []
        answers: list[Command] = []
        with self._connected() as (client, came):
            for start in range(0, len(commands), _COMMANDS_AT_ONCE):
                part = list(commands[start : start + _COMMANDS_AT_ONCE])
                client.publish(_TOPIC, msgspec.json.encode({"commands": part}), qos=1)
                answers += self._answers(came)
        return answers

    def clients(self) -> list[Command]:
        """Read all accounts with their roles."""
        return self._all("listClients", "clients")

    def roles(self) -> list[Command]:
        """Read all roles with their rules."""
        return self._all("listRoles", "roles")

    def _all(self, command: str, name: str) -> list[Command]:
        found: list[Command] = []
        while True:
            question = {
                "command": command,
                "verbose": True,
                "count": _ROWS_AT_ONCE,
                "offset": len(found),
            }
            (answer,) = self.send([question])
            if "error" in answer:
                raise StoreUnavailable(f"broker {self._address}: {command}: {answer['error']}")
            rows = answer.get("data", {}).get(name, [])
            found += rows
            if len(rows) < _ROWS_AT_ONCE:
                return found

    @property
    def _address(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _answers(self, came: "queue.Queue[bytes | str]") -> list[Command]:
        try:
            word = came.get(timeout=_ANSWER_S)
        except queue.Empty:
            raise StoreUnavailable(
                f"broker {self._address}: its dynamic-security plugin does not answer "
                f"{self._broker.username!r}; is it loaded, and may this account use it?"
            ) from None
        if isinstance(word, str):
            raise StoreUnavailable(f"broker {self._address}: {word}")
        try:
            answers = msgspec.json.decode(word)["responses"]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise StoreUnavailable(f"broker {self._address}: answer not understood") from error
        return list(answers)

    @contextlib.contextmanager
    def _connected(self) -> "Iterator[tuple[mqtt.Client, queue.Queue[bytes | str]]]":
        came: queue.Queue[bytes | str] = queue.Queue()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"anju-control-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set(ca_certs=self._broker.ca_file or None)
        ready: queue.Queue[str] = queue.Queue()

        def on_connect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
            if reason.is_failure:
                ready.put(f"lets {self._broker.username!r} not in: {reason}")
            else:
                client.subscribe(f"{_TOPIC}/response", 1)

        def on_subscribe(_c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:
            refused = bool(reasons) and reasons[0].is_failure
            ready.put(f"{self._broker.username!r} may not use the control topic" if refused else "")

        def on_disconnect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
            ready.put(f"connection lost: {reason}")
            came.put(f"connection lost: {reason}")

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_disconnect = on_disconnect
        client.on_message = lambda _c, _u, message: came.put(bytes(message.payload))
        try:
            client.connect(self._broker.host, self._broker.port, 30)
        except OSError as error:
            raise StoreUnavailable(f"broker {self._address} cannot be reached: {error}") from error
        client.loop_start()
        try:
            trouble = "no answer to the connection"
            with contextlib.suppress(queue.Empty):
                trouble = ready.get(timeout=_ANSWER_S)
            if trouble:
                raise StoreUnavailable(f"broker {self._address}: {trouble}")
            yield client, came
        finally:
            client.disconnect()
            client.loop_stop()
