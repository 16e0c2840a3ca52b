"""Making an object only if there is none yet.

S3A's own `create(overwrite=false)` looks first and writes then, so of two writers at one moment both believe that
they made the object. S3 itself can decide (`If-None-Match: *` of a PUT), so the request goes to S3A's client, with
what S3A adds to it (encryption, for one). Where that isn't to be had - another client than S3A, a store that
doesn't know the condition - it is look and write, as S3A does it.
"""

from __future__ import annotations

import time
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError

S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_TAKEN, _AT_IT = 412, 409
_UNKNOWN_CONDITION = (400, 405, 501)
_WHY = "sluice: an intent or a lock, made once"


def create_object(jvm: Any, fs: Any, path: Any, content: bytes) -> bool:
    """Make the object; False if there is one already, whether it was there before or came at the same moment."""
    # also for stores that take the condition and ignore it
    if fs.exists(path):
        return False
    put = _conditional_put(jvm, fs, path, content)
    if put is not None:
        try:
            return _settled(put)
        except Py4JError as error:
            if isinstance(error, Py4JJavaError) and _status(error) not in _UNKNOWN_CONDITION:
                raise
    stream = fs.create(path, False)
    stream.write(bytearray(content))
    stream.close()
    return True


def _settled(put: Any) -> bool:
    """Do the request until the store has decided: while another writer is at it, it wants to be asked again."""
    for attempt in range(5):
        try:
            put()
            return True
        except Py4JJavaError as error:
            if _status(error) == _TAKEN:
                return False
            if _status(error) != _AT_IT:
                raise
            time.sleep(0.1 * 2**attempt)
    return False


def _conditional_put(jvm: Any, fs: Any, path: Any, content: bytes) -> Any | None:
    """The request, ready to be sent; None where there is no way to send it."""
    if fs.getClass().getName() != S3A:
        return None
    key = path.toUri().getPath().lstrip("/")
    try:
        return _by_v2(jvm, fs, key, content)
    except Py4JError:
        pass  # not Hadoop 3.4
    try:
        return _by_v1(jvm, fs, key, content)
    except Py4JError:
        return None


def _by_v1(jvm: Any, fs: Any, key: str, content: bytes) -> Any:
    """Hadoop 3.3: version 1 of the AWS SDK, which knows no condition but takes any header."""
    client, factory = fs.getAmazonS3ClientForTesting(_WHY), fs.getRequestFactory()

    def put() -> None:
        stream = jvm.java.io.ByteArrayInputStream(content)
        request = factory.newPutObjectRequest(key, factory.newObjectMetadata(len(content)), stream)
        request.putCustomRequestHeader("If-None-Match", "*")
        client.putObject(request)

    return put


def _by_v2(jvm: Any, fs: Any, key: str, content: bytes) -> Any:
    """Hadoop 3.4: version 2 of the AWS SDK."""
    client, factory = fs.getS3AInternals().getAmazonS3Client(_WHY), fs.getRequestFactory()
    sdk = jvm.software.amazon.awssdk

    def put() -> None:
        builder = factory.newPutObjectRequestBuilder(key, None, len(content), False)
        condition = (
            sdk.awscore.AwsRequestOverrideConfiguration.builder().putHeader("If-None-Match", "*").build()
        )
        request = builder.overrideConfiguration(condition).build()
        client.putObject(request, sdk.core.sync.RequestBody.fromBytes(content))

    return put


def _status(error: Py4JJavaError) -> int | None:
    """The HTTP status of a refusal, as either version of the SDK has it."""
    for method in ("getStatusCode", "statusCode"):
        try:
            return int(getattr(error.java_exception, method)())
        except Py4JError:
            continue
    return None
