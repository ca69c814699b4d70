"""Sends each line of `address value` that comes in, such as `C1 0.42`; gateway.env says whereto."""

import sys

from anju_gateway import Gateway

with Gateway.from_file("gateway.env") as gateway:
    for line in sys.stdin:
        address, value = line.split()
        gateway.publish(address, float(value))
    gateway.flush(timeout_s=60)
