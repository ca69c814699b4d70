"""A program with the gateway package, in a process of its own, to be killed: says what was taken.

python -m tests.e2e.gateway_sender FILE FIRST: takes readings FIRST, FIRST + 1, … until it ends.
"""

import sys
from datetime import UTC, datetime, timedelta

from anju_gateway import Gateway

START = datetime(2026, 11, 20, tzinfo=UTC)


def main() -> None:
    with Gateway.from_file(sys.argv[1]) as gateway:
        number = int(sys.argv[2])
        while True:
            gateway.publish("T0.x", float(number), START + timedelta(milliseconds=number))
            # written only after it was taken: the tests count on no reading that is not here
            print(number, flush=True)  # noqa: T201
            number += 1


if __name__ == "__main__":
    main()
