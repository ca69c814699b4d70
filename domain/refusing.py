"""Puts like refusals together, so that a flood of one fault is a few rows."""

from collections.abc import Iterable
from dataclasses import replace

from domain.accounts import Fate, Refusal
from domain.arrivals import SAMPLE_BYTES_MAX, Refused
from domain.ids import new_id

#: refusals of one go are told apart by address up to this many kinds, then thrown together
_KINDS_MAX = 256


def put_together(refused: Iterable[Refused]) -> tuple[Refusal, ...]:
    """Put like refusals together.

    Whole payloads stay apart. Of quarantined readings every one is kept in a sample, since they
    may be released; of rejected ones the first is.
    """
    groups: dict[tuple[str, Fate, str, str], Refusal] = {}
    done = []
    for one in refused:
        address = one.address if len(groups) < _KINDS_MAX else ""
        key = (one.gateway_id, one.fate, one.reason, address)
        sample = one.sample[:SAMPLE_BYTES_MAX]
        group = groups.get(key)
        if one.readings and group is not None:
            joined = group.sample + b"\n" + sample
            if one.fate is Fate.REJECTED:
                joined = group.sample
            if len(joined) <= SAMPLE_BYTES_MAX:
                readings = group.readings + one.readings
                groups[key] = replace(group, readings=readings, sample=joined)
                continue
            done.append(group)
        refusal = Refusal(
            id=new_id(one.received_at_ns),
            gateway_id=one.gateway_id,
            received_at_ns=one.received_at_ns,
            fate=one.fate,
            reason=one.reason,
            detail=one.detail,
            readings=one.readings,
            address=address,
            sample=sample,
        )
        if one.readings:
            groups[key] = refusal
        else:
            done.append(refusal)
    return (*done, *groups.values())
