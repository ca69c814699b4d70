"""The desk of photos: takes them in piece by piece, has them looked at, hands copies out."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from domain.attachments import Attachment, AttachmentState, ImageSize
from domain.check_ports import CheckRules, CheckStore, Received
from domain.clock import Clock
from domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    OffsetConflict,
    SafetyError,
    StoreUnavailable,
)
from domain.ids import new_id
from domain.picture_files import original_key, public_key, thumb_key
from domain.ports import FileStore
from lifecycle.picture_child import Seen
from lifecycle.picture_looker import drop

log = structlog.get_logger()

#: what may be told anew of a picture
MUTABLE = ("caption", "marks", "mm_per_px", "item_id", "defect_id")
#: what says that it is the same picture
_SAME = ("building_id", "check_up_id", "kind", "sha256", "bytes_total", "by_id")
_PIECE_BYTES = 256 * 1024
_TRIES = 10


class Looker(Protocol):
    """Looks at a photo, whatever is in it; see `lifecycle.picture_looker`."""

    def look(self, path: Path, folder: Path) -> Seen:
        """Tell what it is; its copies lie in `folder` afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class StoredAttachmentDesk:
    """Takes pictures in; a `domain.check_ports.AttachmentDesk`.

    A picture in the making is a part file; its size, once synced, is what is safe. Processes that
    share the folder take turns by a lock on that file.

    Parameters
    ----------
    parts
        Folder of what is not whole yet, shared by all processes that serve.
    part_days
        A part file that nobody has gone on with for so long is forgotten.

    """

    checks: CheckStore
    files: FileStore
    parts: Path
    scratch: Path
    clock: Clock
    rules: CheckRules
    looker: Looker
    part_days: float = 30.0

    @property
    def file_bytes_max(self) -> int:
        """Largest picture that is taken."""
        return self.rules.photo_bytes_max

    def declare(self, attachment: Attachment) -> Received:
        """Begin a picture, or find how far it is; the same again changes nothing.

        Raises
        ------
        Conflict
            When the id stands for another picture.
        InvalidInput
            When it is too large, of a kind that is not taken, or one too many.

        """
        self._check(attachment)
        for _ in range(_TRIES):
            kept = self.checks.attachment(attachment.id)
            if kept is None:
                held = self.checks.attachments(check_up_id=attachment.check_up_id)
                if len(held) >= self.rules.photos_per_check_up_max:
                    raise InvalidInput(
                        f"a check-up may have {self.rules.photos_per_check_up_max:,} pictures",
                        "check_up_id",
                    )
                wanted = attachment
            else:
                _same_picture(kept, attachment)
                told = {name: getattr(attachment, name) for name in MUTABLE}
                wanted = replace(kept, **told)
                if wanted == kept:
                    return self._received(kept)
                wanted = replace(wanted, version=kept.version + 1)
            try:
                self.checks.put_attachment(wanted)
            except Conflict:
                continue  # the same was declared, or grew whole, at this moment
            return self._received(wanted)
        raise Conflict(f"picture {attachment.id!r} is being changed; send it again")

    def append(self, attachment_id: str, offset: int, piece: bytes) -> Received:
        """Add a piece; the bytes are on the disk when it answers.

        Raises
        ------
        NotFound
            When it was never declared.
        OffsetConflict
            When it does not join on to what is there.
        InvalidInput
            When there are more bytes than were declared.
        StoreUnavailable
            When there is no room, or the disk does not play along: what was safe stays.

        """
        kept = self._declared(attachment_id)
        if offset + len(piece) > kept.bytes_total:
            raise InvalidInput(
                f"the picture has {kept.bytes_total:,} bytes, "
                f"got bytes up to {offset + len(piece):,}",
                "Upload-Offset",
            )
        if kept.state is not AttachmentState.RECEIVING:
            return Received(kept, kept.bytes_total)
        with self._held(attachment_id) as part:
            # whoever had the lock before may have made it whole
            kept = self._declared(attachment_id)
            if kept.state is not AttachmentState.RECEIVING:
                self._part(kept.id).unlink(missing_ok=True)
                return Received(kept, kept.bytes_total)
            safe = _size(part)
            if offset > safe:
                raise OffsetConflict(
                    f"the next piece must begin at byte {safe:,}, got {offset:,}", safe
                )
            if new := piece[safe - offset :]:
                safe = _extend(part, safe, new)
            if safe == kept.bytes_total:
                kept = self._finish(kept)
            return Received(kept, safe)

    def received(self, attachment_id: str) -> Received | None:
        """Tell how far a picture is; `None`: it was never declared."""
        kept = self.checks.attachment(attachment_id)
        return None if kept is None else self._received(kept)

    def image(self, attachment: Attachment, size: ImageSize) -> tuple[bytes, str]:
        """Read a copy and its content type.

        Raises
        ------
        NotFound
            When there is none of that size.

        """
        key = {
            ImageSize.ORIGINAL: attachment.original_key,
            ImageSize.PUBLIC: attachment.public_key,
            ImageSize.THUMB: attachment.thumb_key,
        }[size]
        if not key:
            raise NotFound(f"no {size.value} copy of picture {attachment.id!r}")
        kind = attachment.content_type if size is ImageSize.ORIGINAL else "image/jpeg"
        return b"".join(self.files.pieces(key)), kind

    def sweep(self) -> int:
        """Finish what is whole and was left, and forget what nobody has gone on with for long."""
        done = 0
        if not self.parts.is_dir():
            return 0
        for path in sorted(self.parts.glob("*.part")):
            try:
                done += self._swept(path)
            except (OSError, SafetyError) as error:
                # one that makes trouble must not keep the others from being seen to
                log.warning("part of a picture left", part=path.name, error=str(error))
        return done

    def _swept(self, path: Path) -> bool:
        attachment_id = path.name.removesuffix(".part")
        kept = self.checks.attachment(attachment_id)
        found = path.stat()
        old = time.time() - found.st_mtime > self.part_days * 86_400
        if kept is not None and kept.state is AttachmentState.RECEIVING and not old:
            if found.st_size < kept.bytes_total:
                return False
            self._received(kept)
            return True
        if old or kept is not None:
            # nobody goes on, or a kill came between keeping it and putting its part away
            with self._held(attachment_id):
                path.unlink(missing_ok=True)
            log.info("part of a picture forgotten", attachment=attachment_id)
            return True
        return False

    def _check(self, attachment: Attachment) -> None:
        rules = self.rules
        if not 0 < attachment.bytes_total <= rules.photo_bytes_max:
            raise InvalidInput(
                f"a picture may have 1 to {rules.photo_bytes_max:,} bytes, "
                f"got {attachment.bytes_total:,}",
                "bytes_total",
            )
        if attachment.content_type not in rules.image_kinds:
            wanted = ", ".join(sorted(rules.image_kinds))
            raise InvalidInput(
                f"content_type must be one of {wanted}, got {attachment.content_type!r}",
                "content_type",
            )

    def _declared(self, attachment_id: str) -> Attachment:
        kept = self.checks.attachment(attachment_id)
        if kept is None:
            raise NotFound(f"no picture {attachment_id!r}")
        return kept

    def _received(self, kept: Attachment) -> Received:
        """Tell how far a picture is; one that is whole, but was left so by a kill, is finished."""
        if kept.state is not AttachmentState.RECEIVING:
            return Received(kept, kept.bytes_total)
        if not self._part(kept.id).exists():
            return Received(kept, 0)
        with self._held(kept.id) as part:
            kept = self._declared(kept.id)
            if kept.state is not AttachmentState.RECEIVING:
                self._part(kept.id).unlink(missing_ok=True)
                return Received(kept, kept.bytes_total)
            safe = _size(part)
            if safe == kept.bytes_total:
                kept = self._finish(kept)
            return Received(kept, safe)

    def _finish(self, kept: Attachment) -> Attachment:
        """Look at a picture that has come whole, and keep it with what was made of it."""
        path = self._part(kept.id)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
        came = digest.hexdigest()
        folder = self.scratch / new_id(time.time_ns())
        try:
            if came == kept.sha256:
                seen = self.looker.look(path, folder)
            else:
                seen = Seen("sha256", f"its SHA-256 must be {kept.sha256}, got {came}")
            done = self._kept(kept, path, folder, came, seen)
        finally:
            drop(folder)
        path.unlink(missing_ok=True)
        log.info(
            "picture taken", attachment=done.id, state=done.state.value, reason=done.reason_code
        )
        return done

    def _kept(
        self, attachment: Attachment, path: Path, folder: Path, sha256: str, seen: Seen
    ) -> Attachment:
        """Put the files away, then say so: cut off in between, the same again completes it."""
        of = attachment.building_id
        original = original_key(of, sha256, seen.content_type or attachment.content_type)
        with path.open("rb") as file:
            self._put(original, iter(lambda: file.read(_PIECE_BYTES), b""))
        public, thumb = "", ""
        if seen.copied:
            public, thumb = public_key(of, sha256), thumb_key(of, sha256)
            self._put(public, (folder / "public.jpg").read_bytes())
            self._put(thumb, (folder / "thumb.jpg").read_bytes())
        reason_code, reason = seen.fault, seen.text
        if not seen.fault and not seen.copied:
            reason_code, reason = "no decoder", "kept as it came; no copy can be made of HEIC here"
        for _ in range(_TRIES):
            now = self._declared(attachment.id)
            done = replace(
                now,
                state=AttachmentState.REFUSED if seen.fault else AttachmentState.READY,
                reason_code=reason_code,
                reason=reason.replace("\x00", "")[:500],
                content_type=seen.content_type or now.content_type,
                width_px=seen.width_px,
                height_px=seen.height_px,
                exif_taken_at_ns=seen.exif.taken_at_ns,
                wgs84=now.wgs84 or seen.exif.wgs84,
                accuracy_m=now.accuracy_m if now.wgs84 else seen.exif.accuracy_m,
                original_key=original,
                arrived_at_ns=self.clock.now_ns(),
                version=now.version + 1,
                public_key=public,
                thumb_key=thumb,
            )
            try:
                self.checks.put_attachment(done)
            except Conflict:
                continue  # somebody has just told another caption
            return done
        raise StoreUnavailable(f"picture {attachment.id!r} is being changed")

    def _put(self, key: str, content: bytes | Iterator[bytes]) -> None:
        # the same photo sent twice lies there already; its copies may be of another release
        with contextlib.suppress(Conflict):
            self.files.put(key, content)

    def _part(self, attachment_id: str) -> Path:
        return self.parts / f"{attachment_id}.part"

    @contextlib.contextmanager
    def _held(self, attachment_id: str) -> Iterator[int]:
        """Open a part file and hold its lock: one process and thread at a time.

        Raises
        ------
        StoreUnavailable
            When the disk does not play along.

        """
        path = self._part(attachment_id)
        try:
            self.parts.mkdir(parents=True, exist_ok=True)
            part = _locked(path)
        except OSError as error:
            raise StoreUnavailable(f"a part of a picture cannot be opened: {error}") from error
        try:
            yield part
        except OSError as error:
            raise StoreUnavailable(f"a part of a picture cannot be kept: {error}") from error
        finally:
            os.close(part)


def _locked(path: Path) -> int:
    """Open and lock a file; one that was put away while we waited for the lock is opened anew."""
    while True:
        part = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(part, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(part).st_ino == path.stat().st_ino:
                    return part
        except BaseException:
            os.close(part)
            raise
        os.close(part)


def _size(part: int) -> int:
    """Tell how much of a part is safe: synced, so that it is there after a power cut, too."""
    os.fsync(part)
    return os.fstat(part).st_size


def _extend(part: int, safe: int, new: bytes) -> int:
    """Write behind what is safe, and sync; when the disk refuses, what was safe stays."""
    try:
        at, left = safe, memoryview(new)
        while left:
            written = os.pwrite(part, left, at)
            at, left = at + written, left[written:]
        os.fsync(part)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(part, safe)
        raise
    return at


def _same_picture(kept: Attachment, told: Attachment) -> None:
    for name in _SAME:
        if getattr(kept, name) != getattr(told, name):
            raise Conflict(
                f"picture {kept.id!r} is there with {name} {getattr(kept, name)!s}, "
                f"got {getattr(told, name)!s}"
            )
