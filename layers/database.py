"""The way to a PostgreSQL database: how it is found, and what is said where it cannot be used."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import psycopg
    from psycopg import sql

    from geo.errors import LagesbildError

    Refuse = Callable[[str, str], LagesbildError]
    Part = sql.Composable | tuple[str, ...]

# Where a connection breaks, psycopg tells whoever listens, by the names of host and user.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_WHERE = "set PGSERVICE, or PGHOST, PGPORT, PGDATABASE and PGUSER"
_PASSWORD = "put it in ~/.pgpass, readable by you only: host:port:database:user:password"  # noqa: S105 - it says where one belongs
_TROUBLES = (
    ("no password supplied", "one that asks for a password, and none is known", _PASSWORD),
    ("authentication failed", "one that refuses this user and password", _PASSWORD),
    ("no pg_hba.conf entry", "one that lets no such user in from here", "ask its administrator"),
    ("definition of service", "no such service", "name one that ~/.pg_service.conf holds"),
    ("does not exist", "no such database or user there", "see PGDATABASE and PGUSER"),
    ("timeout", "one that does not answer", f"{_WHERE}; is the network or the VPN on?"),
    ("refused", "no server that answers there", f"{_WHERE}; is the server running?"),
)
"""What libpq says, what it is told as, and what mends it: libpq's own words name host and user."""


@contextmanager
def connected(
    refuse: Refuse, cures: Mapping[str, str], *, service: str | None = None
) -> Iterator[psycopg.Connection]:
    """Connect to the database that libpq's own surroundings name: PG* variables, service, pgpass.

    What is not committed is undone at the end. ``refuse`` makes the error to be raised from what
    was found and its cure, also where the database refuses a statement: then the cure is that of
    the five-letter code of its complaint (``""`` for others). No error tells a host or a password.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise refuse(
            "expected psycopg, which speaks with PostgreSQL, found none",
            "pip install 'lagesbild[postgis]'",
        ) from None
    try:
        connection = psycopg.connect(
            service=service, fallback_application_name="lagesbild", client_encoding="utf8"
        )
    except psycopg.Error as error:
        words = str(error)
        found, cure = next((t[1:] for t in _TROUBLES if t[0] in words), ("none", _WHERE))
        raise refuse(f"expected a database that lets you in, found {found}", cure) from None
    with closing(connection):
        try:
            yield connection
        except psycopg.Error as error:
            raise refuse(complaint(error), cures.get(error.sqlstate or "", cures[""])) from None


def complaint(error: psycopg.Error) -> str:
    """Give the database's own sentence, and the names of what depends on what it will not drop.

    More is not told: details may hold the addresses of other databases.
    """
    if error.diag.message_primary is None:
        return "expected an answer of the database, found the connection broken"
    dependent = error.diag.message_detail if error.sqlstate == "2BP01" else None
    return f"the database refuses: {error.diag.message_primary}" + (
        f" ({dependent})" if dependent else ""
    )


def compose(query: str, **parts: Part) -> sql.Composed:
    """Fill the braces of a statement: names are quoted (schema and name, or a name alone)."""
    from psycopg import sql  # noqa: PLC0415 - an extra, and slow to import

    made = {
        key: sql.Identifier(*part) if isinstance(part, tuple) else part
        for key, part in parts.items()
    }
    return sql.SQL(query).format(**made)


def listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Put commas between parts of a statement."""
    from psycopg import sql  # noqa: PLC0415 - an extra, and slow to import

    return sql.SQL(", ").join(parts)


def text(value: str) -> sql.Literal:
    """Quote a text, for statements that take no values."""
    from psycopg import sql  # noqa: PLC0415 - an extra, and slow to import

    return sql.Literal(value)
