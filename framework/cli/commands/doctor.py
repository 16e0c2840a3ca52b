"""`sluice doctor`."""

from __future__ import annotations

import click

from framework.cli.options import json_option, project_options


@click.command(short_help="Check this machine and the lake.")
@click.option(
    "--spark", "with_spark", is_flag=True, help="Start Spark too, and write and read a row in each format."
)
@json_option
@project_options
def doctor(
    with_spark: bool, as_json: bool, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> int:
    """Check Python, Java, Spark, its jars, the configuration and the lake, each with its remedy if it is not well."""
    from framework.cli.checkup import checkup
    from framework.cli.output import show_json, stdout
    from framework.state.codec import to_data

    findings = []
    console = stdout()
    for finding in checkup(conf, environment, overrides, with_spark=with_spark):
        findings.append(finding)
        if not as_json:
            console.print(finding.text(), soft_wrap=True)
    if as_json:
        show_json(to_data(findings))
    return next((finding.exit_code for finding in findings if not finding.ok), 0)
