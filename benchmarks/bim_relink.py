"""How well elements are found again in a revised model, on revisions whose truth is known.

Models are made by the simulator and, where they are at hand, read from the folder `ifc` under
`ANJU_DATA`; each is changed in every way of `simulators/ifc/revisions.py`. Seeds below `JUDGING`
are for tuning, those from it on for judging; nothing was tuned on the latter.

    ./anju bench bim [--quick] [--json]
"""

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import Figure
from bim.hashes import geometry_hash
from bim.index import read
from bim.match import Matched, match
from bim.mesh import shapes_of
from bim.shapes import box_of
from domain.claims import ClaimStatus
from domain.elements import ElementVersion
from simulators.ifc.house import HouseSpec, write_house
from simulators.ifc.revisions import CHANGES, Change, Truth, revise

#: first seed of judging; tuning takes those below
JUDGING = 10_000
#: seeds that one process takes on
SEEDS_AT_ONCE = 2
_MODEL, _OLD, _NEW = "model", "old", "new"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one revision came to.

    Parameters
    ----------
    alive
        Elements that live on.
    linked, wrong
        Safe links, and those of them that are not true.
    waiting, best_right
        Elements in the queue, and those whose first proposal is true.
    lost
        Elements that are neither linked nor in the queue.

    """

    source: str
    change: Change
    seed: int
    alive: int
    linked: int
    wrong: int
    waiting: int
    best_right: int
    lost: int
    seconds: float

    @property
    def only_renamed(self) -> bool:
        """Whether GlobalIds were re-issued and nothing was done to the elements themselves."""
        done = self.change
        touched = done.deleted or done.nudged or done.moved or done.split or done.reclassed
        return done.guids and not touched


def figures(quick: bool = False, seeds: range | None = None) -> list[Figure]:
    """Measure re-linking."""
    seeds = seeds or range(JUDGING, JUDGING + (1 if quick else 3))
    outcomes = list(relinked(quick, seeds))
    renamed = [one.linked / one.alive for one in outcomes if one.only_renamed]
    elements = sum(one.alive for one in outcomes)
    waiting = sum(one.waiting for one in outcomes)
    right = sum(one.best_right for one in outcomes)
    return [
        Figure(
            "wrong automatic links", float(sum(one.wrong for one in outcomes)), "links",
            ("links judged", float(sum(one.linked for one in outcomes))), "== 0",
        ),
        Figure("elements out of view", float(sum(one.lost for one in outcomes)), "", goal="== 0"),
        Figure("linked on re-issued GUIDs, worst revision", min(renamed), "share", goal=">= 0.95"),
        Figure("linked, all revisions", sum(one.linked for one in outcomes) / elements, "share"),
        Figure("in the queue, all revisions", waiting / elements, "share"),
        Figure("first proposal is the true one", right / max(waiting, 1), "share"),
        *_speed(1_000, "<= 0.1"),
        *_speed(5_000, "<= 1"),
    ]  # fmt: skip


def relinked(quick: bool, seeds: range) -> Iterator[Outcome]:
    """Change every model in every way, match, and hold it against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = [
            (name, str(source), seeds[at : at + SEEDS_AT_ONCE])
            for name, source in sources(Path(folder), quick)
            for at in range(0, len(seeds), SEEDS_AT_ONCE)
        ]
        if quick:
            for task in tasks:
                yield from of_source(*task)
            return
        # files that ifcopenshell has opened are not freed: the process that did so ends
        spawn = get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
            for some in pool.map(of_source, *zip(*tasks, strict=True)):
                yield from some


def of_source(name: str, source: str, seeds: range) -> list[Outcome]:
    """Change one model in every way with some seeds."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "new.ifc"
        old = [replace(one, element_id=f"e{one.step_id}") for one in rows_of(Path(source), _OLD)]
        for change in CHANGES:
            for seed in seeds:
                truth = revise(Path(source), target, change, seed)
                found.append(judged(name, old, rows_of(target, _NEW), change, seed, truth))
    return found


def sources(folder: Path, quick: bool) -> Iterator[tuple[str, Path]]:
    """Tell the models, made ones first."""
    specs = {"house": HouseSpec(furniture=1, facets=6, seed=JUDGING)}
    if not quick:
        specs |= {
            "terrace, IFC2X3": HouseSpec(
                ifc_schema="IFC2X3", storeys=3, bays_x=5, bays_y=2, furniture=2, facets=6,
                site_m=(512_300.0, 3_402_100.0, 14.0), seed=JUDGING + 1,
            ),
            "block, IFC4X3": HouseSpec(
                ifc_schema="IFC4X3", storeys=6, bays_x=4, bays_y=3, furniture=1, facets=6,
                sensors=12, seed=JUDGING + 2,
            ),
        }  # fmt: skip
    for name, spec in specs.items():
        yield name, write_house(spec, folder / f"{len(name)}.ifc")
    shared = Path(os.environ.get("ANJU_DATA", "")) / "ifc"
    if os.environ.get("ANJU_DATA") and shared.is_dir() and not quick:
        for path in sorted(shared.glob("*.ifc")):
            yield path.stem, path


def rows_of(path: Path, revision_id: str) -> list[ElementVersion]:
    """Read a model's elements with their boxes."""
    shapes = {one.step_id: one for one in shapes_of(path.read_bytes())}
    rows = []
    for row in read(path, revision_id, ()).versions:
        shape = shapes.get(row.step_id)
        rows.append(
            replace(
                row,
                box=None if shape is None else box_of(shape),
                geometry_hash="" if shape is None else geometry_hash(shape.vertices),
            )
        )
    return rows


def judged(
    source: str,
    old: list[ElementVersion],
    new: list[ElementVersion],
    change: Change,
    seed: int,
    truth: Truth,
) -> Outcome:
    """Match and count what is true."""
    begun_s = time.perf_counter()
    came = match(old, new, model_id=_MODEL, revision_id=_NEW, at_ns=0)
    seconds = time.perf_counter() - begun_s
    became = {f"e{step}": set(some) for step, some in truth.became.items()}
    links = [one for one in came.claims if one.status is ClaimStatus.AUTO]
    first = first_proposals(came)
    return Outcome(
        source=source,
        change=change,
        seed=seed,
        alive=sum(bool(some) for some in became.values()),
        linked=len(links),
        wrong=sum(one.to_step_id not in became[one.element_id] for one in links),
        waiting=len(first),
        best_right=sum(
            step in became[name] or (step == 0 and not became[name]) for name, step in first.items()
        ),
        lost=len(became.keys() - {one.element_id for one in links} - first.keys()),
        seconds=seconds,
    )


def first_proposals(came: Matched) -> dict[str, int]:
    """Tell the best proposal of each element that waits."""
    first: dict[str, int] = {}
    for one in came.claims:
        if one.status is ClaimStatus.PROPOSED:
            first.setdefault(one.element_id, one.to_step_id)
    return first


def _speed(elements: int, goal: str) -> list[Figure]:
    """Tell how long matching takes; processor time stands beside, for a busy machine."""
    wall_s, cpu_s = timed(elements)
    name = f"to match {elements:,} elements"
    return [
        Figure(name, wall_s, "s", goal=goal),
        Figure(f"{name}, processor time", cpu_s, "s"),
    ]


def timed(elements: int) -> tuple[float, float]:
    """Time the matching of so many elements, GlobalIds and tags gone: the slow way, s."""
    with tempfile.TemporaryDirectory() as folder:
        house = rows_of(write_house(HouseSpec(seed=3), Path(folder) / "house.ifc"), _OLD)
    old = []
    for number in range(elements):
        copy, place = divmod(number, len(house))
        row = house[place]
        far = (copy % 10 * 30.0, copy // 10 * 30.0, 0.0)
        box = None
        if row.box is not None:
            x, y, z, right, back, top = row.box
            box = (x + far[0], y + far[1], z, right + far[0], back + far[1], top)
        old.append(
            replace(
                row, step_id=number + 1, element_id=f"e{number}", global_id=f"g{number}", box=box
            )
        )
    new = [replace(one, element_id="", global_id=f"n{one.step_id}", tag="") for one in old]
    wall_s = cpu_s = float("inf")
    for _ in range(5):
        begun_s, spent_s = time.perf_counter(), time.process_time()
        match(old, new, model_id=_MODEL, revision_id=_NEW, at_ns=0)
        wall_s = min(wall_s, time.perf_counter() - begun_s)
        cpu_s = min(cpu_s, time.process_time() - spent_s)
    return wall_s, cpu_s
