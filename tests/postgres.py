"""Starts a PostgreSQL with PostGIS for the tests: its own folder and port, gone when they end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hemligt-Ω-4711"  # noqa: S105 - of a server that lives as long as the tests
ADMIN = "vakten"
USER = "eva"
DATABASE = "kartor"


@cache
def find_postgis() -> Path | None:
    """Find the programs of the newest PostgreSQL that has PostGIS; never as on the search path."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*"), key=lambda home: int(home.name))
    shares = Path("/usr/share/postgresql")
    fit = [h for h in homes if (shares / h.name / "extension" / "postgis.control").exists()]
    return fit[-1] / "bin" if fit else None


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and the folder for files of its users."""

    port: int
    folder: Path

    def surroundings(self) -> dict[str, str]:
        """Give the variables by which libpq finds the database, with the password in a file."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGDATABASE": DATABASE,
            "PGUSER": USER,
            "PGPASSFILE": str(self.folder / "pgpass"),
        }

    def connect(self, database: str = DATABASE, user: str = ADMIN) -> Any:
        """Connect as a test does, to lay out and to look."""
        import psycopg  # noqa: PLC0415 - an extra

        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=user,
            password=SECRET,
            autocommit=True,
        )

    def clear(self) -> None:
        """Let the user own nothing in the database of the tests, and have the rights to begin."""
        with self.connect() as connection:
            connection.execute(f"DROP OWNED BY {USER} CASCADE")
            connection.execute(f"GRANT CREATE ON DATABASE {DATABASE} TO {USER}")
            connection.execute(f"GRANT CREATE ON SCHEMA public TO {USER}")


@contextmanager
def server() -> Iterator[Server]:
    """Start a server that asks for passwords; as root it runs as the user of Debian's package."""
    programs = find_postgis()
    assert programs is not None, "mark the test with pytest.mark.postgis"
    folder = Path(tempfile.mkdtemp(prefix="lagesbild-postgres-"))
    data, secret = folder / "data", folder / "secret"
    secret.write_text(SECRET, encoding="utf-8")
    (folder / "pgpass").write_text(f"127.0.0.1:*:*:*:{SECRET}\n", encoding="utf-8")
    (folder / "pgpass").chmod(0o600)
    rights: dict[str, str] = {}
    if os.geteuid() == 0:
        rights = {"user": "postgres", "group": "postgres"}
        for path in (folder, secret):
            shutil.chown(path, "postgres")

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [programs / program, *words],
            **rights,
            check=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            timeout=60,
        )

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        run(
            "initdb", "--no-sync", "-A", "scram-sha-256", "-U", ADMIN, "--pwfile", str(secret),
            "-E", "UTF8", "-D", str(data),
        )  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "jit": "off",
        }
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in settings.items())
        run(
            "pg_ctl",
            "-D",
            str(data),
            "-l",
            str(folder / "data" / "log"),
            "-o",
            options,
            "-w",
            "start",
        )
        try:
            started = Server(port, folder)
            _lay_out(started)
            yield started
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _lay_out(started: Server) -> None:
    with started.connect("postgres") as connection:
        connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{SECRET}'")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    with started.connect() as connection:
        connection.execute("CREATE EXTENSION postgis")
