"""A real InfluxDB that the v2 client can write to.

Debian's InfluxDB 1.6.7 has no `/api/v2/write`; an nginx in front turns it into `/write`, so that
the client's writes meet a real engine. A server named by `ANJU_TEST_INFLUX_URL`, `_TOKEN` and
`_ORG` is used instead when there is one.
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import urllib3
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.servers.process import ServerMissing, free_port, running

INFLUXD_CONF = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
"""
NGINX_CONF = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 16m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{front};
        location = /api/v2/write {{
            rewrite ^ /write?db=$arg_bucket&precision=n? break;
            proxy_pass http://127.0.0.1:{http};
        }}
        location / {{ proxy_pass http://127.0.0.1:{http}; }}
    }}
}}
"""


class InfluxServer:
    """A running InfluxDB; buckets made through it are gone when the test session ends."""

    def __init__(self, url: str, token: str, org: str, folder: Path | None) -> None:
        self.url = url
        self.token = token
        self.org = org
        #: whether the server is our own, so that a test may stop it
        self.ours = folder is not None
        self._folder = folder
        self._processes = contextlib.ExitStack()
        self._buckets: list[str] = []

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"anju_test_{uuid.uuid4().hex[:12]}"
        if self.ours:
            self._query(f'CREATE DATABASE "{name}"')
        else:
            with InfluxDBClient(self.url, self.token, org=self.org) as client:
                client.buckets_api().create_bucket(bucket_name=name, org=self.org)
        self._buckets.append(name)
        return name

    def store_url(self, bucket: str) -> str:
        """Give the URL that `open_readings` takes."""
        return f"influx+{self.url}?{urlencode({'org': self.org, 'bucket': bucket})}"

    def write(self, bucket: str, lines: str) -> None:
        """Write line protocol, without Anju's adapter."""
        with InfluxDBClient(self.url, self.token, org=self.org) as client:
            client.write_api(write_options=SYNCHRONOUS).write(bucket, self.org, lines)

    def remove_buckets(self) -> None:
        """Remove the buckets that were made through this object."""
        while self._buckets:
            name = self._buckets.pop()
            if self.ours:
                self._query(f'DROP DATABASE "{name}"')
            else:
                with InfluxDBClient(self.url, self.token, org=self.org) as client:
                    buckets = client.buckets_api()
                    buckets.delete_bucket(buckets.find_bucket_by_name(name))

    def stop(self) -> None:
        """Stop the server; what was written stays."""
        assert self.ours, "only a server that the tests started may be stopped"
        self._processes.close()

    def start_again(self) -> None:
        """Start the server on the same ports and files."""
        folder = self._folder
        assert folder, "only a server that the tests started may be started"
        http = _port_in(folder / "influxd.conf", "[http]")
        front = int(self.url.rpartition(":")[2])
        self._processes.enter_context(
            running(
                ["influxd", "-config", str(folder / "influxd.conf")],
                folder / "influxd.log",
                http,
                cwd=folder,
                env={**os.environ, "HOME": str(folder)},
            )
        )
        self._processes.enter_context(
            running(
                [_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")],
                folder / "nginx.log",
                front,
            )
        )

    def _query(self, query: str) -> None:
        answer = urllib3.request("POST", f"{self.url}/query?q={quote(query)}", retries=False)
        assert answer.status == 200, answer.data
        assert b"error" not in answer.data, answer.data


def _port_in(conf: Path, section: str) -> int:
    line = conf.read_text().partition(section)[2].partition("bind-address")[2].splitlines()[0]
    return int(line.strip(' ="').rpartition(":")[2])


def _nginx() -> str:
    # Debian keeps it out of an ordinary user's PATH
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found:
        raise ServerMissing("nginx is not installed: apt-get install nginx")
    return found


@contextlib.contextmanager
def start(folder: Path) -> Iterator[InfluxServer]:
    """Run a server, or use the one that the environment names, until the block ends."""
    if url := os.environ.get("ANJU_TEST_INFLUX_URL"):
        server = InfluxServer(
            url.rstrip("/"),
            os.environ.get("ANJU_TEST_INFLUX_TOKEN", ""),
            os.environ.get("ANJU_TEST_INFLUX_ORG", ""),
            None,
        )
        try:
            yield server
        finally:
            server.remove_buckets()
        return
    if not shutil.which("influxd"):
        raise ServerMissing("influxd is not installed: apt-get install influxdb")
    _nginx()
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"rpc": free_port(), "http": free_port(), "front": free_port()}
    (folder / "influxd.conf").write_text(INFLUXD_CONF.format(folder=folder, **ports))
    # started by root, nginx would hand its work to a user who may not enter the folder
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, user=user, **ports))
    server = InfluxServer(f"http://127.0.0.1:{ports['front']}", "", "anju", folder)
    server.start_again()
    try:
        yield server
    finally:
        server.stop()
