"""The HTML report of a run: one file that needs nothing else, and no network."""

from framework.report.write import render, report_path, write_report

__all__ = ["render", "report_path", "write_report"]
