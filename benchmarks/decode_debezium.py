"""Decoding Debezium's messages against from_json as one writes it by hand, with a schema of what is needed alone.

    python -m benchmarks.decode_debezium --events 2000000 --pairs 5            without schemas
    python -m benchmarks.decode_debezium --events 2000000 --pairs 5 --schemas  with the schema in each message

Both read the same lines of text and write nowhere, in turn, in one warm session. By hand: keys from `before` for
deletes, precise decimals of up to 8 bytes, microseconds and days undone, nothing checked. Ours: the whole normal form,
with what is unreadable, missing or a placeholder. The sums over hashes of all columns must be equal, or no figure is
printed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from typing import TYPE_CHECKING, Any

from benchmarks.processes import cpu_seconds

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COLUMNS = {
    "id": "bigint",
    "customer_id": "bigint",
    "status": "string",
    "amount": "decimal(12,2)",
    "quantity": "int",
    "ratio": "double",
    "paid": "boolean",
    "ordered_on": "date",
    "updated_at": "timestamp_ntz",
    "shipped_at": "timestamp",
    "comment": "string",
    "note": "string",
}
_ROW = """
    id, customer_id, status, base64(unhex(lpad(hex(amount), 8, '0'))) AS amount, quantity, ratio, paid,
    datediff(ordered_on, DATE'1970-01-01') AS ordered_on, unix_micros(updated_at) AS updated_at,
    date_format(updated_at, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'") AS shipped_at, comment, note
"""
_DELETE = {name: kind for name, kind in COLUMNS.items() if name != "id"}
_BY_HAND = """
    before struct<id: bigint>,
    after struct<id: bigint, customer_id: bigint, status: string, amount: binary, quantity: int, ratio: double,
        paid: boolean, ordered_on: int, updated_at: bigint, shipped_at: timestamp, comment: string, note: string>,
    op string, source struct<lsn: bigint, snapshot: string, ts_ms: bigint>
"""


def messages(spark: SparkSession, events: int, schemas: bool) -> DataFrame:
    """Envelopes of PostgreSQL's connector: creates, updates and one delete in ten."""
    rows = spark.range(events).selectExpr(
        "id DIV 3 AS id",
        "id * 7919 % 1000003 AS customer_id",
        "element_at(array('open', 'filled', 'cancelled'), cast(id % 3 AS int) + 1) AS status",
        "id * 31 % 99999999 + 1 AS amount",
        "cast(id % 50 AS int) AS quantity",
        "(id % 1000) / 8D AS ratio",
        "id % 2 = 0 AS paid",
        "date_add(DATE'2020-01-01', cast(id % 1500 AS int)) AS ordered_on",
        "timestamp_micros(1577836800000000 + id * 1234567) AS updated_at",
        "concat('carefully ironic deposits haggle along ', id % 1000) AS comment",
        "if(id % 4 = 0, NULL, concat('note ', id % 100)) AS note",
        "id AS n",
    )
    image = f"struct({_ROW})"
    empty = ", ".join(f"cast(NULL AS string) AS {name}" for name in _DELETE)
    source = """struct('3.7.0.Final' AS version, 'postgresql' AS connector, 's1' AS name,
        1732175067485 + n AS ts_ms, 'false' AS snapshot, 'shop' AS db,
        concat('[null,"', 22120408 + n, '"]') AS sequence,
        1732175067485000 + n AS ts_us, 'public' AS schema, 'orders' AS table, 739 + n DIV 10 AS txId,
        22120408 + n AS lsn, cast(NULL AS bigint) AS xmin)"""
    deleted = "n % 10 = 9"
    envelope = f"""struct(
        if({deleted}, to_json(struct(id, {empty}), map('ignoreNullFields', 'false')), NULL) AS before,
        if({deleted}, NULL, to_json({image}, map('ignoreNullFields', 'false'))) AS after,
        to_json({source}, map('ignoreNullFields', 'false')) AS source,
        if({deleted}, 'd', if(n % 3 = 0, 'c', 'u')) AS op, 1732175067766 + n AS ts_ms) AS m"""
    value = (
        """concat('{"before":', coalesce(m.before, 'null'), ',"after":', coalesce(m.after, 'null'), ',"source":',"""
        """ m.source, ',"transaction":null,"op":"', m.op, '","ts_ms":', m.ts_ms, '}')"""
    )
    if schemas:
        value = f"""concat('{{"schema":{json.dumps(schema(), separators=(",", ":"))},"payload":', {value}, '}}')"""
    return rows.selectExpr(envelope).selectExpr(f"{value} AS value")


def schema() -> dict[str, Any]:
    """The schema that JsonConverter puts before each payload."""
    kinds: dict[str, dict[str, Any]] = {
        "bigint": {"type": "int64"},
        "int": {"type": "int32"},
        "double": {"type": "double"},
        "boolean": {"type": "boolean"},
        "date": {"type": "int32", "name": "io.debezium.time.Date", "version": 1},
        "timestamp_ntz": {"type": "int64", "name": "io.debezium.time.MicroTimestamp", "version": 1},
        "timestamp": {"type": "string", "name": "io.debezium.time.ZonedTimestamp", "version": 1},
        "decimal(12,2)": {
            "type": "bytes",
            "name": "org.apache.kafka.connect.data.Decimal",
            "version": 1,
            "parameters": {"scale": "2", "connect.decimal.precision": "12"},
        },
    }
    fields = [
        {**kinds.get(kind, {"type": "string"}), "optional": True, "field": name}
        for name, kind in COLUMNS.items()
    ]
    image = {"type": "struct", "fields": fields, "optional": True, "name": "s1.public.orders.Value"}
    texts = [{"type": "string", "optional": True, "field": name} for name in ("version", "connector", "name")]
    numbers = [
        {"type": "int64", "optional": True, "field": name} for name in ("ts_ms", "ts_us", "txId", "lsn")
    ]
    source = {"type": "struct", "fields": [*texts, *numbers], "optional": False, "field": "source"}
    return {
        "type": "struct",
        "fields": [
            {**image, "field": "before"},
            {**image, "field": "after"},
            source,
            {"type": "string", "optional": False, "field": "op"},
            {"type": "int64", "optional": True, "field": "ts_ms"},
        ],
        "optional": False,
        "name": "s1.public.orders.Envelope",
        "version": 2,
    }


def by_hand(df: DataFrame, schemas: bool) -> DataFrame:
    """What one writes who knows the table."""
    from pyspark.sql import functions as F

    kind = f"payload struct<{_BY_HAND}>"
    parsed = F.from_json("value", kind if schemas else _BY_HAND)
    m = df.select((parsed.getField("payload") if schemas else parsed).alias("m"))
    negative = "if(hex(m.after.amount) >= '8', 'F', '0')"
    unscaled = f"cast(conv(lpad(hex(m.after.amount), 16, {negative}), 16, -10) AS decimal(19,0))"
    return m.selectExpr(
        "if(m.op = 'd', m.before.id, m.after.id) AS id",
        "m.after.customer_id",
        "m.after.status",
        f"cast({unscaled} * 0.01BD AS decimal(12,2)) AS amount",
        "m.after.quantity",
        "m.after.ratio",
        "m.after.paid",
        "date_from_unix_date(m.after.ordered_on) AS ordered_on",
        "cast(timestamp_micros(m.after.updated_at) AS timestamp_ntz) AS updated_at",
        "m.after.shipped_at",
        "m.after.comment",
        "m.after.note",
        "upper(translate(m.op, 'c', 'i')) AS _sluice_op",
        "struct(m.source.lsn AS lsn, if(m.op = 'r', 0, 1) AS phase) AS _sluice_seq",
    )


def ours(df: DataFrame, schemas: bool) -> DataFrame:
    """The envelope."""
    from pyspark.sql import functions as F

    from framework.changes.envelopes import find_decoder
    from framework.config.job import Job
    from framework.readers.transport import file_source, never_bad

    read: dict[str, Any] = {"format": "text", "path": "events"}
    job = Job.model_validate(
        {
            "job": "shop.orders",
            "read": read if schemas else {**read, "schema": COLUMNS},
            "changes": {"keys": ["id"], "envelope": "debezium"},
            "write": {"table": "standardized.shop.orders"},
        }
    )
    source = next(iter(job.sources.values()))
    rows = df.select(F.col("value"), file_source(positions=True), *never_bad())
    return find_decoder("debezium")(rows, job, source)


def checksum(df: DataFrame) -> Any:
    """One number for all values."""
    names = ", ".join([*COLUMNS, "_sluice_op", "_sluice_seq"])
    return df.selectExpr(f"sum(cast(xxhash64({names}) AS decimal(38,0))) AS s", "count(1) AS n").collect()[0]


def compare(events: int, pairs: int, schemas: bool) -> None:
    """Run both in turn and print the ratio."""
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "3g")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    with tempfile.TemporaryDirectory() as base:
        messages(spark, events, schemas).repartition(4).write.text(f"{base}/events")
        read = lambda: spark.read.text(f"{base}/events")  # noqa: E731
        ways = {"by hand": by_hand, "ours": ours}
        sums = {name: checksum(way(read(), schemas)) for name, way in ways.items()}
        if len(set(sums.values())) != 1:
            raise SystemExit(f"the contenders differ: {sums}")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for turn in range(pairs + 1):  # the first turn warms up
            for name, way in ways.items():
                wall, cpu = time.perf_counter(), cpu_seconds(spark)
                way(read(), schemas).write.format("noop").mode("overwrite").save()
                if turn:
                    found[name].append((time.perf_counter() - wall, cpu_seconds(spark) - cpu))
    spark.stop()
    print(f"{events} events{' with schemas' if schemas else ''}, {pairs} pairs; medians")
    for name, runs in found.items():
        wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
        print(f"{name:8} {wall:6.2f} s wall {cpu:6.2f} s cpu")
    for i, unit in enumerate(("wall", "cpu")):
        ratios = [a[i] / b[i] for a, b in zip(found["ours"], found["by hand"], strict=True)]
        print(f"ratio {unit}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--schemas", action="store_true", help="each message brings its schema")
    options = parser.parse_args()
    compare(options.events, options.pairs, options.schemas)


if __name__ == "__main__":
    main()
