"""TLS at the device door, with certificates made by openssl for the test."""

import contextlib
import socket
import ssl
import subprocess
import warnings
from pathlib import Path

import pytest

from domain.errors import SettingsInvalid
from ingest.door.settings import DoorSettings
from tests.servers.door import Raw, running_door, wait_for
from tests.unit.door_memory import connect, publish


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, the door's certificate, one of gateway g-1, and one of another authority."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for ca in ("ca", "other"):
        openssl(folder, "req", "-x509", *key, "-days", "2", "-subj", f"/CN=test {ca}",
                "-keyout", f"{ca}.key", "-out", f"{ca}.pem")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name, subject, ca in (
        ("door", "localhost", "ca"), ("g-1", "g-1", "ca"), ("g-9", "g-9", "ca"),
        ("false", "g-1", "other"),
    ):  # fmt: skip
        openssl(folder, "req", *key, "-subj", f"/O=test/CN={subject}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")  # fmt: skip
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey",
                f"{ca}.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
                "-out", f"{name}.pem")  # fmt: skip
    return folder


def limits(certificates: Path, **more: object) -> DoorSettings:
    return DoorSettings(
        port=0,
        certificate=str(certificates / "door.pem"),
        key=str(certificates / "door.key"),
        client_ca=str(certificates / "ca.pem"),
        **more,  # type: ignore[arg-type]
    )


class TlsRaw(Raw):
    """The same over TLS."""

    def __init__(self, port: int, certificates: Path, data: bytes, own: str = "") -> None:
        super().__init__(port)
        context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        if own:
            context.load_cert_chain(certificates / f"{own}.pem", certificates / f"{own}.key")
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        self.sock.sendall(data)


@pytest.mark.parametrize("version", [4, 5])
def test_readings_come_in_over_tls(tmp_path: Path, certificates: Path, version: int) -> None:
    with running_door(tmp_path, limits=limits(certificates)) as door:
        payload = b'{"boot":1,"seq":1,"readings":[{"c":"T0.x","t":1795000000000,"v":1}]}'
        many = b"".join(publish(version, n, payload) for n in range(1, 801))
        raw = TlsRaw(door.port, certificates, connect(version) + many)
        assert raw.packet()[:1] == b"\x20"
        assert raw.read(3_200)[-4:] == b"\x40\x02\x03\x20"
        assert door.numbers() == [1]


@pytest.mark.parametrize(
    ("own", "username", "code"),
    [
        ("g-1", "", 0),
        ("g-1", "g-1", 0),
        ("g-1", "g-2", 0x86),  # a certificate does not let another gateway in
        ("g-9", "", 0x86),  # not registered
        ("", "g-1", 0),  # without a certificate a password is asked; here any does
        ("", "", 0x86),
    ],
)
def test_a_certificate_names_its_gateway(
    tmp_path: Path, certificates: Path, own: str, username: str, code: int
) -> None:
    with running_door(tmp_path, limits=limits(certificates)) as door:
        raw = TlsRaw(door.port, certificates, connect(5, username=username), own)
        assert raw.packet()[3] == code


def test_a_certificate_of_another_authority_is_no_way_in(
    tmp_path: Path, certificates: Path
) -> None:
    with running_door(tmp_path, limits=limits(certificates)) as door:
        with contextlib.suppress(OSError):
            raw = TlsRaw(door.port, certificates, connect(5, username=""), "false")
            assert raw.read(4) == b""
        assert door.stats()["connected"] == 0


def test_what_is_not_tls_or_stops_half_way_leaves_nothing_open(
    tmp_path: Path, certificates: Path
) -> None:
    with running_door(
        tmp_path, limits=limits(certificates, connect_s=1.0, connections_per_address_max=8)
    ) as door:
        for data in (connect(5), b"", b"\x16\x03\x01\x02\x00\x01"):
            raw = Raw(door.port, data)
            assert raw.ended()
        stopped = [Raw(door.port) for _ in range(8)]
        assert all(one.ended() for one in stopped)
        wait_for(lambda: TlsRaw(door.port, certificates, connect(5)).packet()[:1] == b"\x20")


def test_a_client_that_asks_for_an_old_tls_is_refused(tmp_path: Path, certificates: Path) -> None:
    with running_door(tmp_path, limits=limits(certificates)) as door:
        context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):  # Python too finds it too old
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            socket.create_connection(("127.0.0.1", door.port)) as plain,
            pytest.raises(OSError, match=r"(?i)ssl|tls|reset"),
            context.wrap_socket(plain, server_hostname="localhost"),
        ):
            pass


def test_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsInvalid, match=r"door\.certificate"),
        running_door(tmp_path, limits=DoorSettings(port=0, certificate=str(tmp_path / "none"))),
    ):
        pass
