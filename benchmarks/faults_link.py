"""A line between gateway and door that is slow and that is cut."""

import contextlib
import socket
import threading
import time

from tests.servers.process import free_port


class Link:
    """Hands bytes on between one client at a time and a door.

    Parameters
    ----------
    bytes_a_second
        What the line carries each way; 0 for no limit.
    delay_s
        How long each piece takes.

    """

    def __init__(self, door: int, *, bytes_a_second: int = 0, delay_s: float = 0.0) -> None:
        self.port = free_port()
        self._door, self._pace, self._delay_s = door, bytes_a_second, delay_s
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                door = socket.create_connection(("127.0.0.1", self._door))
            except OSError:
                return
            with self._lock:
                self._pairs.append((client, door))
            for one, other in ((client, door), (door, client)):
                threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(4_096):
                if self._delay_s or self._pace:
                    time.sleep(self._delay_s + (len(data) / self._pace if self._pace else 0.0))
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Cut the line in the middle of whatever is on it; both sides may call again."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self) -> None:
        """End."""
        self._listener.close()
        self.cut()
