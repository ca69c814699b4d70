"""The line between a phone and the server: it can be cut in the middle of anything."""

import contextlib
import socket
import threading


class Line:
    """A TCP relay on a port of its own.

    Parameters
    ----------
    port
        Of the server; may be set anew when that is started again.

    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.was_cut = threading.Event()
        self._left: int | None = None
        self._whole = True
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.own_port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: int) -> None:
        """Cut when so many more bytes have gone up."""
        self.was_cut.clear()
        with self._lock:
            self._left = count

    def cut(self) -> None:
        """Break everything that is open, and let nobody through."""
        with self._lock:
            self._whole, self._left = False, None
            pairs, self._pairs = self._pairs, set()
        for one in (one for pair in pairs for one in pair):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.was_cut.set()

    def mend(self) -> None:
        """Let everybody through again."""
        with self._lock:
            self._whole = True

    def close(self) -> None:
        """End it."""
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                if not self._whole:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self.port), 5)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            for way in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if up and self._spent(len(data)):
                    target.sendall(data[: len(data) // 2])
                    self.cut()
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _spent(self, count: int) -> bool:
        with self._lock:
            if self._left is None:
                return False
            self._left -= count
            if self._left > 0:
                return False
            self._left = None
            return True
