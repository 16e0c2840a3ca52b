"""The module file says what is wanted, the report what came, and Ivy's long output becomes one line."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from framework.session.ivy import Request, complaint, module_xml, parse_report
from framework.session.versions import LANES, Artifact

REPORT = """<ivy-report><dependencies>
<module organisation="a" name="kept"><revision name="1.0"><artifacts>
  <artifact name="kept" type="jar" status="successful" location="/cache/kept-1.0.jar"/></artifacts></revision>
  <revision name="0.9" evicted="latest"/></module>
<module organisation="a" name="lost"><revision name="2.0"><artifacts>
  <artifact name="lost" type="jar" status="failed"/></artifacts></revision></module>
<module organisation="a" name="docs"><revision name="3.0"><artifacts>
  <artifact name="docs" type="javadoc" status="no" location="/cache/docs.jar"/></artifacts></revision></module>
</dependencies></ivy-report>"""


def test_overrides_and_exclusions_reach_the_module_file() -> None:
    lane = LANES["3.5"]
    root = ElementTree.fromstring(
        module_xml(Request(lane.groups["quality"], True, lane.overrides, lane.exclusions))
    )
    (override,) = root.iter("override")
    assert (override.get("module"), override.get("rev")) == ("dqdl", "1.0.0")
    assert {found.get("org") for found in root.iter("exclude")} == {
        "net.sourceforge.f2j",
        "org.apache.spark",
        "org.scala-lang",
    }


def test_exclusions_touch_only_the_artifact_they_are_made_for() -> None:
    lane = LANES["3.5"]
    root = ElementTree.fromstring(module_xml(Request(lane.groups["core"], True, (), lane.exclusions)))
    assert list(root.iter("exclude")) == []


def test_a_locked_request_brings_nothing_else_along() -> None:
    root = ElementTree.fromstring(module_xml(Request(LANES["4.1"].groups["core"], False)))
    assert {found.get("transitive") for found in root.iter("dependency")} == {"false"}


def test_only_jars_that_came_are_taken_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    (found,) = parse_report(report)
    assert (found.artifact, found.path) == (Artifact("a", "kept", "1.0"), Path("/cache/kept-1.0.jar"))


def test_a_complaint_names_the_artifact_once() -> None:
    output = """
\t\tmodule not found: org.x#y;9.9
\t\t::::::::::::::::::::::::::::::::::::::::::::::
\t\t:: org.x#y;9.9: not found
\t\t:: org.x#y;9.9: not found
"""
    assert complaint(output) == "org.x#y;9.9: not found"


def test_a_server_that_can_not_be_reached_is_the_cause_and_not_every_artifact() -> None:
    lines = [
        f"\tServer access error at url http://h/{number}.jar (java.net.ConnectException: Connection refused)\n"
        f"\t\t:: org.x#{number};1.0: not found"
        for number in range(9)
    ]
    assert complaint("\n".join(lines)) == "java.net.ConnectException: Connection refused"


def test_a_long_list_is_cut() -> None:
    output = "\n".join(f":: org.x#{number};1.0: not found" for number in range(9))
    assert complaint(output).endswith("org.x#2;1.0: not found; and 6 more")


def test_a_run_that_ends_without_words_is_still_a_complaint() -> None:
    assert complaint("") == "Ivy ended without a word"
