"""The HTML report: one file, no network, nothing from outside taken for markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from framework.config.lake import Lake
from framework.report import render, report_path, write_report
from framework.report.flow import flow_of
from framework.report.view import view_of
from framework.run.outcome import Counts, InputRange, JobOutcome, RuleResult
from framework.state.local_storage import LocalStorage
from tests.unit.cli.samples import STARTED, bank_run, customers, simple

LAYERS = ("raw", "standardized", "conformed", "enriched")
HOSTILE = """<script>alert(1)</script>"'&<img src=x onerror=alert(1)>{{ 7*7 }}</style></title>"""
LOADS = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "background"}


class Reader(HTMLParser):
    """Collects the tags, the attributes and the text of a page; and sees to it that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            assert tag in ("p", "li"), f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def hostile_job() -> JobOutcome:
    """Every text that comes from outside is an attack."""
    job = customers()
    return replace(
        job,
        job=HOSTILE,
        target=HOSTILE,
        layer=HOSTILE,
        status="failed",
        error=HOSTILE,
        error_class=HOSTILE,
        notes=[HOSTILE],
        reject_reasons={HOSTILE: 3},
        rules=[RuleResult(HOSTILE, "dataset", HOSTILE, False, measured=HOSTILE)],
        inputs=[InputRange(HOSTILE, HOSTILE, [{"path": HOSTILE}, {HOSTILE: HOSTILE}])],
        config_hash=HOSTILE,
    )


def test_a_report_shows_every_job_with_its_counts() -> None:
    page = read(render(bank_run(), lake="greatfin"))
    for job in bank_run().jobs:
        assert job.job in page.text
    for text in (
        "12,392",
        "4,988",
        "ReadError, exit code 5",
        "Set `read.path`",
        'Uniqueness "ssn" > 0.99',
        "0.9815",
    ):
        assert text in page.text
    assert page.open == []


def test_a_report_loads_nothing_and_runs_nothing() -> None:
    html = render(bank_run())
    page = read(html)
    assert not LOADS & {name for name, _ in page.attributes}
    assert not {"script", "link", "iframe", "object", "embed", "img", "image", "use"} & set(page.tags)
    assert "url(" not in html and "@import" not in html and "http://" not in html and "https://" not in html
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_hostile_names_stay_text() -> None:
    run = replace(
        bank_run(), jobs=[hostile_job()], edges=[(HOSTILE, HOSTILE)], environment=HOSTILE, runtime=HOSTILE
    )
    plain, attacked = read(render(bank_run())), read(render(run, lake=HOSTILE))
    assert set(attacked.tags) <= set(plain.tags)
    assert {name for name, _ in attacked.attributes} <= {name for name, _ in plain.attributes}
    assert "<script>alert(1)</script>" in attacked.text
    assert "{{ 7*7 }}" in attacked.text


def test_secrets_are_not_in_a_report() -> None:
    job = replace(customers(), status="failed", error="jdbc:postgresql://me:hunter2@db/bank?password=hunter2")
    assert "hunter2" not in render(replace(bank_run(), jobs=[job]))


def test_a_report_of_nothing_is_a_report() -> None:
    assert "0 of 0" in read(render(replace(bank_run(), jobs=[], edges=[]))).text


def test_the_report_lies_beside_the_ledger(tmp_path: Path) -> None:
    lake = Lake(root=str(tmp_path))
    path = write_report(LocalStorage(), lake, bank_run())
    assert path == report_path(lake, bank_run().run_id)
    assert Path(path).read_text().lstrip().startswith("<!doctype html>")


def test_a_run_id_can_not_leave_the_folder_of_reports() -> None:
    assert report_path(Lake(root="/lake"), "../../etc/x") == "/lake/_sluice/reports/..%2F..%2Fetc%2Fx.html"


def test_boxes_stand_in_the_columns_of_their_layers_and_never_overlap() -> None:
    flow = flow_of(bank_run(), LAYERS)
    assert [column.title for column in flow.columns] == ["sources", "standardized", "conformed", "enriched"]
    columns = {box.title: box.column for box in flow.boxes}
    assert columns["crm.leads"] == 1 and columns["person"] == 2 and columns["marketing.top_leads"] == 3
    places = sorted((box.x, box.y) for box in flow.boxes)
    for (x1, y1), (x2, y2) in pairwise(places):
        assert x1 != x2 or y2 - y1 >= 58
    assert all(0 <= box.x <= flow.width - 210 and 0 <= box.y <= flow.height - 58 for box in flow.boxes)


def test_a_job_that_reads_its_own_layer_stands_right_of_what_it_reads() -> None:
    jobs = [simple("a", "conformed.x.a"), simple("b", "conformed.x.b"), simple("c", "enriched.x.c")]
    flow = flow_of(replace(bank_run(), jobs=jobs, edges=[("a", "b"), ("b", "c")]), LAYERS)
    assert {box.title: box.column for box in flow.boxes} == {"a": 0, "b": 1, "c": 2}


def test_arrows_carry_the_rows_that_are_known() -> None:
    labels = {arrow.title.split(":")[0]: arrow.label for arrow in flow_of(bank_run(), LAYERS).arrows}
    assert labels["raw/corebank/customers → corebank.customers"] == "1,204"
    assert labels["crm.leads → marketing.top_leads"] == "", "it was skipped"


def test_what_nobody_counted_is_shown_as_unknown_not_as_the_result_s_count() -> None:
    """A job that joins two tables: the rows of one are known, those of the other aren't."""
    tables = [{"table": f"standardized.x.{name}", "version": 7} for name in ("a", "b")]
    joined = replace(
        simple("j", "conformed.x.j"),
        counts=Counts(read=3, inserted=3),
        inputs=[InputRange("a", "table", [tables[0]], rows=5000), InputRange("b", "table", [tables[1]])],
    )
    jobs = [simple("a", "standardized.x.a"), simple("b", "standardized.x.b"), joined]
    run = replace(bank_run(), jobs=jobs, edges=[("a", "j"), ("b", "j")])
    arrows = {arrow.title: arrow.label for arrow in flow_of(run, LAYERS).arrows}
    assert arrows == {"a → j: 5,000 rows": "5,000", "b → j: rows not counted": "?"}
    page = render(run)
    assert "? where nobody counted them" in page
    assert "1 item, rows not counted" in page


def test_the_flow_of_five_hundred_jobs_is_drawn_without_those_that_did_nothing() -> None:
    idle = [simple(f"j{n}", f"standardized.x.t{n}", "nothing_new") for n in range(500)]
    run = replace(bank_run(), jobs=[customers(), *idle], edges=[])
    flow = flow_of(run, LAYERS)
    assert flow.left_out == 500
    assert [box.title for box in flow.boxes if box.status != "source"] == ["corebank.customers"]


def test_the_bars_of_a_job_add_up_to_the_whole() -> None:
    view = view_of(bank_run(), "lake", LAYERS)
    for job in view.jobs:
        if job.outcome.counts.read:
            assert abs(sum(part.width for part in job.parts) - 100) < 1e-9
        assert all(0 <= part.start <= 100 and part.start + part.width <= 100.001 for part in job.time)


def test_a_job_that_began_later_has_its_bar_further_right() -> None:
    late = replace(customers(), started=STARTED + timedelta(seconds=20), counts=Counts())
    view = view_of(replace(bank_run(), jobs=[customers(), late], seconds=40.0), "lake", LAYERS)
    assert view.jobs[0].time[0].start == 0
    assert view.jobs[1].time[0].start == 50


def test_what_no_stage_covers_is_shown_as_other() -> None:
    view = view_of(bank_run(), "lake", LAYERS)
    assert view.jobs[0].time[-1].name == "other"
