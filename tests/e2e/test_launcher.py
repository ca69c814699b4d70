"""The launcher in small checkouts of its own: what it sets up, and what it says when it cannot.

The locks of these checkouts are empty or name what cannot be had, so nothing is fetched. A
command that must be absent or play a part stands in a folder that alone is on the PATH.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: programs of a bare Debian that the launcher may use
TOOLS = (
    *("sh", "dirname", "basename", "readlink", "cat", "rm", "mkdir", "mv", "cp", "touch", "chmod"),
    *("sleep", "date", "grep", "tail", "cut", "awk", "df", "find", "sha256sum", "flock", "uname"),
    *("mktemp", "kill", "ls"),
)
APP = """
import os, sys
print("app", *sys.argv[1:], "in", os.getcwd())
"""


class Checkout:
    """A copy of the launcher with an app that only says that it ran."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self.folder, self.bin = folder, bin_
        (folder / "deploy" / "locks").mkdir(parents=True)
        shutil.copy(ROOT / "anju", folder / "anju")
        shutil.copy(ROOT / "deploy" / "servers.sh", folder / "deploy" / "servers.sh")
        (folder / "app").mkdir()
        (folder / "app" / "__main__.py").write_text(APP)
        self.lock("run", "")
        self.lock("dev", "# development\n")
        bin_.mkdir()
        for tool in TOOLS:
            if path := shutil.which(tool):
                (bin_ / tool).symlink_to(path)
        self.program("id", "echo 1000")  # nobody special: nothing may be installed

    def lock(self, name: str, text: str) -> None:
        (self.folder / "deploy" / "locks" / f"{name}.txt").write_text(text)

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def with_python(self) -> "Checkout":
        """Give it this Python, with whose venv and pip it sets up."""
        self.program("python3", f'exec "{sys.executable}" "$@"')
        return self

    def with_pip(self) -> "Checkout":
        """Give it this Python without ensurepip, which takes long: its own pip does the work."""
        self.program(
            "python3",
            f'case "$*" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"',
        )
        return self

    def with_uv(self, install: str = "exit 0") -> "Checkout":
        """Give it a played uv: an environment in a moment, and `install` for the libraries."""
        make = f'exec "{sys.executable}" -m venv --without-pip "{self.folder}/.venv"'
        self.program("uv", f'[ "$1" = venv ] && {make}\n{install}')
        return self

    def start(self, *args: str, cwd: Path | None = None, **more: str) -> "subprocess.Popen[str]":
        env = {"PATH": str(self.bin), "HOME": str(self.folder.parent), **more}
        for name in ("PIP_CERT", "SSL_CERT_FILE"):
            if name in os.environ:
                env.setdefault(name, os.environ[name])
        return subprocess.Popen(
            [str(self.folder / "anju"), *args],
            cwd=cwd or self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *args: str, cwd: Path | None = None, **more: str) -> tuple[int, str, str]:
        process = self.start(*args, cwd=cwd, **more)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a folder 屋", tmp_path / "bin")


def test_the_shell_finds_nothing_wrong_with_the_scripts() -> None:
    scripts = [str(ROOT / name) for name in ("anju", "deploy/servers.sh", ".ci/run")]
    shell = shutil.which("dash") or "/bin/sh"
    for script in scripts[:2]:
        subprocess.run([shell, "-n", script], check=True)
    if checker := shutil.which("shellcheck"):
        subprocess.run([checker, "-x", *scripts], check=True, cwd=ROOT)
    assert all(os.access(script, os.X_OK) for script in (scripts[0], scripts[2]))


def test_it_sets_up_once_and_works_from_any_folder(checkout: Checkout, tmp_path: Path) -> None:
    checkout.with_python()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "app").mkdir(parents=True)
    (elsewhere / "app" / "__main__.py").write_text("print('the wrong app')")
    code, out, err = checkout.run("user", "list", "--settings", "a b.toml", cwd=elsewhere)
    assert (code, out) == (0, f"app user list --settings a b.toml in {elsewhere}\n")
    assert "[1/2]" in err
    assert "[2/2]" in err
    code, out, err = checkout.run("up it", cwd=Path("/"))
    assert (code, out, err) == (0, "app up it in /\n", "")


def test_it_is_found_through_a_link(checkout: Checkout, tmp_path: Path) -> None:
    checkout.with_uv()
    (checkout.bin / "anju").symlink_to(checkout.folder / "anju")
    done = subprocess.run(
        ["anju", "doctor"],
        cwd=tmp_path,
        env={"PATH": str(checkout.bin)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == f"app doctor in {tmp_path}\n"


def test_a_changed_lock_is_set_up_anew_and_nothing_else_is(checkout: Checkout) -> None:
    checkout.with_uv().run("key")
    checkout.lock("dev", "# development, changed\n")
    assert checkout.run("key")[2] == ""
    checkout.lock("run", "# changed\n")
    assert "[2/2]" in checkout.run("key")[2]
    assert checkout.run("key")[2] == ""


def test_the_libraries_of_development_do_for_running(checkout: Checkout) -> None:
    checkout.with_uv()
    assert "[2/2]" in checkout.run("bench", "ingest")[2]
    assert checkout.run("key") == (0, f"app key in {checkout.folder}\n", "")


def test_libraries_that_cannot_be_had_leave_those_that_were_there(checkout: Checkout) -> None:
    checkout.with_uv().run("key")
    checkout.with_uv("echo 'no network is unreachable'; exit 1")
    code, _, err = checkout.run("bench", "ingest")
    assert code == 2
    assert "cannot set up" in err
    assert checkout.run("key") == (0, f"app key in {checkout.folder}\n", "")


def test_a_set_up_that_died_is_begun_anew(checkout: Checkout) -> None:
    checkout.with_uv().run("key")
    (checkout.folder / ".venv" / ".anju-unfinished").touch()
    (checkout.folder / ".venv" / "half").touch()
    code, _, err = checkout.run("key")
    assert code == 0
    assert "[1/2]" in err
    assert not (checkout.folder / ".venv" / "half").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.with_uv().run("key")
    for python in (checkout.folder / ".venv" / "bin").glob("python*"):
        python.unlink()
    code, out, err = checkout.run("key")
    assert code == 0
    assert out.startswith("app key")
    assert "[1/2]" in err


def test_two_at_once_set_up_once(checkout: Checkout) -> None:
    checkout.with_uv()
    both = [checkout.start("key") for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(out.startswith("app key") for out, _ in ends)
    assert sum("[2/2]" in err for _, err in ends) == 1
    assert sum("waiting" in err for _, err in ends) == 1


def test_interrupted_it_stops_its_helper_says_so_and_goes_on_next_time(
    checkout: Checkout, tmp_path: Path
) -> None:
    # an installer that takes its time, once, and notes who it is
    note = tmp_path / "installer.pid"
    checkout.with_uv(f'[ -e "{note}" ] || {{ echo $$ >"{note}"; exec sleep 60; }}')
    process = checkout.start("key")
    until = time.monotonic() + 20
    while not note.exists() or not note.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; run it again" in err
    helper = int(note.read_text())
    until = time.monotonic() + 5
    while Path(f"/proc/{helper}/cmdline").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{helper}/cmdline").exists()
    assert checkout.run("key")[0] == 0


def only_line(err: str) -> str:
    """The line that is left when the steps are taken out."""
    lines = [line for line in err.splitlines() if not line.startswith(("[", " "))]
    assert len(lines) == 1, err
    return lines[0]


def test_no_python_is_one_line_with_the_mend(checkout: Checkout) -> None:
    code, out, err = checkout.run("demo")
    assert (code, out) == (2, "")
    assert only_line(err) == (
        "anju: Python 3.11 to 3.14 is needed and none was found; "
        "get it with: sudo apt-get install python3 python3-venv"
    )


def test_an_old_python_is_named(checkout: Checkout) -> None:
    checkout.program(
        "python3", 'case "$2" in *3,\\ 11*) exit 1 ;; *print*) echo only 3.9.2 ;; esac'
    )
    code, _, err = checkout.run("demo")
    assert code == 2
    assert "needed and only 3.9.2 was found" in only_line(err)


def test_a_python_without_venv_is_one_line_with_the_mend(checkout: Checkout) -> None:
    checkout.program(
        "python3",
        f'case "$*" in *ensurepip*|*"-m pip"*) exit 1 ;; esac\nexec "{sys.executable}" "$@"',
    )
    code, _, err = checkout.run("demo")
    assert code == 2
    assert "venv module is not complete; get it with: sudo apt-get install" in only_line(err)


def test_pip_of_the_system_does_when_venv_brings_none(checkout: Checkout) -> None:
    checkout.with_pip()
    code, out, _ = checkout.run("key")
    assert (code, out) == (0, f"app key in {checkout.folder}\n")


def test_no_network_is_one_line_and_leaves_nothing_that_looks_whole(checkout: Checkout) -> None:
    checkout.with_pip()
    checkout.lock("run", f"anju-no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    code, out, err = checkout.run("key", **nowhere)
    assert (code, out) == (2, "")
    assert "no package index answers; check the network" in only_line(err)
    assert not (checkout.folder / ".venv" / ".anju-lock").exists()
    checkout.lock("run", "")
    assert checkout.run("key")[0] == 0


def failing_install(checkout: Checkout, words: str) -> str:
    """Let the installer fail with some words, and tell the launcher's line."""
    checkout.with_uv(f'echo "{words}"; exit 1')
    code, _, err = checkout.run("key")
    assert code == 2
    return only_line(err)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that the lock names"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "name its CA file in PIP_CERT"),
        ("ERROR: No matching distribution found for x==1", "not to be had for this Python"),
        ("something nobody has thought of", "something nobody has thought of; see"),
    ],
)
def test_each_failure_is_one_line_with_cause_and_mend(
    checkout: Checkout, words: str, line: str
) -> None:
    assert line in failing_install(checkout, words)


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        checkout = Checkout(small / "checkout", tmp_path / "bin").with_pip()
        room = os.statvfs(small)
        (small / "fill").write_bytes(bytes(room.f_bfree * room.f_bsize - 12_288))
        code, _, err = checkout.run("key")
        assert code == 2
        assert "the disk is full" in only_line(err)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_as_root_it_installs_python_with_apt_and_says_so(
    checkout: Checkout, tmp_path: Path
) -> None:
    # apt-get is played: it notes what it was asked for and brings a Python
    asked = tmp_path / "asked"
    checkout.program("id", "echo 0")
    checkout.with_pip()
    brought = (checkout.bin / "python3").rename(checkout.bin / "of-debian")
    checkout.program("apt-get", f'echo "$@" >>"{asked}"\nmv "{brought}" "{checkout.bin}/python3"')
    code, out, err = checkout.run("key", ANJU_POLICY_FILE=str(tmp_path / "policy"))
    assert (code, out) == (0, f"app key in {checkout.folder}\n")
    assert "installing python3 and python3-venv with apt-get" in err
    assert "install --no-install-recommends python3 python3-venv" in asked.read_text()
    assert not (tmp_path / "policy").exists()


def test_services_are_forbidden_during_an_installation_and_the_old_word_stands_after(
    checkout: Checkout, tmp_path: Path
) -> None:
    policy, seen = tmp_path / "policy", tmp_path / "seen"
    policy.write_text("#!/bin/sh\nexit 0\n")
    checkout.with_uv().program("id", "echo 0")
    checkout.program("apt-get", f'cat "{policy}" >>"{seen}"; exit 100')
    code, _, err = checkout.run("demo", "--broker", "mosquitto", ANJU_POLICY_FILE=str(policy))
    if shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin"):
        assert not seen.exists()  # the broker is there already: nothing was installed
        return
    assert code == 2
    assert "exit 101" in seen.read_text()
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert "this demo needs the broker mosquitto" in err


def test_the_demo_alone_asks_for_no_broker(checkout: Checkout) -> None:
    lib = checkout.folder / "web" / "static" / "lib"
    lib.mkdir(parents=True)
    (checkout.folder / "deploy" / "pages").mkdir()
    (checkout.folder / "deploy" / "pages" / "package-lock.json").write_text("{}")
    (lib / "complete.json").write_text("{}")
    code, out, err = checkout.with_uv().run("demo", "--once")
    assert (code, out) == (0, f"app demo --once in {checkout.folder}\n")
    assert "mosquitto" not in err


def test_a_folder_that_may_not_be_written_is_one_line(checkout: Checkout, tmp_path: Path) -> None:
    if os.getuid() == 0:
        # root may write anywhere: a file stands where the folder should be
        (checkout.folder / "var").write_text("")
    else:
        checkout.folder.chmod(0o500)
    code, _, err = checkout.with_uv().run("key")
    if os.getuid() != 0:
        checkout.folder.chmod(0o700)
    assert code == 2
    assert "run it as the owner of that folder" in only_line(err)
