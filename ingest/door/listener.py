"""The device door: one asyncio loop in a thread that listens, and its link to the writer."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from domain.clock import Clock
from domain.errors import SettingsInvalid
from domain.ports import SpoolWriter
from domain.services import Health
from domain.topics import Topic
from ingest.acceptance import Acceptance
from ingest.directory import Directory
from ingest.door.connection import Connection
from ingest.door.doorkeeper import Admitted, Doorkeeper, Turned
from ingest.door.packets import Connect, Reason, Will
from ingest.door.sessions import Session, Sessions
from ingest.door.settings import DoorSettings
from ingest.messages import Message, answer_of, connection_of
from ingest.receipts import payload_of
from ingest.settings import IngestSettings

log = structlog.get_logger()

_BUFFER_BYTES = 262_144
_BACKLOG = 1_024
#: connections taken from the kernel before others get their turn
_ACCEPTED_AT_ONCE = 64
_JUDGES = 4
_RECEIPTS_AT_ONCE = 5_000
#: lines a second about clients that misbehave; the figures count them all
_LINES_A_SECOND_MAX = 10
_STOP_S = 3.0


class Door:
    """Listens for gateways and answers PUBACK when their messages are on disk.

    The loop's thread reads, parses and writes; the writer's thread decodes and commits
    (`Writer`). When the writer is full nothing is read any more, so that the senders wait.

    Parameters
    ----------
    keeper
        Judges who may come in.
    directory
        Gives the register's newest state; asked once a batch.

    """

    def __init__(
        self,
        limits: DoorSettings,
        keeper: Doorkeeper,
        spool: SpoolWriter,
        directory: Callable[[], Directory],
        clock: Clock,
        settings: IngestSettings | None = None,
    ) -> None:
        settings = settings or IngestSettings()
        self.limits, self.clock, self._keeper = limits, clock, keeper
        self.payload_bytes_max = settings.payload_bytes_max
        self._receipt_every_s = settings.receipt_every_s
        self._acceptance = Acceptance(directory, spool, settings, self._wake)
        self._writer = self._acceptance.writer
        self.figures = self._acceptance.figures
        self.figures |= dict.fromkeys(
            ("log-ins refused", "messages refused", "let pass", "take-overs", "slow log-ins",
             "connections over the limit", "packets refused"), 0,
        )  # fmt: skip
        self.buffer = memoryview(bytearray(_BUFFER_BYTES))
        self.now_s = time.monotonic
        self.sessions = Sessions()
        self._connections: dict[int, Connection] = {}
        self._gateways: dict[str, Connection] = {}
        self._wills: dict[str, asyncio.TimerHandle] = {}
        self._addresses: Counter[str] = Counter()
        self._held = False
        self._lines = 0
        self._last_number = 0
        self._asking = False
        self._receipts_at: asyncio.TimerHandle | None = None
        self._tls = _tls(limits)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_JUDGES, "anju-doorkeeper")
        self._loop = asyncio.new_event_loop()
        self._listening: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="anju-door", daemon=True)
        self._stopped = False
        self.port = limits.port

    def start(self) -> None:
        """Listen.

        Raises
        ------
        SettingsInvalid
            When the address cannot be listened on.

        """
        self._listening = _bound(self.limits.host, self.limits.port)
        self.port = self._listening.getsockname()[1]
        self._writer.start()
        self._thread.start()

    def stop(self) -> None:
        """Finish the commit under way, acknowledge it, and say good-bye to everybody."""
        if self._stopped:
            return
        self._stopped = True
        if self._thread.ident is None:
            self._loop.close()
            self._pool.shutdown()
            return
        self._loop.call_soon_threadsafe(self._close_up)
        self._writer.stop()
        asyncio.run_coroutine_threadsafe(self._say_good_bye(), self._loop).result(3 * _STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_S)
        self._pool.shutdown()

    def send(self, gateway_id: str, kind: str, payload: bytes) -> None:
        """Send to a gateway, or keep for when it comes; see `domain.fleet_ports.Downlink`."""
        if not self._stopped:
            self._loop.call_soon_threadsafe(self._tell, gateway_id, kind, payload)

    def _tell(self, gateway_id: str, kind: str, payload: bytes) -> None:
        connection = self._gateways.get(gateway_id)
        shard = connection.shard if connection else 0
        topic = str(Topic(shard, gateway_id, kind))
        self.sessions.of(gateway_id).tell(topic, 0, payload)
        if connection is not None:
            connection.send_waiting()

    def health(self) -> Health:
        """Tell whether readings come in and are kept."""
        where = f"{self.limits.host}:{self.port}"
        return self._acceptance.health(
            thread_alive=self._thread.is_alive(),
            trouble="",
            well=where,
        )

    def stats(self) -> dict[str, int]:
        """Count since the start what came and what became of it."""
        return {
            **self._acceptance.stats(),
            "connected": len(self._gateways),
            "sessions": len(self.sessions),
        }

    def connected(self) -> frozenset[str]:
        """Tell which gateways are connected now."""
        return frozenset(self._gateways.copy())

    # -- on the writer's thread

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._settle)

    # -- on the loop's thread

    def _run(self) -> None:
        assert self._listening is not None  # noqa: S101 - made by `start`
        asyncio.set_event_loop(self._loop)
        self._loop.add_reader(self._listening, self._accept)
        self._loop.call_soon(self._look)
        try:
            self._loop.run_forever()
        except Exception:
            log.exception("the device door failed")
        finally:
            self._listening.close()
            self._loop.close()

    def _accept(self) -> None:
        assert self._listening is not None  # noqa: S101
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, peer = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:  # no more files: wait until some are closed
                log.warning("cannot take a connection", error=str(error))
                self._loop.remove_reader(self._listening)
                self.later(1.0, self._listen_again)
                return
            address = peer[0]
            if (
                self._addresses.total() >= self.limits.connections_max
                or self._addresses[address] >= self.limits.connections_per_address_max
            ):
                self.figures["connections over the limit"] += 1
                sock.close()
                continue
            self._addresses[address] += 1
            task = self._loop.create_task(self._take_in(sock, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _listen_again(self) -> None:
        if not self._stopped and self._listening is not None:
            self._loop.add_reader(self._listening, self._accept)

    async def _take_in(self, sock: socket.socket, address: str) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._last_number += 1
        connection = Connection(self, self._last_number, address)
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=self.limits.connect_s if self._tls else None,
                ssl_shutdown_timeout=_STOP_S if self._tls else None,
            )
        except (OSError, asyncio.CancelledError) as error:  # ssl's errors are OSErrors too
            self.refuse(connection, f"TLS: {error}")
            sock.close()
            self._leave_address(address)

    def came(self, connection: Connection) -> None:
        """Take a connection in."""
        self._connections[connection.number] = connection
        if self._stopped:
            connection.end(None, at_once=True)
        elif self._held:
            connection.hold()

    def went(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._connections.pop(connection.number, None)
        self._leave_address(connection.address)

    def _leave_address(self, address: str) -> None:
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]

    def refuse(self, connection: Connection, why: str) -> None:
        """Count and tell what was refused; a flood of it is counted only."""
        self.figures["log-ins refused" if not connection.gateway_id else "packets refused"] += 1
        self._lines += 1
        if self._lines <= _LINES_A_SECOND_MAX:
            log.warning(
                "refused at the door",
                gateway=connection.gateway_id or None,
                address=connection.address,
                reason=why,
            )

    def judge(self, connection: Connection, connect: Connect, certificate: str) -> None:
        """Ask the doorkeeper, who may take his time, and tell the connection."""

        def tell(verdict: Admitted | Turned) -> None:
            connection.judged(verdict)

        def ask() -> None:
            try:
                verdict = self._keeper.admit(
                    connect.client_id, connect.username, connect.password, certificate
                )
            except Exception:
                log.exception("the doorkeeper failed")
                verdict = Turned(Reason.UNAVAILABLE, "the doorkeeper failed")
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
                self._loop.call_soon_threadsafe(tell, verdict)

        with contextlib.suppress(RuntimeError):  # likewise the pool
            self._pool.submit(ask)

    def open(self, connection: Connection, connect: Connect) -> tuple[bool, Session]:
        """Let a gateway in; an older connection of it ends."""
        gateway_id = connection.gateway_id
        older = self._gateways.get(gateway_id)
        if older is not None:
            self.figures["take-overs"] += 1
            older.end(Reason.TAKEN_OVER)
        will = self._wills.pop(gateway_id, None)
        if will is not None:
            will.cancel()
        self._gateways[gateway_id] = connection
        self.figures["connections"] += 1
        present = self.sessions.open(
            gateway_id, connect.client_id, self.now_s(), clean=connect.clean
        )
        return present, self.sessions.of(gateway_id)

    def left(self, connection: Connection, will: Will | None, session_s: int) -> None:
        """Take note that a gateway is no longer connected, and its will in."""
        gateway_id = connection.gateway_id
        if self._gateways.get(gateway_id) is connection:
            del self._gateways[gateway_id]
        self.sessions.leave(gateway_id, self.now_s(), session_s)
        if will is None or self._stopped:
            return
        delay_s = min(will.delay_s, session_s)
        if delay_s:
            before = self._wills.pop(gateway_id, None)
            if before is not None:
                before.cancel()
            self._wills[gateway_id] = self._loop.call_later(
                delay_s, self._take_will, gateway_id, will
            )
        else:
            self._take_will(gateway_id, will)

    def _take_will(self, gateway_id: str, will: Will) -> None:
        self._wills.pop(gateway_id, None)
        self.put([Message(will.topic, will.payload, self.clock.now_ns())])

    def put(self, messages: list[Message]) -> None:
        """Hand messages to the writer; when it is full nothing more is read."""
        size = sum([len(message.payload) for message in messages])
        self.figures["messages"] += len(messages)
        self.figures["bytes"] += size
        self._writer.put_all(messages, size)
        self._writer.wake()
        if not self._held and self._writer.full:
            self._held = True
            for connection in self._connections.values():
                connection.hold()

    def _settle(self) -> None:
        """Acknowledge what has been committed, and send the receipts that are due."""
        figures, connections = self.figures, self._connections
        acks: dict[int, list[int]] = {}
        for messages in self._acceptance.finished():
            for message in messages:
                token = message.token
                if token is None:  # QoS 0: nobody waits
                    continue
                number = connection_of(token)
                if number in acks:
                    acks[number].append(answer_of(token))
                else:
                    acks[number] = [answer_of(token)]
        for number, packet_ids in acks.items():
            connection = connections.get(number)
            if connection is None or not connection.is_open:
                figures["acks of lost connections"] += len(packet_ids)
            else:
                connection.acknowledge(packet_ids)
                figures["acknowledged"] += len(packet_ids)
        if self._held and self._writer.has_room and not self._stopped:
            self._held = False
            for connection in list(connections.values()):
                connection.release()
        self._send_receipts()

    def _send_receipts(self) -> None:
        for receipt in self._acceptance.due_receipts(_RECEIPTS_AT_ONCE):
            connection = self._gateways.get(receipt.gateway_id)
            shard = connection.shard if connection else 0
            topic = str(Topic(shard, receipt.gateway_id, "receipt"))
            session = self.sessions.of(receipt.gateway_id)
            session.tell(topic, receipt.boot, payload_of(receipt))
            if connection is not None:
                connection.send_waiting()
        if len(self._acceptance.receipts) and self._receipts_at is None:
            self._receipts_at = self.later(self._receipt_every_s, self._receipts_due)

    def _receipts_due(self) -> None:
        self._receipts_at = None
        self._send_receipts()

    def later(self, seconds: float, what: Callable[[], object]) -> asyncio.TimerHandle:
        """Call something later on this thread."""
        return self._loop.call_later(seconds, what)

    def _look(self) -> None:
        """Look after everybody once a second."""
        if self._stopped:
            return
        self._lines = 0
        now_s = self.now_s()
        for connection in list(self._connections.values()):
            connection.look(now_s)
        if not self._asking:
            self._asking = True
            self._pool.submit(self._ask_who_is_revoked)
        self.later(1.0, self._look)

    def _ask_who_is_revoked(self) -> None:
        try:
            revoked = self._keeper.revoked()
        except Exception:
            log.exception("the doorkeeper failed")
            revoked = frozenset()
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._show_out, revoked)

    def _show_out(self, revoked: frozenset[str]) -> None:
        self._asking = False
        for gateway_id in revoked & self._gateways.keys():
            self._gateways[gateway_id].end(Reason.NOT_AUTHORIZED)

    def _close_up(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
        for connection in list(self._connections.values()):
            connection.hold()

    async def _say_good_bye(self) -> None:
        self._settle()
        for connection in list(self._connections.values()):
            connection.end(Reason.SHUTTING_DOWN, with_will=False)
        until = self.now_s() + _STOP_S
        while self._connections and self.now_s() < until:
            await asyncio.sleep(0.02)
        for connection in list(self._connections.values()):
            connection.end(None, at_once=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsInvalid(
            f"setting broker.url: cannot listen on {host}:{port}: {error.strerror}"
        ) from error
    sock.setblocking(False)
    return sock


def _tls(limits: DoorSettings) -> ssl.SSLContext | None:
    if not limits.certificate:
        return None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(limits.certificate, limits.key or None)
        if limits.client_ca:
            context.load_verify_locations(limits.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"setting door.certificate: {error}") from error
    return context
