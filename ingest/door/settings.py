"""What may be set about the device door."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Where the door listens and what it bears with.

    Parameters
    ----------
    certificate, key
        PEM files of the server's certificate and key; empty: without TLS.
    client_ca
        PEM file of the authority whose client certificates are asked for; the certificate's
        common name is then the gateway's id.
    connections_max, connections_per_address_max
        More are closed as they come.
    receive_max
        Messages of one client that wait for their acknowledgement at once.
    connect_s
        A connection must have logged in after so many seconds, TLS included.
    packet_s
        A packet that has begun must be whole after so many seconds, and what the door sends must
        be taken.
    keep_alive_s_max
        Longest keep-alive that a client may ask for; one that asks for none is given this.

    """

    host: str = "127.0.0.1"
    port: int = 1883
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    connections_max: int = 5_000
    connections_per_address_max: int = 1_000
    receive_max: int = 1_000
    connect_s: float = 10.0
    packet_s: float = 60.0
    keep_alive_s_max: int = 600
