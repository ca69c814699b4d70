"""The words of the pages in each language, from one catalogue per language."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
FOLDER = Path(__file__).parent / "texts"


class Words:
    """Texts of one language by dotted key.

    Examples
    --------
    >>> Words("en")("level.red")
    'Red alert'
    >>> Words("zh")("level.red")
    '红色预警'

    """

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._texts = catalogue(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """Tell the text of a key, with its `{names}` filled in.

        Raises
        ------
        KeyError
            When the catalogue has no such key.

        """
        text = self._texts[key]
        return text.format(**values) if values else text

    def of(self, group: str, name: object, otherwise: str | None = None) -> str:
        """Tell the text of a name out of a group; the name itself when there is none."""
        key = f"{group}.{str(name).replace(' ', '_')}"
        return self._texts.get(key, str(name) if otherwise is None else otherwise)

    def group(self, group: str) -> dict[str, str]:
        """List all texts of a group by name."""
        start = f"{group}."
        return {k[len(start) :]: v for k, v in self._texts.items() if k.startswith(start)}


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read the catalogue of a language, flat: `{"nav.desk": "值班台", …}`.

    `zh.toml` and every `ROOM.zh.toml`; a key stands in one of them.
    """
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"*{language}.toml")):
        with path.open("rb") as file:
            found = dict(_flat("", tomllib.load(file)))
        if twice := texts.keys() & found.keys():
            raise ValueError(f"{path.name} repeats {min(twice)!r}")
        texts |= found
    return texts


def _flat(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", str(value)
