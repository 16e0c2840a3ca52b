"""How the lake's root and a source are spelled is nothing that a job may notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.integration.run.lakes import TestLake


def test_no_file_is_landed_or_read_again_because_its_place_is_spelled_otherwise(
    spark: SparkSession, lake_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = TestLake(spark, lake_root, tmp_path, "delta")
    monkeypatch.chdir(lake_root.parent)
    lake.file("a [1].csv", "id", "1")
    inbox = str(lake.folder / "in")
    spelled = [
        (lake_root.name, inbox),
        (f"{lake_root}/", f"file://{inbox}"),
        (f"file:{lake_root}", f"{inbox}/"),
        (f"./x/../{lake_root.name}", f"{inbox}/*.csv"),
    ]
    for number, (root, source) in enumerate(spelled):
        (lake.folder / "conf/lake.yaml").write_text(f"root: {root}\n")
        lake.job(
            land={"from": {"format": "csv", "path": source}, "to": f"raw/{lake.domain}"},
            read={"format": "csv", "path": f"raw/{lake.domain}", "schema": {"id": "int"}},
        )
        outcome = lake.applied()
        assert (outcome.landed, outcome.counts.read) == ((1, 1) if number == 0 else (0, 0)), root
        assert lake.rows("id") == [(1,)]
