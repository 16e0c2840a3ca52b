"""An S3, with Glue beside it, on this machine, for tests marked `s3`: moto's server, and settings that lead there."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_numbers = itertools.count()


@dataclass(frozen=True)
class S3:
    """A running server."""

    endpoint: str

    @cached_property
    def client(self) -> Any:
        """boto3's client: it shares no code with Hadoop's."""
        import boto3

        return boto3.client("s3", endpoint_url=self.endpoint)

    @cached_property
    def glue(self) -> Any:
        """boto3's client of the catalog."""
        import boto3

        return boto3.client("glue", endpoint_url=self.endpoint)

    def bucket(self) -> str:
        """A new bucket, which no other test uses."""
        name = f"bucket{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """All keys of a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def put(self, bucket: str, key: str, text: str) -> str:
        """Put an object; its address."""
        self.client.put_object(Bucket=bucket, Key=key, Body=text.encode())
        return f"s3a://{bucket}/{key}"

    @property
    def spark_conf(self) -> Mapping[str, str]:
        """What a lake's `spark:` says to get here."""
        return {
            "spark.hadoop.fs.s3a.endpoint": self.endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": CREDENTIALS["AWS_REGION"],
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        }

    @property
    def iceberg_properties(self) -> Mapping[str, str]:
        """What an Iceberg catalog on AWS says to get here."""
        return {
            "s3.endpoint": self.endpoint,
            "glue.endpoint": self.endpoint,
            "s3.path-style-access": "true",
            "client.region": CREDENTIALS["AWS_REGION"],
        }


@contextmanager
def moto_s3() -> Iterator[S3]:
    """The server, on a port of its own; credentials that nobody has are in the environment meanwhile."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else a failed test shows a thousand requests
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
