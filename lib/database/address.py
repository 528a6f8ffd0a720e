"""Conversion of database addresses, as consoles and integrations show them, to libpq's form.

Every function reads an address when it starts, so this module imports no driver.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from lib.text.pasted import unwrapped
from lib.text.patterns import late_pattern

SQLITE_FORM = "sqlite:///./local.db, or sqlite:////home/name/local.db for an absolute path"
_SQLITE = late_pattern(r"^sqlite(\+\w+)?:///", re.IGNORECASE)
LIBPQ_OPTIONS = frozenset(
    {
        *("user", "password", "host", "hostaddr", "port", "dbname", "service", "passfile"),
        *("application_name", "fallback_application_name", "client_encoding", "options"),
        *("connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_count"),
        *("keepalives_idle", "keepalives_interval", "target_session_attrs", "load_balance_hosts"),
        *("sslmode", "sslnegotiation", "sslcert", "sslcertmode", "sslkey", "sslpassword"),
        *("sslrootcert", "sslcrl", "sslcrldir", "sslsni", "sslcompression", "sslkeylogfile"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding"),
        *("min_protocol_version", "max_protocol_version", "require_auth", "requirepeer"),
        *("gssencmode", "gsslib", "gssdelegation", "krbsrvname", "replication"),
        *("scram_client_key", "scram_server_key"),
        *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    }
)
"""Options of libpq; they stay in an address."""
OTHER_DRIVERS_OPTIONS = frozenset(
    {
        *("supa", "workaround", "pgbouncer"),  # Supabase and Vercel
        *("connection_limit", "pool_timeout", "schema", "socket_timeout"),  # Prisma
        *("statement_cache_size", "prepared_statement_cache_size", "command_timeout"),  # asyncpg
        *("uselibpqcompat",),  # node-postgres
        *("currentSchema", "prepareThreshold", "preferQueryMode", "reWriteBatchedInserts"),  # JDBC
        *("conn_max_age", "conn_health_checks"),  # Django
        *("default_query_exec_mode", "pool_max_conns", "statement_cache_capacity"),  # pgx
        *("encoding", "pool", "pool_size", "prepared_statements"),  # Rails and others
    }
)
"""Options of other drivers, which are left out. They would have no effect: the pool's size is
fixed, no statement is prepared, and our SQL names its schemas."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OTHER_SSL_MODES = {"no-verify": "require", "true": "require", "1": "require", "false": "disable"}
"""Modes of TLS by the words that other drivers use."""
_CHOICES = {
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "target_session_attrs": (
        *("any", "read-write", "read-only"),
        *("primary", "standby", "prefer-standby"),
    ),
}
"""Values that libpq accepts for an option; given another value, it reports a failed connection."""
_NUMBERS = frozenset(
    {
        *("connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_count"),
        *("keepalives_idle", "keepalives_interval"),
    }
)
"""Options whose values are whole numbers."""
MAX_PORT = 65_535
FORM = "postgresql://user:password@host:5432/database"
SPECIAL_CHARACTERS = "in the password, write @ as %40, / as %2F, ? as %3F, # as %23 and % as %25"
SUPABASE_HINT = (
    "SUPABASE_URL and a key are not enough: take the connection string of the transaction pooler,"
    " port 6543, as docs/deploy.md says"
)

_NAME_BEFORE = late_pattern(r"(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*(?=[\"'`]?[a-z+:]+://)")
_PORT = late_pattern(r":(\d+)(?=,|$)")
_PSQL = late_pattern(r"psql\s+(?:(?:-d|--dbname)[\s=]\s*)?(?=\W|\w+://|\w+=)")
_SCHEME = late_pattern(r"([a-z][a-z0-9+.-]*(?::postgres(?:ql)?)?)://", re.IGNORECASE)
_POSTGRES = late_pattern(
    r"(?:jdbc:)?(?:postgres|postgresql|pgsql|postgis)(?:\+\w+)?", re.IGNORECASE
)
_HOST = r"(?:\[[0-9A-Za-z:.%]+\]|[^\s/?@:,\[\]]*)(?::\d*)?"
_LOCATION = late_pattern(
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<database>/[^/?@]*)?/?"
    r"(?:\?(?P<options>(?:[\w.-]+(?:=[^&]*)?)?(?:&(?:[\w.-]+(?:=[^&]*)?)?)*))?"
)
_PLACEHOLDER = late_pattern(
    r"\[(?:[A-Z]+[-_ ])*(?:YOUR|PASSWORD|USER|HOST|REF)(?:[-_ ][A-Z]+)*\]"
    r"|<[a-z]+(?:[-_ ][a-z]+)*>|\$\{\w+\}|\*{4,}|•{4,}",
    re.IGNORECASE,
)
"""Words that stand for a value, an unset variable, or a console's dots in place of a password."""
_STRAY_PERCENT = late_pattern(r"%(?![0-9A-Fa-f]{2})")
_KEYWORD = late_pattern(r"\s*(\w[\w.-]*)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?:\s+|$)")
_PRINTABLE_NAME = late_pattern(r"[A-Za-z_]\w{0,30}", re.ASCII)


@dataclass(frozen=True)
class Address:
    """An address that was read; messages contain neither a password nor a whole address."""

    url: str | None = field(default=None, repr=False)
    """The address for libpq; None if it cannot be used."""
    problem: str | None = None
    """Reason why it cannot be used, and what to do; begins with the variable's name."""
    ignored: tuple[str, ...] = ()
    """One sentence for each option that was left out because it is for another driver."""
    unknown: tuple[str, ...] = ()
    """One sentence for each option that was left out because it is unknown."""


def read_address(text: str, variable: str) -> Address:
    """Return the address in the value of an environment variable.

    Args:
        text: URI, or `keyword=value` pairs, perhaps within quotes or after `psql`.
        variable: Name for messages.
    """
    try:
        parts = _read(unwrapped(text))
    except _UnusableError as error:
        return Address(problem=f"{variable}: {error}")
    return Address(
        url=parts.url,
        ignored=tuple(
            f"{variable}: the option {name} is for another driver and was left out"
            for name in parts.ignored
        ),
        unknown=tuple(
            f"{variable}: unknown option {name}, which was left out; correct or remove it"
            for name in parts.unknown
        ),
    )


def read_sqlite_address(text: str, variable: str) -> Address:
    """Return the address of an SQLite file in the value of an environment variable.

    Args:
        text: `sqlite:///` and a path; a relative one starts from the working directory.
        variable: Name for messages.
    """
    address = unwrapped(text)
    path = _SQLITE.sub("", address)
    problem = None
    if path == address:
        problem = f"it should begin with sqlite:///; the form is {SQLITE_FORM}"
    elif path.startswith((":memory:", "file:")) or path.endswith(("/", "\\")) or not path:
        problem = f"it names no file; the form is {SQLITE_FORM}"
    elif "?" in path:
        problem = f"it has options after a question mark; leave them out: {SQLITE_FORM}"
    if problem is not None:
        return Address(problem=f"{variable}: {problem}")
    return Address(url=f"sqlite:///{path}")


@dataclass(frozen=True)
class _Parts:
    url: str
    ignored: list[str]
    unknown: list[str]


class _UnusableError(ValueError):
    """Refusal of an address; the message says why, without repeating the address."""


def _read(text: str) -> _Parts:
    if _NAME_BEFORE.match(text):
        text = unwrapped(_NAME_BEFORE.sub("", text, count=1).rstrip(";"))
    if _PSQL.match(text):
        text = unwrapped(_PSQL.sub("", text.rstrip(";"), count=1))
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _read_keywords(text)
    _require_postgres(scheme[1], text)
    return _read_uri(re.sub(r"[\r\n\t]+", "", text[scheme.end() :]))


def _require_postgres(scheme: str, text: str) -> None:
    if _POSTGRES.fullmatch(scheme):
        return
    if ".supabase.co" in text:
        raise _UnusableError(f"it begins with {scheme}://; {SUPABASE_HINT}")
    if scheme.startswith("prisma"):
        raise _UnusableError(
            f"it begins with {scheme}://, which leads to Prisma's own service; take the direct"
            f" address of the database, {FORM}"
        )
    raise _UnusableError(f"it begins with {scheme[:30]}://, but should begin with postgresql://")


def _read_uri(after_scheme: str) -> _Parts:
    user, location = _split_user(after_scheme)
    options = [
        (name, unquote(value))
        for name, _, value in (
            part.partition("=") for part in (location["options"] or "").split("&") if part
        )
    ]
    name, colon, password = user.partition(":")
    parts = {"user": name, "password": password, "host": location["hosts"]}
    _require_no_placeholder({part: unquote(value) for part, value in parts.items()} | dict(options))
    libpq_options, ignored, unknown = _split_options(options)
    _require_ports(_PORT.findall(location["hosts"]))
    credentials = f"{_quoted(name)}{colon}{_quoted(password)}@" if user else ""
    query = "&".join(f"{name}={quote(value, safe='/:,.')}" for name, value in libpq_options)
    url = f"postgresql://{credentials}{location['hosts']}{location['database'] or ''}"
    return _Parts("?".join(part for part in (url, query) if part), ignored, unknown)


def _split_user(after_scheme: str) -> tuple[str, re.Match[str]]:
    """Return user and password, and the location that follows them.

    Characters that should be encoded may be part of the password, so the end of the password is
    the first @ that a well-formed location follows.
    """
    ends = (place for place, character in enumerate(after_scheme) if character == "@")
    if location := _LOCATION.fullmatch(after_scheme):
        return "", location
    for end in ends:
        if location := _LOCATION.fullmatch(after_scheme, end + 1):
            return after_scheme[:end], location
    raise _UnusableError(f"it is not a valid address; the form is {FORM}, and {SPECIAL_CHARACTERS}")


def _read_keywords(text: str) -> _Parts:
    options = list(_keywords(text))
    _require_no_placeholder(dict(options))
    libpq_options, ignored, unknown = _split_options(options)
    pairs = (f"{name}={_keyword_value(value)}" for name, value in libpq_options)
    return _Parts(" ".join(pairs), ignored, unknown)


def _keywords(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        pair = _KEYWORD.match(text, place)
        if pair is None or ";" in text:
            raise _UnusableError(f"it is not a valid address; the form is {FORM}")
        value = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
        yield pair[1], re.sub(r"\\(.)", r"\1", value)
        place = pair.end()


def _keyword_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if not value or re.search(r"[\s'\\]", value) else value


def _require_no_placeholder(parts: dict[str, str]) -> None:
    for name in ("user", "password", "host"):
        value = parts.get(name, "")
        # A password may contain such characters, but a host does not.
        if _PLACEHOLDER.search(value) if name == "host" else _PLACEHOLDER.fullmatch(value):
            raise _UnusableError(
                f"its {name} is still a placeholder; put the real one in its place"
                + (f", and {SPECIAL_CHARACTERS}" if name == "password" else "")
            )


def _split_options(
    options: list[tuple[str, str]],
) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Return libpq's options, the names of other drivers' options, and the unknown names."""
    libpq_options: dict[str, str] = {}
    ignored: list[str] = []
    unknown: list[str] = []
    for given_name, value in options:
        name = given_name.lower() if given_name.lower() in LIBPQ_OPTIONS else given_name
        if name == "ssl":
            libpq_options.setdefault("sslmode", _ssl_mode(value))
        elif name == "sslmode":
            libpq_options[name] = _ssl_mode(value)
        elif name in LIBPQ_OPTIONS:
            libpq_options[name] = value
        elif name in OTHER_DRIVERS_OPTIONS:
            ignored.append(name)
        else:
            unknown.append(name if _PRINTABLE_NAME.fullmatch(name) else "(not shown)")
    _require_values(libpq_options)
    _use_installed_certificates(libpq_options)
    return list(libpq_options.items()), ignored, unknown


def _ssl_mode(value: str) -> str:
    """Return libpq's word for a mode."""
    mode = _OTHER_SSL_MODES.get(value.lower(), value.lower())
    if mode not in SSL_MODES:
        raise _UnusableError(f"its sslmode is none of {', '.join(SSL_MODES)}")
    return mode


def _require_values(options: dict[str, str]) -> None:
    """Refuse values that libpq refuses only on connecting, as if the server were down."""
    for name, choices in _CHOICES.items():
        if options.get(name, choices[0]) not in choices:
            raise _UnusableError(f"its {name} is none of {', '.join(choices)}")
    for name in sorted(_NUMBERS & options.keys()):
        if not re.fullmatch(r"-?\d{1,9}", options[name], re.ASCII):
            raise _UnusableError(f"its {name} is not a whole number")
    _require_ports(port for port in options.get("port", "").split(",") if port)


def _require_ports(ports: Iterable[str]) -> None:
    for port in ports:
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= MAX_PORT):
            raise _UnusableError(f"its port is not a number from 1 to {MAX_PORT}")


def _use_installed_certificates(options: dict[str, str]) -> None:
    """Name a file in place of `sslrootcert=system`, for which the driver's wheel has no folder."""
    if options.get("sslrootcert") == "system":
        from certifi import where

        options["sslrootcert"] = where()
        options.setdefault("sslmode", "verify-full")


def _quoted(text: str) -> str:
    """Encode what libpq would take for the end of the credentials, and a % that encodes nothing."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe="%!$&'()*+,;=:~")
