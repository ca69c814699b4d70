"""A real filesystem of a few megabytes, to be filled to the brim.

Root mounts it; anybody else runs the test once more in a user namespace, where they may.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers.process import ServerMissing

#: set for the tests that run in the namespace, so that they do not make another one
INSIDE = "ANJU_TEST_IN_NAMESPACE"
_BLOCK = bytes(4096)
_RUN_S = 600


class SmallDisk:
    """A tmpfs that is mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Write until nothing more goes in."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for block in (_BLOCK, b"\0"):
                with contextlib.suppress(OSError):
                    while file.write(block) == len(block):
                        pass

    def make_room(self) -> None:
        """Take the ballast away."""
        (self.folder / "ballast").unlink()


@contextlib.contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a small disk until the block ends.

    Raises
    ------
    ServerMissing
        When this user may not mount.

    """
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("mount")
    if sys.platform != "linux" or program is None:
        raise ServerMissing("a small disk needs Linux and mount")
    command = [program, "-t", "tmpfs", "-o", f"size={megabytes}m", "anju-test", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise ServerMissing(f"no small disk can be mounted: {told.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        # lazily: a process that is just ending may still hold a file
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def run_in_namespace(test: str) -> None:
    """Run one test again where its user is root of a namespace of their own.

    Raises
    ------
    ServerMissing
        When nobody may make a namespace here.

    """
    if os.environ.get(INSIDE):
        raise ServerMissing("no small disk can be mounted, not even in a namespace")
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*enter, "true"], check=False).returncode:
        raise ServerMissing("no small disk: neither root nor user namespaces")
    told = subprocess.run(
        [*enter, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        env=os.environ | {INSIDE: "1"},
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-8000:]
