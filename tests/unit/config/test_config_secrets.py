"""Secrets: references in files, values only at run time, `***` wherever one is shown."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import pytest

from framework.config.secrets import (
    Secret,
    literal_in_url,
    names_secret,
    parse_env_file,
    resolve,
    reveal,
    reveal_all,
)
from framework.errors import ConfigError


def test_a_secret_shows_stars_however_it_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("sluice").warning("password is %s and %r", secret, {"password": secret})
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>5}",
        str([secret]),
        str({"a": secret}),
        caplog.text,
    ]
    assert all("***" in text and "hunter2" not in text for text in shown)
    assert secret.reveal() == "hunter2"


def test_a_secret_goes_neither_into_json_nor_into_a_pickle() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret("hunter2"))
    with pytest.raises(TypeError, match="send the reference"):
        pickle.dumps(Secret("hunter2"))


def test_the_environment_wins_over_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("SLUICE_T1=file\nSLUICE_T2='from the file'\n")
    monkeypatch.setenv("SLUICE_T1", "environment")
    assert resolve("env://SLUICE_T1").reveal() == "environment"
    assert resolve("env://SLUICE_T2").reveal() == "from the file"


def test_a_variable_that_is_not_set_is_named_with_both_remedies() -> None:
    with pytest.raises(ConfigError) as refused:
        resolve("env://DB_PASSWORD", environ={}, where="conf/jobs/x.yaml:3")
    assert str(refused.value) == (
        "conf/jobs/x.yaml:3: the environment variable of env://DB_PASSWORD is not set. "
        "Set DB_PASSWORD in the environment, or as a line `DB_PASSWORD=...` of the file .env."
    )


def test_a_file_is_read_only_if_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "db"
    path.write_text("hunter2\n")
    path.chmod(0o640)
    with pytest.raises(ConfigError) as refused:
        resolve(f"file://{path}")
    assert str(refused.value) == (
        f"others may read the secret in {path}: got mode 0640, expected mode 0600. Run `chmod 600 {path}`."
    )
    path.chmod(0o600)
    assert resolve(f"file://{path}").reveal() == "hunter2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file of file:///nowhere/db is missing"):
        resolve("file:///nowhere/db")


def test_a_resolver_gets_what_follows_its_name() -> None:
    asked = []

    def vault(path: str) -> str:
        asked.append(path)
        return "hunter2"

    assert resolve("secret://vault/db/main#password", resolvers={"vault": vault}).reveal() == "hunter2"
    assert asked == ["db/main#password"]


def test_an_unknown_resolver_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as refused:
        resolve("secret://valt/db", resolvers={"vault": str})
    assert str(refused.value) == "nothing resolves secret://valt/db: got resolver valt. Did you mean `vault`?"
    with pytest.raises(ConfigError, match="Install a package that registers `vault` in the group"):
        resolve("secret://vault/db", resolvers={})


def test_plain_text_is_no_reference_and_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        resolve("hunter2")
    assert "hunter2" not in str(refused.value)
    assert reveal("app_user") == "app_user"
    assert reveal(None) is None


def test_settings_are_revealed_together_and_addresses_stay_addresses() -> None:
    settings = {"fs.s3a.secret.key": "env://KEY", "uri": "file:///data", "fetchsize": 100}
    assert reveal_all(settings, environ={"KEY": "hunter2"}) == {
        "fs.s3a.secret.key": "hunter2",
        "uri": "file:///data",
        "fetchsize": 100,
    }


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db_password",
        "fs.s3a.secret.key",
        "s3.secret-access-key",
        "token",
        "session-token",
        "api_key",
        "jdbc.password",
    ],
)
def test_keys_that_hold_secrets_are_known_by_their_names(key: str) -> None:
    assert names_secret(key)


@pytest.mark.parametrize(
    "key", ["credentials.provider", "tokenizer", "path", "token.provider.class", "secretary", "keys"]
)
def test_other_keys_are_not_taken_for_secrets(key: str) -> None:
    assert not names_secret(key)


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("jdbc:postgresql://host/db", False),
        ("jdbc:postgresql://me:hunter2@host/db", True),
        ("jdbc:sqlserver://host;user=me;password=hunter2", True),
        ("jdbc:mysql://host/db?user=me&password=x", True),
        ("jdbc:postgresql://host:5432/db?ssl=true", False),
        ("s3://bucket/a:b@c", False),
    ],
)
def test_passwords_in_addresses_are_seen(url: str, has: bool) -> None:
    assert literal_in_url(url) is has


def test_the_env_file_reads_as_shells_read_it() -> None:
    text = "# comment\n\nexport A=1\nB = 'x = y'\nC=\"q\"\nD=\nnot a line\n"
    assert parse_env_file(text) == {"A": "1", "B": "x = y", "C": "q", "D": ""}
