"""Write a house as an IFC file: `python -m simulators.ifc SPEC.json FILE`; stands back."""

import os
import sys
from pathlib import Path

import msgspec

from simulators.ifc.house import HouseSpec, write_house

os.nice(10)
write_house(msgspec.json.decode(sys.argv[1], type=HouseSpec), Path(sys.argv[2]))
