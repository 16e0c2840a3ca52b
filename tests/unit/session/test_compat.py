"""Differences between lines of Spark, by capability and for vendors' builds."""

import pytest

from framework.session.compat import capabilities


@pytest.mark.parametrize(
    ("version", "xml", "schema_evolution", "snapshot_properties"),
    [
        ("3.5.7", False, False, False),
        ("3.5.6-amzn-1", False, False, False),
        ("4.0.2", True, False, False),
        ("4.1.3", True, True, True),
        ("4.1.1-amzn-0", True, True, True),
    ],
)
def test_capabilities_follow_the_line(
    version: str, xml: bool, schema_evolution: bool, snapshot_properties: bool
) -> None:
    found = capabilities(version)
    assert (
        found.xml_builtin,
        found.merge_with_schema_evolution,
        found.iceberg_session_snapshot_properties,
    ) == (xml, schema_evolution, snapshot_properties)
