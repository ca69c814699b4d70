"""Where photos lie in the file store: by building and hash, so that the same is kept once."""

import hashlib

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"}


def original_key(building_id: str, sha256: str, content_type: str) -> str:
    """Name a photo as it came; it may say where it was taken.

    Examples
    --------
    >>> original_key("b:1", "ab12", "image/png")
    'pictures/34340f0e82d75a3446150f4a916c20c1/ab12.png'

    """
    return f"{_folder(building_id)}/{sha256}.{_EXTENSIONS.get(content_type, 'bin')}"


def public_key(building_id: str, sha256: str) -> str:
    """Name the copy that people see; it says nothing of itself."""
    return f"{_folder(building_id)}/{sha256}.public.jpg"


def thumb_key(building_id: str, sha256: str) -> str:
    """Name the small copy for lists."""
    return f"{_folder(building_id)}/{sha256}.thumb.jpg"


def _folder(building_id: str) -> str:
    # an id may have letters that a key may not
    return f"pictures/{hashlib.sha256(building_id.encode()).hexdigest()[:32]}"
