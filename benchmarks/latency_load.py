"""Gateways that send at a steady pace, each reading stamped as it leaves, and some that lean.

A process of its own. 200 gateways share the pace; beside them leaning gateways send one pair of
readings every half second, far over every limit of tilt, until somebody must have been told. It
prints `ready`, waits for a line on standard input, and ends with one line of JSON: the moments at
which each leaning gateway sent.
"""

import argparse
import json
import sys
import time

from benchmarks.door_load import CHANNELS, Sender, gateway_id
from benchmarks.ingest_load import packet, text
from domain.clock import SECOND_NS

PAIRS = 6
_TICK_S = 0.005


def message(number: int, turn: int, seq: int, value: float, at_ns: int) -> bytes:
    """Write one reading of a gateway, as an MQTT 3.1.1 PUBLISH with QoS 1."""
    second, rest = divmod(at_ns, SECOND_NS)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    address = f"T{turn % CHANNELS // 2}.{'xy'[turn % 2]}"
    reading = f'{{"c":"{address}","t":"{at}.{rest // 1_000:06d}Z","v":{value:.4f}}}'
    payload = f'{{"boot":1,"seq":{seq},"readings":[{reading}]}}'
    topic = text(f"anju/1/0/{gateway_id(number)}/readings")
    return packet(0x32, topic + (seq % 65_000 + 1).to_bytes(2, "big") + payload.encode())


class _Gateway(Sender):
    """A connection whose acknowledgements are read and not waited for."""

    def tell(self, number: int, turn: int, value: float, at_ns: int) -> None:
        self.sent += 1
        data = message(number, turn, self.sent, value, at_ns)
        self.sock.setblocking(True)
        self.sock.sendall(data)
        self.sock.setblocking(False)
        try:
            self.sock.recv(65_536)
        except BlockingIOError:
            return


def run(
    port: int, rate: float, seconds: float, gateways: int, leaning: int
) -> dict[int, list[int]]:
    """Send; tell when each leaning gateway sent the second reading of a pair, ns."""
    senders = [_Gateway(port, number, 0, 4) for number in range(gateways + leaning)]
    print("ready", flush=True)
    sys.stdin.readline()
    began, sent = time.monotonic(), 0
    # they begin one after the other, so that their alerts come spread over the run
    starts = [0.5 + n * max(seconds - 4.0, 0.1) / max(leaning, 1) for n in range(leaning)]
    told: dict[int, list[int]] = {gateways + n: [] for n in range(leaning)}
    while (past := time.monotonic() - began) < seconds:
        for turn in range(sent, int(past * rate)):
            number = turn % gateways
            value = 1.0 + turn % 7 * 1e-3
            senders[number].tell(number, turn // gateways, value, time.time_ns())
        sent = max(sent, int(past * rate))
        for n, start in enumerate(starts):
            number = gateways + n
            if len(told[number]) < PAIRS and past >= start + 0.5 * len(told[number]):
                at_ns = time.time_ns()
                for axis in (0, 1):
                    senders[number].tell(number, axis, 40.0, at_ns)
                told[number].append(at_ns)
        time.sleep(_TICK_S)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=5_000.0)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--leaning", type=int, required=True)
    given = parser.parse_args()
    told = run(given.port, given.rate, given.seconds, given.gateways, given.leaning)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
