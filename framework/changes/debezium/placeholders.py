"""Values that a connector could not know: unchanged large columns, for which a placeholder stands in.

column            placeholder __debezium_unavailable_value as
text, json        the text itself                bytea     base64 of its bytes (hex, if bytes are hex)
text[]            a list of it                   uuid[]    a list of the UUID made of it
int[], bigint[]   a list of its bytes            hstore    {it: it}, as map or as JSON
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass

from pyspark.sql import types as T

from framework.sql import literal

DEFAULT = "__debezium_unavailable_value"


@dataclass(frozen=True)
class Placeholder:
    """The placeholder that a connector was given, `unavailable.value.placeholder`; `hex:...` names its bytes.

    >>> Placeholder("hex:4142").text
    'AB'
    """

    configured: str = DEFAULT

    @property
    def data(self) -> bytes:
        hexed = self.configured.startswith("hex:")
        return bytes.fromhex(self.configured[4:]) if hexed else self.configured.encode()

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")

    def stands_in(self, raw: str, kind: T.DataType, want: T.DataType) -> str | None:
        """SQL of whether a raw value is the placeholder; None if a column like this never has one."""
        if isinstance(kind, T.StringType):
            return f"{raw} IN ({', '.join(literal(each) for each in self._texts(want))})"
        if isinstance(kind, T.BinaryType):
            return f"{raw} = X'{self.data.hex()}'"
        if isinstance(kind, T.MapType):
            return f"map_keys({raw}) = array({literal(self.text)})"
        if isinstance(kind, T.ArrayType):
            return self._in_array(raw, kind.elementType)
        return None

    def _texts(self, want: T.DataType) -> list[str]:
        if isinstance(want, T.BinaryType):
            plain = base64.b64encode(self.data).decode()
            return [plain, plain.replace("+", "-").replace("/", "_"), self.data.hex(), self.text]
        found = [self.text, json.dumps({self.text: self.text}, separators=(",", ":"), ensure_ascii=False)]
        if isinstance(want, T.ArrayType):
            lists: tuple[list[object], ...] = ([self.text], [str(self.uuid)], list(self.data))
            found += [json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in lists]
        return found

    def _in_array(self, raw: str, element: T.DataType) -> str | None:
        if isinstance(element, T.StringType):
            return f"({raw} = array({literal(self.text)}) OR {raw} = array({literal(str(self.uuid))}))"
        if isinstance(element, T.IntegerType | T.LongType):
            listed = ", ".join(f"{byte}" for byte in self.data)
            return f"{raw} = cast(array({listed}) AS array<{element.simpleString()}>)"
        return None

    @property
    def uuid(self) -> uuid.UUID:
        """The name-based UUID (version 3, no namespace) of the placeholder."""
        return uuid.UUID(bytes=hashlib.md5(self.data, usedforsecurity=False).digest(), version=3)
