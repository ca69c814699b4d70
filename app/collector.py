"""Python's cycle collector, set for a process that runs for months and must answer at once."""

import atexit
import gc

#: how many more objects are made than given back before the young ones are looked through, and
#: how often that happens before those that survived it are, and then all. A look at all holds
#: every thread for a tenth of a second, and with Python's own numbers came each few hundred
#: thousand readings: a third of what judging cost
_THRESHOLDS = (50_000, 10, 10)


def calm_collector() -> None:
    """Leave out what was loaded at the start and never goes, and look through the rest less often.

    To be called once the process has started; what is made by then is never collected.
    """
    gc.collect()
    gc.freeze()
    # what is frozen is not given back at the end either, which DuckDB calls a leak, in fifty lines
    atexit.register(gc.unfreeze)
    gc.set_threshold(*_THRESHOLDS)
