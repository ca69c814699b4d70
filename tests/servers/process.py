"""Start a real server for a test on a private port, and end only what was started."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


class ServerMissing(RuntimeError):
    """A server that the tests need is not installed."""


def free_port() -> int:
    """Find a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"nobody listens on 127.0.0.1:{port} after {seconds} s"
                ) from None
            time.sleep(0.05)


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, port: int, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; on failure its log's last lines are in the error."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)  # type: ignore[call-overload]
        try:
            wait_for_port(port)
            yield process
        except TimeoutError as error:
            raise RuntimeError(f"{command[0]}: {error}\n{log.read_text()[-2000:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
