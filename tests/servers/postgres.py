"""A real PostgreSQL server for tests, in a scratch folder and on a private port."""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers.process import ServerMissing, free_port, running

USER = "anju_test"


def start(folder: Path) -> contextlib.AbstractContextManager[str]:
    """Make a cluster in `folder` and run it; gives the URL of its superuser."""
    return Cluster(folder).run()


class Cluster:
    """A cluster that can be stopped and started again on the same port.

    PostgreSQL refuses to run as root, so root runs it as the user `postgres`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._programs = _programs()
        self._user = _unprivileged()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user:
            shutil.chown(folder, self._user.pw_uid, self._user.pw_gid)
        subprocess.run(
            [
                self._programs / "initdb",
                *("-D", folder / "data", "-U", USER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **self._as_user(),
        )

    @contextlib.contextmanager
    def run(self) -> Iterator[str]:
        """Run the server until the block ends; again after that, if wished."""
        command = [
            str(self._programs / "postgres"),
            *("-D", str(self.folder / "data"), "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", f"unix_socket_directories={self.folder}"),
            *("-c", "max_connections=60"),
            # nobody cuts the power in a test, and making databases is three times as fast
            *("-c", "fsync=off"),
        ]
        log = self.folder / "log"
        # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for open connections
        with running(command, log, self.port, cwd=self.folder, **self._as_user()) as process:
            self._wait_until_ready()
            try:
                yield self.url
            finally:
                process.send_signal(2)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)

    def _wait_until_ready(self) -> None:
        # the port is open a moment before the server takes connections
        ready = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(200):
            if subprocess.run(ready, check=False).returncode == 0:
                return
        raise TimeoutError("PostgreSQL listens but does not take connections")

    def _as_user(self) -> dict[str, Any]:
        if not self._user:
            return {}
        return {
            "user": self._user.pw_uid,
            "group": self._user.pw_gid,
            "extra_groups": [],
            "env": {**os.environ, "HOME": str(self.folder)},
        }


def _programs() -> Path:
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if re.fullmatch(r"\d+", path.parts[-3])
    ]
    if found:
        return max(found, key=lambda path: int(path.parts[-2]))
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent
    raise ServerMissing("PostgreSQL is not installed: apt-get install postgresql")


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ServerMissing("root needs a user `postgres` to run PostgreSQL as") from None
