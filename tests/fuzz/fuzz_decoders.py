"""Feeds made-up payloads to one decoder, led by which code they reach.

    python -m tests.fuzz.fuzz_decoders senml --seconds 300
    python -m tests.fuzz.fuzz_decoders all --seconds 4

A payload may be anything; the decoder must take it in or refuse it with a reason. `together`
reads several native messages at once and one by one, which must come to the same; `times` reads
moments both ways; `all` takes turns by the first byte. What breaks is written to the folder of
`--finds`. The engine's own hooks on comparisons lose some 2 kB an execution; without them the
memory of the decoders stays as it is.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ingest"]):
    from domain.errors import InvalidInput
    from ingest.decoders import decoders
    from ingest.time_columns import read_times
    from ingest.times import read_time
    from tests.fuzz.register import read
    from tests.fuzz.same import same

    decoders()  # finds the others

EXTRA = ("together", "times")
#: words of the formats, which guessing letters would hardly find
WORDS = [
    *(f'\\"{name}\\":' for name in (
        "readings", "boot", "seq", "c", "t", "v", "bn", "bt", "bu", "bv", "bs", "bver", "n", "u",
        "vs", "vb", "vd", "s", "ut", "x_", "ts", "values", "value", "X", "Y", "angle", "AZI",
        "trend", "online", "sensor_state", "S1_ZT_1", "L1_QJ_1", "SK01", "T1")),
    *(f'\\"{text}\\"' for text in ("T1.x", "C1", "W1", "/1000", "Cel", "2026-11-23T06:00:00.5Z")),
    "[{", "}]", "{}", "1e400", "-1", "null", "true", "1795413600000", "1795413600", "268435456",
    "\\xa3", "\\x81", "\\x9f", "\\xbf", "\\xff", "\\xc1\\xfb", "\\xc0", "\\xc4\\x82",
    "\\xf9\\x7e\\x00",
    "\\xd9\\xd9\\xf7", "\\x20\\x0a", "\\x21", "\\x22", "\\x24", "\\x61c", "\\x61t", "\\x61v",
]  # fmt: skip
#: seeds that are not examples of a decoder
SEEDS: dict[str, list[bytes]] = {
    "times": [b"2026-11-23T06:00:00Z\n2026-11-23T06:00:00Z", b"2016-12-31T23:59:60.5+08:00",
              b"2026-11-23T06:00:00.123Z\n2026-02-30T06:00:00.123Z"],
    "senml": [bytes.fromhex("82a5216354312e22fb41dac0bd7c8000002361 6d0061780 2fb3ff4000000000000"
                            "a200617902f93c00".replace(" ", "")),
              b'[{"bver":10,"bn":"T1.x","bv":1,"bs":2,"s":3,"t":-5,"u":"/1000"}]'],
    "thingsboard": [b'{"ts":1795413600000,"values":{"T1.x":1}}', b'[{"T1.x":1},{"C1":"2"}]'],
    "dzt": [b'{"SK01":{"S1_ZT_1":{"2026-04-05T20:34:06.000Z":{"sensor_state":{"L1_LF_1":-2}}}}}'],
}  # fmt: skip


def one(name: str) -> Callable[[bytes], None]:
    """Give what is to be run with each made-up payload."""
    if name == "all":
        runs = [one(other) for other in (*decoders(), *EXTRA)]
        return lambda data: runs[data[0] % len(runs)](data[1:]) if data else None
    if name == "together":
        return lambda data: same(data.split(b"\n"))
    if name == "times":
        return times
    decoder = decoders()[name]

    def run(data: bytes) -> None:
        read(decoder, [data])
        read(decoder, [data], "stranger")

    return run


def seeds_of(name: str) -> list[bytes]:
    """Give payloads to begin with."""
    if name == "all":
        names = (*decoders(), *EXTRA)
        return [bytes([i]) + seed for i, other in enumerate(names) for seed in seeds_of(other)]
    if name == "together":
        return [decoders()["readings"].example]
    return [*([decoders()[name].example] if name in decoders() else []), *SEEDS.get(name, [])]


def times(data: bytes) -> None:
    """Read texts one by one and at once."""
    texts = data.decode("utf-8", "replace").split("\n")
    taken, readable = read_times(texts)
    for text, at_ns, known in zip(texts, taken.tolist(), readable.tolist(), strict=True):
        try:
            alone = read_time(text)
        except InvalidInput:
            alone = -1
        assert (at_ns if known else -1) == alone, text


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=[*decoders(), *EXTRA, "all"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--finds", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--seed", type=int, default=0, help="0: a new one, printed")
    given = parser.parse_args()
    given.finds.mkdir(parents=True, exist_ok=True)
    seeds = seeds_of(given.name)
    with tempfile.TemporaryDirectory(prefix="anju-fuzz-") as name:
        corpus, words = Path(name, "corpus"), Path(name, "words")
        corpus.mkdir()
        words.write_text("\n".join(f'"{word}"' for word in WORDS))
        for number, seed in enumerate([*seeds, b"\n".join(seeds * 2)]):
            (corpus / f"seed-{number}").write_bytes(seed)
        arguments = [sys.argv[0], f"-max_total_time={given.seconds}", f"-seed={given.seed}",
                     "-max_len=4096", "-timeout=5", "-rss_limit_mb=6000", "-malloc_limit_mb=300",
                     "-print_final_stats=1",
                     f"-dict={words}", f"-artifact_prefix={given.finds}/", str(corpus)]  # fmt: skip
        run = one(given.name)

        def guarded(data: bytes) -> None:
            try:
                run(data)
            except BaseException:
                (given.finds / f"{given.name.replace('/', '-')}-find").write_bytes(data)
                raise

        atheris.Setup(arguments, guarded)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
