"""Addresses of stores: they lead to one file whatever a folder is called, and no password is in one."""

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic.runners.cli import main
from syntonic.tracking.mlflow import MlflowTracker
from syntonic.tracking.stores import address

NAMES = ["a b", "a%20b", "x?y", "x#y", "100%", "%", "é", "a+b", "a:b@c"]
SECRET = "secretpw1"


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_address_is_that_of_its_file_for_us_and_for_sqlalchemy(name: str) -> None:
    from sqlalchemy.engine import make_url

    path = Path("/folder", name, "mlflow.db")
    uri = address.of_file(path)
    assert address.file_of(uri) == path
    if name.isprintable():
        assert make_url(uri).database == str(path)
        assert not make_url(uri).query


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_folders_with_odd_names_have_stores_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.delenv("SYNTONIC_HOME", raising=False)
    for name in NAMES:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert main(["trainer.max_generations=2", "trainer.population_size=4", f'name="{name}"']) == 0
        assert main(["sync"]) == 0
    for name in NAMES:
        file = tmp_path / name / ".syntonic" / "mlflow.db"
        with sqlite3.connect(file) as found:
            ((run, title, artifacts),) = found.execute("SELECT run_uuid, name, artifact_uri FROM runs").fetchall()
        assert title == name
        client = MlflowClient(address.of_file(file))
        assert "report.html" in {item.path for item in client.list_artifacts(run)}
        assert artifacts == (file.parent / "artifacts" / run / "artifacts").as_uri()


@pytest.mark.parametrize(
    "uri",
    [
        f"http://u:{SECRET}@127.0.0.1:6999",
        f"https://{SECRET}@host",
        f"http://u%3A{SECRET}@host/path",
        f"postgresql://u:{SECRET}@host/db",
        f"postgresql://host/db?user=u&password={SECRET}",
        f"mysql+pymysql://u:a@{SECRET}@host/db",
        f"mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Du%3BPWD%3D{SECRET}",
        f"ftp://u:{SECRET}@host",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], uri: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([f"tracking.uri='{uri}'"], ["-m", f"tracking.uri='{uri}'", "seed=0,1"], ["sync", "--to", uri]):
        assert main(words) == 2
        told = "".join(capfd.readouterr())
        assert SECRET not in told
        assert "environment" in told or "is no address" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "uri", ["http://host:5000", "https://host/a", "sqlite:////a@b/c.db", "postgresql://u@host/db?sslmode=require"]
)
def test_an_address_without_one_is_taken(uri: str) -> None:
    assert address.checked(uri) == uri
    MlflowTracker(uri=uri)


def test_a_database_gets_its_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(address.PASSWORD, "a/b@c")
    assert address.opened_with("postgresql://u@host/db") == "postgresql://u:a%2Fb%40c@host/db"
    assert address.opened_with("postgresql://host/db") == "postgresql://host/db"
    for uri in ("http://u@host", "sqlite:////u@host/x.db"):
        assert address.opened_with(uri) == uri
    monkeypatch.delenv(address.PASSWORD)
    assert address.opened_with("postgresql://u@host/db") == "postgresql://u@host/db"
    assert os.environ.get(address.PASSWORD) is None
