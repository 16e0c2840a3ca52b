"""The one script that every cluster runs: spark-submit, EMR, EMR Serverless and Glue.

    spark-submit --py-files sluice.zip jobs/main.py --env prod --job corebank.customers

Flat `--name value` arguments only; `./spark-submit.sh --help` lists them, docs/deploy.md shows each platform.
"""

import os
import sys

NEEDED = ("pydantic", "yaml", "click", "rich", "lark", "jinja2")

try:
    from framework.runtimes.entry import main
except ModuleNotFoundError as error:
    if error.name not in (*NEEDED, "framework"):
        raise
    raise ModuleNotFoundError(
        f"{error.name} is not installed where the driver runs. The framework travels in --py-files (Glue: "
        "--extra-py-files), the packages it needs in a venv archive (Glue: --additional-python-modules): "
        "see docs/deploy.md",
        name=error.name,
    ) from error

if __name__ == "__main__":
    main(sys.argv, os.environ)
