"""A certificate authority of the test's own, made with the openssl program."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerMissing


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is what trusts them."""

    folder: Path
    file: Path

    def sign(self, name: str, *, days: int = 2) -> tuple[Path, Path]:
        """Make a certificate for a DNS name, and its key."""
        key, request, made = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extra = self.folder / f"{name}.ext"
        extra.write_text(f"subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(request),
                 "-subj", f"/CN={name}")  # fmt: skip
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.file), "-CAkey",
                 str(self.folder / "ca.key"), "-CAcreateserial", "-out", str(made),
                 "-days", str(days), "-extfile", str(extra))  # fmt: skip
        return made, key


def make_authority(folder: Path) -> Authority:
    """Make one in a folder.

    Raises
    ------
    ServerMissing
        When openssl is not installed.

    """
    if shutil.which("openssl") is None:
        raise ServerMissing("openssl is not installed; on Debian: apt-get install openssl")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ca.pem"
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "ca.key"),
             "-out", str(file), "-subj", "/CN=Anju test authority", "-days", "2")  # fmt: skip
    return Authority(folder, file)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
