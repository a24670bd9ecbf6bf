"""An independent reader: Apache Arrow's own library for Python.

Reads one line of JSON from standard input: key (hexadecimal), encrypted and plain (paths), aad_prefix. Prints what it
found in both files as JSON. The test beside it compares that with the rows that went in.
"""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


def rows(table):
    """Every column as a list, times as nanoseconds since 1970."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            assert str(column.type) == "timestamp[ns, tz=UTC]", column.type
            column = column.cast(pa.int64())
        columns[name] = column.to_pylist()
    return columns


def refusal(path, properties):
    try:
        pq.read_table(path, decryption_properties=properties)
    except Exception as error:  # whatever its kind: the point is that it does not read
        return type(error).__name__
    return None


given = json.loads(sys.stdin.readline())
key = bytes.fromhex(given["key"])
wrong = bytes(byte ^ 1 for byte in key)
properties = pe.create_decryption_properties(key)
encrypted = pq.read_table(given["encrypted"], decryption_properties=properties)
plain = pq.read_table(given["plain"])
print(
    json.dumps(
        {
            "pyarrow": pa.__version__,
            "encrypted": rows(encrypted),
            "plain": rows(plain),
            "metadata": {
                name.decode(): value.decode() for name, value in (encrypted.schema.metadata or {}).items()
            },
            "plain_metadata": {
                name.decode(): value.decode() for name, value in (plain.schema.metadata or {}).items()
            },
            "prefix_checked": refusal(
                given["encrypted"], pe.create_decryption_properties(key, aad_prefix=given["aad_prefix"].encode())
            ),
            "wrong_prefix": refusal(
                given["encrypted"], pe.create_decryption_properties(key, aad_prefix=b"cipp-desk/1/other/20260808")
            ),
            "wrong_key": refusal(given["encrypted"], pe.create_decryption_properties(wrong)),
            "no_key": refusal(given["encrypted"], None),
        }
    )
)
