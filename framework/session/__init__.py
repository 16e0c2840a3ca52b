"""One place that makes or adopts a SparkSession, and the versions, jars and Java it needs.

Importing this package needs no pyspark: `build_session` is in `framework.session.builder`.
"""

from framework.session.settings import CatalogSettings, SessionSettings

__all__ = ["CatalogSettings", "SessionSettings"]
