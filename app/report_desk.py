"""The desk of reports: makes them once, keeps them sealed, and tells whether a copy is genuine."""

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.compute import Compute
from app.report_facts import ReportStores, gather, pictures_of
from app.report_making import Making, make
from app.throttle import Throttle
from domain.attachments import Attachment
from domain.check_reports import Seal, SealStatus, SealStore, Verdict, plain_code
from domain.checkups import CheckState, CheckUp
from domain.clock import Clock
from domain.errors import NotFound, StoreUnavailable, TooManyAttempts
from domain.ports import FileStore
from domain.submissions import Standing, Submission
from lifecycle.report.workbook import write_workbook

#: how long a caller waits while others' reports are made, s
WAIT_S = 60.0
#: codes that are not known may be asked for so often from one address before it has to wait
FREE_TRIES = 20
_WAIT_S_MAX = 900.0
_PIECE_BYTES = 256 * 1024


class StoredReportDesk:
    """Makes and verifies reports; a `domain.check_reports.ReportDesk`.

    Parameters
    ----------
    folder
        Of the file store, for the process that makes reports.
    compute
        Where they are made.
    clock, wall_clock
        Of readings and records, and the real time that waits are counted in.
    base_url
        Where this Anju answers.
    font
        As `lifecycle.report.fonts.letters`.

    """

    def __init__(
        self,
        stores: ReportStores,
        seals: SealStore,
        files: FileStore,
        folder: Path,
        compute: Compute,
        clock: Clock,
        wall_clock: Clock,
        base_url: str,
        *,
        simulated: str = "",
        font: str = "",
        wait_s: float = WAIT_S,
    ) -> None:
        self._stores, self._seals, self._files, self._folder = stores, seals, files, folder
        self._compute, self._clock = compute, clock
        self._verify_base = f"{base_url.rstrip('/')}/verify/"
        self._simulated, self._font, self._wait_s = simulated, font, wait_s
        self._turn = threading.Lock()
        self._tries = Throttle(wall_clock, FREE_TRIES, _WAIT_S_MAX, what="codes that are not known")

    def pdf(self, check_up: CheckUp, submission: Submission) -> Seal:
        """Make the report of a submission, or find it."""
        if (seal := self._kept(submission)) is not None:
            return seal
        # one at a time: each takes a whole core
        if not self._turn.acquire(timeout=self._wait_s):
            raise TooManyAttempts("other reports are being made; try again soon", 10.0)
        try:
            return self._kept(submission) or self._make(check_up, submission)
        finally:
            self._turn.release()

    def xlsx(self, check_up: CheckUp, submission: Submission) -> bytes:
        """Write a submission as a workbook."""
        return write_workbook(gather(self._stores, check_up, submission, self._simulated))

    def verify(self, code: str, address: str) -> Verdict:
        """Tell what a code stands for; only those that are not known count as tries."""
        self._tries.attempt(address)
        plain = plain_code(code)
        seal = self._seals.seal(plain) if plain else None
        if seal is None:
            return Verdict(SealStatus.UNKNOWN)
        self._tries.withdraw(address)
        return Verdict(self._status(seal), seal.sha256, seal.made_at_ns)

    def _status(self, seal: Seal) -> SealStatus:
        submission = self._stores.checks.submission(seal.submission_id)
        check_up = self._stores.checks.check_up(seal.check_up_id)
        if submission is None or check_up is None or check_up.state is CheckState.CANCELLED:
            return SealStatus.WITHDRAWN
        match submission.standing:
            case Standing.SET_ASIDE:
                return SealStatus.WITHDRAWN
            case Standing.REPLACED:
                return SealStatus.REPLACED
        newest = self._newest(submission)
        if newest is None or newest.code != seal.code:
            return SealStatus.REPLACED
        counts = submission.standing is Standing.COUNTS
        return SealStatus.VALID if counts else SealStatus.PENDING

    def _newest(self, submission: Submission) -> Seal | None:
        """Find the newest seal that was made of the pictures as they are now."""
        now = self._pictures(submission)
        found = self._seals.seals(submission.id)
        return next((seal for seal in found if seal.pictures == now), None)

    def _kept(self, submission: Submission) -> Seal | None:
        seal = self._newest(submission)
        if seal is None:
            return None
        try:
            whole = self._files.size_bytes(seal.file_key) == seal.bytes_total
        except NotFound:
            return None
        return seal if whole else None

    def _make(self, check_up: CheckUp, submission: Submission) -> Seal:
        pictures = self._pictures(submission)
        facts = gather(self._stores, check_up, submission, self._simulated)
        with tempfile.TemporaryDirectory(prefix="anju-report-") as scratch:
            target = Path(scratch) / "report.pdf"
            task = Making(facts, self._folder, target, self._font, self._verify_base)
            made = next(result for _, result in self._compute.map(make, [task]))
            content = target.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"check-reports/{made.code}/{sha256}.pdf"
        self._files.put(key, content)
        seal = Seal(
            made.code,
            check_up.id,
            submission.id,
            check_up.building_id,
            pictures,
            sha256,
            len(content),
            key,
            self._clock.now_ns(),
        )
        kept = self._seals.put_seal(seal)
        if kept.sha256 != sha256:
            # the code stands on paper already: another file must not bear it
            raise StoreUnavailable(f"report {made.code} came out otherwise than it was sealed")
        return kept

    def _pictures(self, submission: Submission) -> str:
        pictures, missing = pictures_of(self._stores, submission)
        told = msgspec.json.encode(([_told(one) for one in pictures], missing))
        return hashlib.sha256(told).hexdigest()


def _told(one: Attachment) -> Sequence[object]:
    """Name what a report shows of a picture."""
    shown = (one.caption, one.marks, one.mm_per_px, one.item_id, one.defect_id, one.taken_at_ns)
    return (one.id, one.sha256, one.state, one.public_key, *shown)
