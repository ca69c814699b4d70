"""Programs of other makers from npm, pinned in deploy/clients."""

import os
import shutil
import sys
from pathlib import Path

from app import pages_setup

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "deploy" / "clients"


def fetch_clients(folder: Path) -> dict[str, str]:
    """Fill `node_modules` of a folder; gives the environment in which node is found.

    Raises
    ------
    pages_setup.LibrariesUnavailable
        When node or the registry cannot be reached.

    """
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, folder / name)
    env = os.environ | {
        "npm_config_cache": str(folder / "cache"), "npm_config_update_notifier": "false",
    }  # fmt: skip
    node = pages_setup._node_folder(ROOT, folder, lambda _: None)
    env |= {"PYTHONPATH": str(node)} if node else {}
    pages_setup._run(
        [sys.executable, "-c", pages_setup.NPM, "ci", "--ignore-scripts", "--no-audit",
         "--no-fund", "--loglevel=error"],
        "npm ci", cwd=folder, env=env,
    )  # fmt: skip
    return env
