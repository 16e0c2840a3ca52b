"""The zip that travels to a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from framework.errors import ConfigError
from framework.runtimes.package import package


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    files = {
        "jobs/main.py": "",
        "jobs/bank/udfs.py": "ANSWER = 42\n",
        "jobs/bank/__pycache__/udfs.pyc": "",
        "conf/lake.yaml": "root: /lake\n",
        "conf/.env": "PASSWORD=hunter2\n",
        "conf/prod.env": "PASSWORD=hunter2\n",
        "shared/text.py": "",
        "notes.txt": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return [name for name in opened.namelist() if not name.endswith("/")]


def test_the_zip_holds_the_framework_the_jobs_and_the_configuration(project: Path, tmp_path: Path) -> None:
    found = names(package(tmp_path / "x.zip", project))
    assert "framework/__init__.py" in found
    assert [name for name in found if name.startswith(("jobs/", "conf/", "shared/", "notes"))] == [
        "conf/lake.yaml",
        "jobs/bank/udfs.py",
        "jobs/main.py",
    ]


def test_secrets_and_caches_never_travel(project: Path, tmp_path: Path) -> None:
    found = names(package(tmp_path / "x.zip", project))
    assert [name for name in found if "__pycache__" in name or name.endswith((".env", ".pyc"))] == []


def test_the_same_files_give_the_same_bytes(project: Path, tmp_path: Path) -> None:
    first = package(tmp_path / "1.zip", project).read_bytes()
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
    assert package(tmp_path / "2.zip", project).read_bytes() == first


def test_a_further_folder_travels_if_it_is_named(project: Path, tmp_path: Path) -> None:
    assert "shared/text.py" in names(package(tmp_path / "x.zip", project, include=["shared"]))
    with pytest.raises(ConfigError, match="no folder nowhere in"):
        package(tmp_path / "y.zip", project, include=["nowhere"])
    assert not (tmp_path / "y.zip").exists()


def test_modules_and_shipped_configuration_are_read_from_the_zip(project: Path, tmp_path: Path) -> None:
    archive = package(tmp_path / "x.zip", project)
    code = (
        "import framework, jobs.bank.udfs as udfs\n"
        "from framework.runtimes.conf_source import conf_folder\n"
        "from pathlib import Path\n"
        "with conf_folder('conf') as folder:\n"
        "    text = Path(folder, 'lake.yaml').read_text().strip()\n"
        "print('x.zip' in framework.__file__, udfs.ANSWER, text)\n"
        "print(Path(folder).exists())\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(archive)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["True 42 root: /lake", "False"]
