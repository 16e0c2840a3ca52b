"""Every ruleset of the corpus is read as it should be, and printing it changes nothing."""

from __future__ import annotations

import pytest

from framework.errors import ConfigError
from framework.quality import check_ruleset, parse_ruleset
from framework.quality.parser import parse_document
from framework.quality.printer import print_document
from tests.unit.quality.corpus import Case, read

VALID = read("valid.txt")
INVALID = read("invalid.txt")


def test_the_corpus_is_large() -> None:
    assert len(VALID) >= 60
    assert len(INVALID) >= 40


@pytest.mark.parametrize("case", VALID, ids=str)
def test_a_valid_ruleset_has_no_mistakes_and_prints_to_itself(case: Case) -> None:
    assert check_ruleset(case.text) == []
    document = parse_document(case.text)
    printed = print_document(document)
    assert parse_document(printed) == document
    assert print_document(parse_document(printed)) == printed


@pytest.mark.parametrize("case", INVALID, ids=str)
def test_an_invalid_ruleset_is_refused_with_the_reason(case: Case) -> None:
    errors = check_ruleset(case.text)
    assert errors
    assert case.error in str(errors[0])
    with pytest.raises(ConfigError) as raised:
        parse_ruleset(case.text)
    assert str(raised.value) == str(errors[0])


@pytest.mark.parametrize("case", VALID, ids=str)
def test_line_ends_of_windows_change_nothing(case: Case) -> None:
    assert parse_document("\ufeff" + case.text.replace("\n", "\r\n")) == parse_document(case.text)
