"""Rules: DQDL, gates, dataset checks, profiling.

Reading and checking rules needs no Spark, and is all that importing this brings; rows are judged by
`framework.quality.gate`, datasets by `framework.quality.dataset.judge`.
"""

from __future__ import annotations

from framework.quality.checks import check_ruleset
from framework.quality.ruleset import EMPTY, RuleEntry, Ruleset, parse_ruleset

__all__ = ["EMPTY", "RuleEntry", "Ruleset", "check_ruleset", "parse_ruleset"]
