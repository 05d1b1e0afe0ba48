"""Settings: what can be set, its default, and where a value came from when it is wrong.

Order, strongest first: what the command line says, the environment, `.env`, secret files, the TOML file, defaults.
Nothing is read at import: `load_settings` gets the environment and the folder as arguments. Event files are not here
(see `events.files`), and no room but `app` sees the Settings object.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from dotenv.parser import parse_stream
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from zoomsync import words
from zoomsync.domain.handwritten import Mistake, nearest, parse_toml, read_web_address, read_zone
from zoomsync.errors import SettingsError
from zoomsync.language import N_, _
from zoomsync.places import DEFAULT_CONFIG, PREFIX, dotenv_file, language_of_locale, path_named, project_folder
from zoomsync.text import clean, is_email

ZOOM_API_URL = "https://api.zoom.us/v2"
ZOOM_OAUTH_URL = "https://zoom.us/oauth/token"
DEFAULT_SECRETS = Path("/run/secrets")

# ----------------------------------------------------------------------------------------------- one value each

_DURATION = re.compile(r"(?:(\d{1,4})h)?\s*(?:(\d{1,5})m)?\s*(?:(\d{1,6})s)?")


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise Mistake(_("this is not a length of time."), _('Write one with its unit, like "5m", "30s" or "1h30m".'))
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(seconds=1) <= length <= timedelta(days=1):
        raise Mistake(_("this is not between one second and one day."), _('Write one like "5m".'))
    return length


def _email(value: str) -> str:
    if not is_email(value.strip()):
        raise Mistake(_("this is not one e-mail address."), _('Write the address alone, like "info@example.org".'))
    return value.strip()


def _sender(value: str) -> str:
    addresses = [address for _, address in getaddresses([value])]
    if len(addresses) != 1 or not is_email(addresses[0]) or clean(value) != value:
        raise Mistake(_("this is not a sender."), _("Write Name <address>, like Red Ciudadana <info@example.org>."))
    return value


def _web_address(value: str) -> str:
    read_web_address(value.strip())
    return value.strip().rstrip("/")


def _public_address(value: str) -> str:
    """A web address that can stand in a mail's header with a token after it."""
    address = _web_address(value)
    if re.search(r"[^!-~]|[<>,;\"?#@]", address):
        raise Mistake(
            _("this address cannot be put into mails."),
            _(
                'Write scheme, host and at most a path, like "https://zoomsync.example.org"; a name '
                "with accents in its xn-- form."
            ),
        )
    return address


def _zone_name(value: str) -> str:
    return read_zone(value.strip()).key


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


_DATABASE_LIKE = N_("Write sqlite:///zoomsync.db or postgresql+psycopg://user:password@host/name.")


def _database_url(value: str) -> str:
    """The address with the one driver that is installed for Postgres."""
    scheme, separator, rest = value.strip().partition("://")
    if scheme in ("postgres", "postgresql"):
        scheme = "postgresql+psycopg"
    if not separator or scheme not in ("sqlite", "postgresql+psycopg"):
        raise Mistake(_("this is not the address of a SQLite or Postgres database."), _(_DATABASE_LIKE))
    if scheme == "sqlite" and not (rest.startswith("/") and len(rest) > 1):
        raise Mistake(_("the file of the SQLite database is missing."), _(_DATABASE_LIKE))
    url = f"{scheme}://{rest}"
    if scheme != "sqlite" and not _splits_cleanly(url):
        raise Mistake(
            _("host, port or password of the database cannot be told apart."),
            _("In a password write %40 for @, %2F for /, %3A for :, %3F for ? and %23 for #."),
        )
    if urlsplit(url).netloc.endswith(":"):
        raise Mistake(_("the port of the database is missing."), _("Write it after the colon, or take the colon away."))
    return url


def _splits_cleanly(url: str) -> bool:
    """False where a password that was not escaped reaches into the host, the port or the path."""
    try:
        parts = urlsplit(url)
        return (
            (parts.port or 1) > 0
            and parts.netloc.count("@") <= 1
            and "@" not in parts.path + parts.query + parts.fragment
        )
    except ValueError:
        return False


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Email = Annotated[str, AfterValidator(_email)]
Sender = Annotated[str, AfterValidator(_sender)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PublicAddress = Annotated[str, AfterValidator(_public_address)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Port = Annotated[int, Field(ge=1, le=65_535)]
AtLeastOne = Annotated[int, Field(ge=1)]

# ------------------------------------------------------------------------------------------------------- the groups


class _Group(BaseModel):
    """One heading of the TOML file. An error never shows the value: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Zoom(_Group):
    """The Server-to-Server OAuth app, and whose limits to keep."""

    account_id: str | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    api_url: WebAddress = ZOOM_API_URL
    oauth_url: WebAddress = ZOOM_OAUTH_URL
    plan: Annotated[Literal["free", "pro", "business"], BeforeValidator(_lower)] = "pro"
    host_email: Email | None = None  # whose meetings to look through when a meeting id is not given
    webhook_secret: SecretStr | None = None  # without it the webhook address answers 404


class Smtp(_Group):
    """The mail server. The limits are the mail host's, counted over all processes."""

    host: Annotated[str, Field(min_length=1)] = "localhost"
    port: Port = 587
    username: str | None = None
    password: SecretStr | None = None
    security: Annotated[Literal["starttls", "tls", "none"], BeforeValidator(_lower)] = "starttls"
    connections: Annotated[int, Field(ge=1, le=20)] = 2  # parallel ones of one process
    max_per_minute: AtLeastOne | None = None
    max_per_hour: AtLeastOne | None = None
    max_per_day: AtLeastOne | None = None


class Mail(_Group):
    sender: Sender | None = None  # without it the organizer's
    in_doubt: Annotated[Literal["resend", "hold"], BeforeValidator(_lower)] = "resend"


class Schedule(_Group):
    """How often the daemon looks."""

    sync_every: Duration = timedelta(minutes=5)
    deliver_every: Duration = timedelta(seconds=30)


class Web(_Group):
    """The daemon's web part. Port 0 takes any that is free.

    public_url: how it is reached from outside, through whoever brings https.
    """

    enabled: bool = True
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    public_url: PublicAddress | None = None
    admin_token: SecretStr | None = None  # without it /admin/ answers 404


class Alerts(_Group):
    email: Email | None = None  # without it the organizer's
    ping_url: WebAddress | None = Field(default=None, repr=False)  # whoever knows it can ping


class Privacy(_Group):
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 90  # 0 keeps personal data


class Log(_Group):
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = "console"


class Settings(BaseSettings):
    """Everything that can be set. `load_settings` makes one; `Settings()` alone is the defaults.

    Paths are as they were written; the properties start them at the project folder, the one that holds `config/`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    zoom: Zoom = Zoom()
    database_url: DatabaseUrl = Field(default="sqlite:///zoomsync.db", repr=False)  # may hold a password
    events_dir: Path = Path("config", "events")
    smtp: Smtp = Smtp()
    mail: Mail = Mail()
    schedule: Schedule = Schedule()
    web: Web = Web()
    alerts: Alerts = Alerts()
    publish_dir: Path | None = None
    timezone: ZoneName = "America/Guatemala"  # what `import` offers for a bare offset
    language: Annotated[Literal["es", "en"], BeforeValidator(_lower)] = "en"  # load_settings knows the locale's
    privacy: Privacy = Privacy()
    log: Log = Log()

    _project_folder: Path = PrivateAttr(default=Path())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: the environment and the files come through `load_settings`, which can name them."""
        return (init_settings,)

    @property
    def project_folder(self) -> Path:
        return self._project_folder

    @property
    def resolved_database_url(self) -> str:
        """The database's address; the path of a SQLite file is absolute."""
        start = "sqlite:///"
        path, mark, options = self.database_url.removeprefix(start).partition("?")
        if not self.database_url.startswith(start) or path.startswith((":memory:", "file:")):
            return self.database_url
        return f"{start}{self.project_folder / path}{mark}{options}"

    @property
    def one_click_url(self) -> str | None:
        """Where the links of mails to the web part begin; None where there is none that answers over https."""
        url = self.web.public_url
        return url if self.web.enabled and url and url.startswith("https://") else None

    @property
    def resolved_events_dir(self) -> Path:
        return self.project_folder / self.events_dir

    @property
    def resolved_publish_dir(self) -> Path | None:
        return self.project_folder / self.publish_dir if self.publish_dir else None

    @property
    def templates_dir(self) -> Path:
        """Where overrides of the built-in e-mail templates may lie."""
        return self.project_folder / "config" / "templates"

    @property
    def confidential(self) -> list[str]:
        """The values that must stand in no log: secrets, and the address that whoever knows it can ping."""
        given = (self.zoom.client_secret, self.zoom.webhook_secret, self.smtp.password, self.web.admin_token)
        password = unquote(urlsplit(self.database_url).password or "") if _splits_cleanly(self.database_url) else ""
        values = [one.get_secret_value() for one in given if one]
        return [one for one in (*values, password, self.alerts.ping_url) if one]

    def not_set(self) -> list[str]:
        """What could be set and is not, and is missed by nobody who does not need it: in words, with its name."""
        smtp_host = self.smtp.model_fields_set & {"host"}
        parts = (
            (smtp_host, _("a mail server other than localhost"), "SMTP__HOST"),
            (
                self.one_click_url or not self.web.enabled,
                _("unsubscribing by one click"),
                _("WEB__PUBLIC_URL with https"),
            ),
            (self.zoom.webhook_secret or not self.web.enabled, _("webhooks"), "ZOOM__WEBHOOK_SECRET"),
            (self.web.admin_token or not self.web.enabled, _("the pages at /admin/"), "WEB__ADMIN_TOKEN"),
            (self.alerts.ping_url, _("an address that watches over the daemon"), "ALERTS__PING_URL"),
        )
        return [f"{what} ({PREFIX}{name})" for is_set, what, name in parts if not is_set]

    def zoom_credentials_missing(self) -> list[str]:
        """The environment names of the Zoom credentials that are not set, empty when all are."""
        names = ("account_id", "client_id", "client_secret")
        return [f"{PREFIX}ZOOM__{name.upper()}" for name in names if getattr(self.zoom, name) is None]


def describe_database(url: str) -> str:
    """A database's address for people: whole, but for passwords."""
    if url.startswith("sqlite"):
        return url
    if not _splits_cleanly(url):
        return _("a database whose address cannot be read")
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    shown = [(key, value) for key, value in parse_qsl(parts.query) if "password" not in key.lower()]
    return urlunsplit((parts.scheme, f"{user.partition(':')[0]}{at}{host}", parts.path, urlencode(shown), ""))


# --------------------------------------------------------------------------------------------------------- loading

Key = tuple[str, ...]  # ("zoom", "plan")


def _known_keys() -> Iterator[Key]:
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, _Group):
            yield from ((name, inner) for inner in info.annotation.model_fields)
        else:
            yield (name,)


KNOWN_KEYS = frozenset(_known_keys())

# Not settings, though named like one: where settings are, what tests use, and what container platforms put into the
# environment of a service called zoomsync ("ZOOMSYNC_SERVICE_HOST", "ZOOMSYNC_PORT=tcp://...").
_PLACE_NAMES = ("config", "secrets_dir", "failpoint")
_OTHERS_NAMES = re.compile(r"(test|service)_.*|port_\d+_(tcp|udp).*")


@dataclass(frozen=True, slots=True)
class _Place:
    """One place that settings come from. values: as they stand there. written: how messages name each key there."""

    values: dict[Key, object] = field(default_factory=dict)
    written: dict[Key, str] = field(default_factory=dict)


class _PlaceSource(PydanticBaseSettingsSource):
    """A place, as pydantic-settings merges it with the others."""

    def __init__(self, settings_cls: type[BaseSettings], place: _Place) -> None:
        super().__init__(settings_cls)
        self._tree: dict[str, Any] = {}
        for (*groups, name), value in place.values.items():
            branch = self._tree
            for group in groups:
                branch = branch.setdefault(group, {})
            branch[name] = value

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._tree.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._tree


def load_settings(
    config_file: Path | None = None,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """The settings that hold for a command.

    config_file: `--config`; without it ZOOMSYNC_CONFIG, without that `config/zoomsync.toml` if it is there.
    cwd: where relative paths of the command line and the environment start, and `.env` is looked for where the project
    folder has none. overrides: what the command line says, by dotted key ("log.level"); None is as if not given.
    An empty text counts as not set, wherever it stands.
    Raises SettingsError with every problem, a line each; never with a value that could be a secret.
    """
    problems: list[str] = []
    cwd = cwd.absolute()
    named = config_file or path_named("config", environ)
    folder = project_folder(cwd / named if named else None, cwd)
    env_file = dotenv_file(folder, cwd)
    dotenv = _read_dotenv(env_file, problems) if env_file else {}
    if named is None and (named := path_named("config", dotenv)):
        folder = project_folder(cwd / named, cwd)
    secrets_dir = path_named("secrets_dir", environ) or path_named("secrets_dir", dotenv)

    places = (
        _of_command_line(overrides or {}),
        _of_names(environ, _("environment, "), problems),
        _of_names(dotenv, f"{env_file}, ", problems),
        _of_secret_files(cwd / secrets_dir if secrets_dir else None, problems),
        _of_toml(cwd / named if named else folder / DEFAULT_CONFIG, named is not None, problems),
        _Place({("language",): language_of_locale(environ)}),
    )
    settings = _settings_of(places, problems)
    if settings is None or problems:
        raise SettingsError("\n".join(problems))
    settings._project_folder = folder
    return settings


def _of_command_line(overrides: Mapping[str, object]) -> _Place:
    values = {tuple(name.split(".")): value for name, value in overrides.items() if value is not None}
    return _Place(values, {key: _("command line, {key}").format(key=".".join(key)) for key in values})


def _of_names(names: Mapping[str, str], prefix: str, problems: list[str]) -> _Place:
    """Flat names like ZOOMSYNC_ZOOM__PLAN, in any case: environment, `.env`, secret files."""
    place = _Place()
    for name, value in names.items():
        lower = name.lower()
        if not lower.startswith(PREFIX.lower()):
            continue
        inner = lower.removeprefix(PREFIX.lower())
        key = tuple(inner.split("__"))
        if key in KNOWN_KEYS:
            if value.strip():
                place.values[key], place.written[key] = value, f"{prefix}{name}"
        elif inner not in _PLACE_NAMES and not _OTHERS_NAMES.fullmatch(inner) and not value.startswith("tcp://"):
            likely = nearest(inner, ["__".join(known) for known in KNOWN_KEYS] + list(_PLACE_NAMES))
            shown = PREFIX + likely.upper() if likely else ""
            if name.islower():
                shown = shown.lower()
            said = _("there is no such setting. Write {name}.") if shown else _("there is no such setting.")
            problems.append(f"{prefix}{name}: {said.format(name=shown)}")
    return place


def _read_dotenv(file: Path, problems: list[str]) -> dict[str, str]:
    """The names of a `.env` file, taken literally: nothing is put in for `$NAME`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        problems.append(
            _("{file}: the file cannot be read. Save it as UTF-8, readable for whoever runs zoomsync.").format(
                file=file
            )
        )
        return {}
    names = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            problems.append(
                _("{file}, line {line}: this cannot be read. Write NAME=value.").format(
                    file=file, line=binding.original.line
                )
            )
        elif binding.key and binding.value:
            names[binding.key] = binding.value
    return names


def _of_secret_files(named: Path | None, problems: list[str]) -> _Place:
    """A folder with a file for each secret, whose name is the setting's. Files of other names are somebody else's."""
    folder = named or DEFAULT_SECRETS
    if not folder.is_dir():
        if named:
            problems.append(
                _(
                    "{prefix}SECRETS_DIR: there is no folder {folder}. Write the one that holds the secret files."
                ).format(prefix=PREFIX, folder=folder)
            )
        return _Place()
    names: dict[str, str] = {}
    try:
        files = sorted(folder.iterdir())
    except OSError:
        problems.append(
            _("{folder}: the secrets cannot be read. Make the folder readable for whoever runs zoomsync.").format(
                folder=folder
            )
        )
        return _Place()
    for file in files:
        if file.name.lower().startswith(PREFIX.lower()) and file.is_file():
            try:
                names[file.name] = file.read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(
                    _("{file}: the secret cannot be read. Make it readable for whoever runs zoomsync.").format(
                        file=file
                    )
                )
    return _of_names(names, f"{folder}{os.sep}", problems)


def _of_toml(file: Path, is_named: bool, problems: list[str]) -> _Place:
    try:
        document = parse_toml(file.read_bytes())
    except FileNotFoundError:
        if is_named:
            problems.append(
                _("{file}: there is no such file. Write the path of a settings file, or name none.").format(file=file)
            )
        return _Place()
    except OSError as exc:
        problems.append(_("{file}: the file cannot be read ({reason}).").format(file=file, reason=words.trouble(exc)))
        return _Place()
    except Mistake as mistake:
        where = _("{file}, line {line}").format(file=file, line=mistake.line) if mistake.line else file
        problems.append(f"{where}: {mistake}")
        return _Place()
    place = _Place()
    for key, value in _flat(document):
        if key not in KNOWN_KEYS:
            problems.append(f"{file}, {'.'.join(key)}: {_unknown_toml_key(key)}")
        elif value != "":
            place.values[key], place.written[key] = value, f"{file}, {'.'.join(key)}"
    return place


def _flat(table: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, object]]:
    for name, value in table.items():
        if isinstance(value, dict) and (*above, name) not in KNOWN_KEYS:
            yield from _flat(value, (*above, name))
        else:
            yield (*above, name), value


def _unknown_toml_key(key: Key) -> str:
    if len(key) == 1 and any(known[0] == key[0] for known in KNOWN_KEYS):
        return _("this is a heading. Write [{key}] on a line, and its keys below.").format(key=key[0])
    homes = [".".join(known) for known in KNOWN_KEYS if known[-1] == key[-1]]
    likely = homes[0] if len(homes) == 1 else nearest(".".join(key), [".".join(known) for known in KNOWN_KEYS])
    if not likely:
        return _("there is no such setting.")
    group, _dot, name = likely.rpartition(".")
    if group:
        return _("there is no such setting. Write {name} under [{group}].").format(name=name, group=group)
    return _("there is no such setting. Write {name} above the first [heading].").format(name=name)


def _settings_of(places: Sequence[_Place], problems: list[str]) -> Settings | None:
    """Merged by pydantic-settings and checked; what is wrong goes to `problems`, with the place it came from."""

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_PlaceSource(settings_cls, place) for place in places)

    try:
        return Loaded()
    except ValidationError as exc:
        for error in exc.errors(include_input=False, include_url=False):
            key = tuple(str(part) for part in error["loc"][:2])
            written = next((place.written[key] for place in places if key in place.values), ".".join(key))
            problems.append(f"{written}: {_in_words(error)}")
        return None


def _in_words(error: ErrorDetails) -> str:
    """What pydantic found, and what to write instead. The value stays out of it: it may be a secret."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return _("this is not one of the words known here. Write {words}.").format(
                words=context["expected"].replace(" or ", _(" or "))
            )
        case "int_parsing" | "int_type" | "int_from_float":
            return _("this is not a whole number. Write one without quotes.")
        case "greater_than_equal":
            return _("this is too small. Write {number} or more.").format(number=context["ge"])
        case "less_than_equal":
            return _("this is too large. Write {number} or less.").format(number=context["le"])
        case "bool_parsing" | "bool_type":
            return _("this is neither true nor false. Write true or false.")
        case "string_type" | "path_type":
            return _("this is not a text. Write it in straight quotes.")
        case _:
            return f"{error['msg']}."
