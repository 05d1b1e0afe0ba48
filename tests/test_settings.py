"""Settings: which place is stronger, and what is said of what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from zoomsync.errors import SettingsError
from zoomsync.events.init import starter_text
from zoomsync.settings import KNOWN_KEYS, Settings, describe_database, load_settings

SECRET = "canary-5e1f"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config" / "events").mkdir(parents=True)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(project: Path, config: Path | None = None, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, cwd=project, environ=environ)
    return str(caught.value).splitlines()


def plan(project: Path, **environ: str) -> str:
    return load_settings(cwd=project, environ=environ).zoom.plan


# --------------------------------------------------------------------------------------------------------- defaults


def test_everything_has_the_default_of_the_contract(project: Path) -> None:
    settings = load_settings(cwd=project, environ={})
    assert settings.zoom.model_dump() == {
        "account_id": None, "client_id": None, "client_secret": None, "api_url": "https://api.zoom.us/v2",
        "oauth_url": "https://zoom.us/oauth/token", "plan": "pro", "host_email": None, "webhook_secret": None,
    }  # fmt: skip
    assert settings.database_url == "sqlite:///zoomsync.db"
    assert settings.events_dir == Path("config/events")
    assert settings.smtp.model_dump() == {
        "host": "localhost", "port": 587, "username": None, "password": None, "security": "starttls",
        "connections": 2, "max_per_minute": None, "max_per_hour": None, "max_per_day": None,
    }  # fmt: skip
    assert settings.mail.model_dump() == {"sender": None, "in_doubt": "resend"}
    assert settings.schedule.sync_every == timedelta(minutes=5)
    assert settings.schedule.deliver_every == timedelta(seconds=30)
    assert settings.web.model_dump() == {
        "enabled": True, "host": "127.0.0.1", "port": 8080, "public_url": None, "admin_token": None,
    }  # fmt: skip
    assert settings.alerts.model_dump() == {"email": None, "ping_url": None}
    assert settings.publish_dir is None
    assert settings.timezone == "America/Guatemala"
    assert settings.privacy.retention_days == 90
    assert settings.log.model_dump() == {"level": "info", "format": "console"}


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "es_GT.UTF-8"}, "es"),
        ({"LANG": "es_GT.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "es_GT.UTF-8", "ZOOMSYNC_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_language_is_the_locales_unless_it_is_set(project: Path, environ: dict[str, str], language: str) -> None:
    assert load_settings(cwd=project, environ=environ).language == language


def test_the_commented_file_shows_the_defaults(project: Path) -> None:
    shown = re.sub(r"^# (\w+ = )", r"\1", starter_text("zoomsync.toml"), flags=re.MULTILINE)
    document = tomllib.loads(shown)
    defaults = Settings().model_dump()
    examples = {"publish_dir", "host_email", "username", "max_per_minute", "max_per_hour", "max_per_day", "sender",
                "public_url", "email", "ping_url", "language"}  # fmt: skip
    write(project / "config" / "zoomsync.toml", shown)
    settings = load_settings(cwd=project, environ={}).model_dump()
    for key in KNOWN_KEYS:
        *group, name = key
        table, default, loaded = (document, defaults, settings) if not group else (
            document[group[0]], defaults[group[0]], settings[group[0]]
        )  # fmt: skip
        secret = name in {"account_id", "client_id", "client_secret", "webhook_secret", "password", "admin_token"}
        assert (name in table) != secret, name
        if not secret and name not in examples:
            assert loaded[name] == default[name], name
    for name in re.findall(r"^#? ?(ZOOMSYNC_\w+)=", starter_text("env.example"), flags=re.MULTILINE):
        assert tuple(name.lower().removeprefix("zoomsync_").split("__")) in KNOWN_KEYS


# ------------------------------------------------------------------------------------------------------------ order


def test_each_place_is_stronger_than_the_next(project: Path) -> None:
    secrets = write(project / "secrets" / "zoomsync_log__level", "error").parent
    environ = {"ZOOMSYNC_SECRETS_DIR": str(secrets)}

    def level(overrides: dict[str, object] | None = None, **more: str) -> str:
        return load_settings(cwd=project, environ=environ | more, overrides=overrides).log.level

    write(project / "config" / "zoomsync.toml", '[log]\nlevel = "warning"')
    assert load_settings(cwd=project, environ={}).log.level == "warning"
    assert level() == "error"
    write(project / ".env", "ZOOMSYNC_LOG__LEVEL=debug")
    assert level() == "debug"
    assert level(ZOOMSYNC_LOG__LEVEL="info") == "info"
    assert level({"log.level": "warning"}, ZOOMSYNC_LOG__LEVEL="info") == "warning"
    assert level({"log.level": None}, ZOOMSYNC_LOG__LEVEL="info") == "info"


def test_places_are_merged_key_by_key(project: Path) -> None:
    write(project / "config" / "zoomsync.toml", '[smtp]\nhost = "mail.example.org"\nport = 25')
    smtp = load_settings(cwd=project, environ={"ZOOMSYNC_SMTP__PORT": "465", "ZOOMSYNC_SMTP__SECURITY": "TLS"}).smtp
    assert (smtp.host, smtp.port, smtp.security) == ("mail.example.org", 465, "tls")


def test_the_process_environment_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOMSYNC_ZOOM__PLAN", "free")
    assert plan(project) == "pro"
    assert Settings().zoom.plan == "pro"


def test_an_empty_value_counts_as_not_set(project: Path) -> None:
    write(project / ".env", "ZOOMSYNC_ZOOM__PLAN=\nZOOMSYNC_SMTP__PORT=")
    write(project / "config" / "zoomsync.toml", '[zoom]\nplan = "free"\nhost_email = ""')
    assert plan(project, ZOOMSYNC_ZOOM__PLAN="") == "free"


def test_environment_names_count_in_any_case(project: Path) -> None:
    assert plan(project, zoomsync_zoom__plan="free") == "free"


def test_the_config_file_is_named_by_option_before_environment(project: Path) -> None:
    one, two = (
        write(project / "one.toml", '[zoom]\nplan = "free"'),
        write(project / "two.toml", '[zoom]\nplan = "business"'),
    )
    environ = {"ZOOMSYNC_CONFIG": "two.toml"}
    assert load_settings(cwd=project, environ=environ).zoom.plan == "business"
    assert load_settings(one, cwd=project, environ=environ).zoom.plan == "free"
    write(project / ".env", f"ZOOMSYNC_CONFIG={two}")
    assert plan(project) == "business"


def test_a_named_file_that_is_missing_is_an_error_and_the_usual_one_may_be_absent(project: Path) -> None:
    load_settings(cwd=project, environ={})
    assert "there is no such file" in problems(project, ZOOMSYNC_CONFIG="none.toml")[0]
    assert "there is no folder" in problems(project, ZOOMSYNC_SECRETS_DIR="none")[0]


def test_secret_files_are_found_in_any_case_and_trimmed(project: Path) -> None:
    write(project / "run" / "ZoomSync_Zoom__Client_Secret", f"{SECRET}\n")
    write(project / "run" / "somebody_elses", "x")
    settings = load_settings(cwd=project, environ={"ZOOMSYNC_SECRETS_DIR": "run"})
    assert settings.zoom.client_secret == SecretStr(SECRET)


def test_a_secrets_folder_that_is_closed_to_us_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user seldom owns what is mounted into it. Root may read all, so the refusal is put in."""
    folder = write(project / "run" / "zoomsync_smtp__password", SECRET).parent

    def refused(path: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    (said,) = problems(project, ZOOMSYNC_SECRETS_DIR="run")
    assert said == f"{folder}: the secrets cannot be read. Make the folder readable for whoever runs zoomsync."


def test_dotenv_values_are_taken_literally(project: Path) -> None:
    write(project / ".env", "\ufeffexport ZOOMSYNC_SMTP__PASSWORD='a${b}#c'\r\nPOSTGRES_PASSWORD=x\r\n")
    settings = load_settings(cwd=project, environ={"b": "no"})
    assert settings.smtp.password == SecretStr("a${b}#c")


# ------------------------------------------------------------------------------------------------- what goes wrong


def test_all_problems_are_named_at_once_each_with_its_place(project: Path) -> None:
    write(project / "config" / "zoomsync.toml", '[zoom]\nplan = "gold"\n[smpt]\nport = 1\n[log]\nlevel = 3')
    write(project / ".env", "ZOOMSYNC_SMTP__PORT=99999\n")
    write(project / "run" / "zoomsync_web__port", "x")
    found = problems(
        project,
        ZOOMSYNC_SECRETS_DIR="run",
        ZOOMSYNC_TIMEZONE="GMT-6",
        ZOOMSYNC_ZOM__PLAN="free",
        ZOOMSYNC_SCHEDULE__SYNC_EVERY="5",
    )
    expected = [
        "zoomsync.toml, zoom.plan: .* Write 'free', 'pro' or 'business'",
        "zoomsync.toml, smpt.port: there is no such setting. Write port under .smtp",
        "zoomsync.toml, log.level: ",
        r"\.env, ZOOMSYNC_SMTP__PORT: .* Write 65535 or less",
        "run.zoomsync_web__port: .* whole number",
        "ZOOMSYNC_TIMEZONE: .*Etc/GMT-6 would mean plus 6.*America/Guatemala",
        "ZOOMSYNC_ZOM__PLAN: there is no such setting. Write ZOOMSYNC_ZOOM__PLAN",
        'ZOOMSYNC_SCHEDULE__SYNC_EVERY: .* "5m"',
    ]
    for pattern in expected:
        assert any(re.search(pattern, line) for line in found), (pattern, found)
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[zoom]\nplan = “free”", ["line 2", "curly", 'plan = "free"']),
        ('plan = "free"', ["plan", "Write plan under [zoom]"]),
        ('[zoom]\nlanguage = "es"', ["zoom.language", "Write language above the first [heading]"]),
        ('zoom = "x"', ["zoom: this is a heading", "[zoom]"]),
        ("[web]\nenabled = 3", ["web.enabled", "true or false"]),
        ("[zoom]\naccount_id = 3", ["zoom.account_id", "straight quotes"]),
    ],
)
def test_a_mistake_in_the_file_is_named_with_what_to_write(project: Path, text: str, words: list[str]) -> None:
    file = write(project / "config" / "zoomsync.toml", text)
    (message,) = problems(project)
    for word in [str(file), *words]:
        assert word in message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SMTP__PORT", "0", "1 or more"),
        ("SMTP__SECURITY", "ssl", "'starttls', 'tls' or 'none'"),
        ("SMTP__MAX_PER_HOUR", "0", "1 or more"),
        ("MAIL__SENDER", "Red Ciudadana", "Name <address>"),
        ("MAIL__SENDER", "A <a@example.org>, B <b@example.org>", "Name <address>"),
        ("MAIL__SENDER", "A <a@example.org>\r\nBcc: b@example.org", "Name <address>"),
        ("MAIL__IN_DOUBT", "drop", "'resend' or 'hold'"),
        ("ALERTS__EMAIL", "admin", "info@example.org"),
        ("ALERTS__PING_URL", "ping", "web address"),
        ("ZOOM__API_URL", "api.zoom.us", "web address"),
        ("WEB__PUBLIC_URL", "https://señales.example.org", "xn-- form"),
        ("WEB__PUBLIC_URL", "https://example.org/?a=b", "at most a path"),
        ("WEB__PUBLIC_URL", "https://example.org/>,<mailto:a", "at most a path"),
        ("LANGUAGE", "fr", "'es' or 'en'"),
        ("LOG__LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("PRIVACY__RETENTION_DAYS", "-1", "0 or more"),
        ("SCHEDULE__DELIVER_EVERY", "0s", "between one second and one day"),
        ("SCHEDULE__DELIVER_EVERY", "25h", "between one second and one day"),
        ("DATABASE_URL", "zoomsync.db", "sqlite:///zoomsync.db"),
        ("DATABASE_URL", "sqlite://zoomsync.db", "sqlite:///zoomsync.db"),
        ("DATABASE_URL", "mysql://localhost/zoomsync", "postgresql+psycopg://"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_to_write(project: Path, name: str, value: str, words: str) -> None:
    (message,) = problems(project, **{f"ZOOMSYNC_{name}": value})
    assert message.startswith(f"environment, ZOOMSYNC_{name}: ")
    assert words in message


def test_a_line_of_dotenv_that_cannot_be_read_is_named(project: Path) -> None:
    write(project / ".env", "ZOOMSYNC_ZOOM__PLAN=free\n'\n")
    (message,) = problems(project)
    assert ".env, line 2" in message


@pytest.mark.parametrize(
    "name", ["ZOOMSYNC_TEST_POSTGRES", "ZOOMSYNC_SERVICE_HOST", "ZOOMSYNC_PORT_8080_TCP", "OTHER", "ZOOMSYNC_CONFIG"]
)
def test_names_that_are_no_settings_of_ours_are_left_alone(project: Path, name: str) -> None:
    load_settings(cwd=project, environ={name: "", "ZOOMSYNC_PORT": "tcp://10.0.0.1:8080"})


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "ZOOM__CLIENT_SECRT",
        "SMTP__PORT",
        "ZOOM__PLAN",
        "ALERTS__PING_URL",
        "MAIL__SENDER",
        "WEB__PUBLIC_URL",
    ],
)
def test_no_error_shows_a_value(project: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(cwd=project, environ={f"ZOOMSYNC_{name}": f"x://u:{SECRET}@["})
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_secret_is_shown_by_the_settings_themselves(project: Path) -> None:
    names = ("ZOOM__CLIENT_SECRET", "ZOOM__WEBHOOK_SECRET", "SMTP__PASSWORD", "WEB__ADMIN_TOKEN")
    environ = {f"ZOOMSYNC_{name}": SECRET for name in names} | {
        "ZOOMSYNC_DATABASE_URL": f"postgresql://u:{SECRET}@db/zoomsync",
        "ZOOMSYNC_ALERTS__PING_URL": f"https://ping.example.org/{SECRET}",
    }
    settings = load_settings(cwd=project, environ=environ)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    assert settings.smtp.password is not None
    assert settings.smtp.password.get_secret_value() == SECRET


# ----------------------------------------------------------------------------------------------- what is made of it


@pytest.mark.parametrize(
    ("written", "seconds"), [("5m", 300), ("30s", 30), ("1h30m", 5400), ("1h 30m", 5400), ("90M", 5400)]
)
def test_lengths_of_time_have_units(project: Path, written: str, seconds: int) -> None:
    settings = load_settings(cwd=project, environ={"ZOOMSYNC_SCHEDULE__SYNC_EVERY": written})
    assert settings.schedule.sync_every == timedelta(seconds=seconds)


@pytest.mark.parametrize("inside", ["", "config", "config/events"])
def test_relative_paths_start_at_the_folder_that_holds_config(project: Path, inside: str) -> None:
    settings = load_settings(cwd=project / inside, environ={"ZOOMSYNC_PUBLISH_DIR": "public"})
    assert settings.resolved_database_url == f"sqlite:///{project}/zoomsync.db"
    assert settings.resolved_events_dir == project / "config" / "events"
    assert settings.templates_dir == project / "config" / "templates"
    assert settings.resolved_publish_dir == project / "public"


def test_a_named_config_file_takes_its_project_along(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = write(project / "config" / "zoomsync.toml", "")
    write(project / ".env", "ZOOMSYNC_ZOOM__PLAN=free")
    settings = load_settings(file, cwd=tmp_path_factory.mktemp("elsewhere"), environ={})
    assert settings.project_folder == project
    assert settings.zoom.plan == "free"


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("sqlite:////var/lib/z.db", "sqlite:////var/lib/z.db"),
        ("sqlite:///data/z.db?timeout=5", "sqlite:///{project}/data/z.db?timeout=5"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgres://u:p@db/z", "postgresql+psycopg://u:p@db/z"),
        ("postgresql://u:p@db:5432/z", "postgresql+psycopg://u:p@db:5432/z"),
        ("postgresql+psycopg:///z?host=/run/pg", "postgresql+psycopg:///z?host=/run/pg"),
    ],
)
def test_database_addresses_are_made_whole(project: Path, written: str, resolved: str) -> None:
    settings = load_settings(cwd=project, environ={"ZOOMSYNC_DATABASE_URL": written})
    assert settings.resolved_database_url == resolved.format(project=project)


@pytest.mark.parametrize("password", ["pa/ss", "pa@ss", "pa?ss", "pa#ss", "12/ss"])
def test_a_password_that_is_not_escaped_is_refused_and_never_shown(project: Path, password: str) -> None:
    url = f"postgresql://u:{password}@db/z"
    (message,) = problems(project, ZOOMSYNC_DATABASE_URL=url)
    assert "%40 for @" in message
    assert "ss" not in describe_database(url).replace("address", "")


def test_a_colon_without_a_port_is_refused(project: Path) -> None:
    """What a script leaves that put in a variable which is not set."""
    (message,) = problems(project, ZOOMSYNC_DATABASE_URL="postgresql://u:p@db:/z")
    assert "the port of the database is missing" in message


def test_a_database_is_described_whole_but_for_passwords() -> None:
    assert describe_database("sqlite:////srv/z.db") == "sqlite:////srv/z.db"
    assert describe_database(f"postgresql+psycopg://u:{SECRET}@db:5432/z") == "postgresql+psycopg://u@db:5432/z"
    shown = describe_database(f"postgresql+psycopg://db/z?user=u&password={SECRET}&sslmode=require")
    assert shown == "postgresql+psycopg://db/z?user=u&sslmode=require"


def test_the_sender_keeps_its_name(project: Path) -> None:
    for sender in ("Red Ciudadana <info@example.org>", "info@example.org", '"Red, Ciudadana" <info@example.org>'):
        assert load_settings(cwd=project, environ={"ZOOMSYNC_MAIL__SENDER": sender}).mail.sender == sender


def test_missing_credentials_are_listed_by_their_environment_names(project: Path) -> None:
    settings = load_settings(cwd=project, environ={"ZOOMSYNC_ZOOM__CLIENT_ID": "x"})
    assert settings.zoom_credentials_missing() == ["ZOOMSYNC_ZOOM__ACCOUNT_ID", "ZOOMSYNC_ZOOM__CLIENT_SECRET"]


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({"PUBLIC_URL": "https://avisos.example.org/z/"}, "https://avisos.example.org/z"),
        ({"PUBLIC_URL": "http://avisos.example.org"}, None),
        ({"PUBLIC_URL": "https://avisos.example.org", "ENABLED": "false"}, None),
        ({}, None),
    ],
)
def test_links_of_mails_begin_at_a_public_https_address_that_is_served(
    project: Path, environ: dict[str, str], begins: str | None
) -> None:
    environ = {f"ZOOMSYNC_WEB__{name}": value for name, value in environ.items()}
    assert load_settings(cwd=project, environ=environ).one_click_url == begins
