"""Whatever can be said in DQDL survives being printed and read again."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.errors import ConfigError
from framework.quality import check_ruleset
from framework.quality.nodes import Document
from framework.quality.parser import parse_document
from framework.quality.printer import print_document
from tests.unit.quality.strategies import documents


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_a_printed_document_is_read_as_the_same_document(document: Document) -> None:
    assert parse_document(print_document(document)) == document


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Rules",
                "=",
                "[",
                "]",
                "(",
                ")",
                ",",
                "IsComplete",
                "RowCount",
                '"a"',
                ">",
                "1",
                "and",
                "or",
                "not",
                "in",
                "between",
                "where",
                "with",
                "#\n",
            ]
        )
    )
)
def test_no_text_makes_the_parser_fail_in_another_way_than_by_a_config_error(words: list[str]) -> None:
    text = " ".join(words)
    for error in check_ruleset(text):
        assert isinstance(error, ConfigError)
        assert error.where is None or error.where.replace(":", "").isdigit()
