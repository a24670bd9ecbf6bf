"""The engine of the log explorer beside SQLite, SQLCipher, Python, jq, lnav and ripgrep, from tests/bench/engine: runs it
and prints what it measured. The figures and the gates are that program's own.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "engine" / "run.py"


def measured(arguments=()):
    """Runs the bench of the engine; it builds itself first. Returns its document."""
    print("  the engine beside others, a million rows and five; some minutes", flush=True)
    done = subprocess.run([sys.executable, PROGRAM, *arguments], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def keystroke_ms(document):
    """What one key costs the engine at most: the dearest of the words that are typed, at a million rows."""
    return max(one["ours_ms"] for one in document["keystrokes"])


def show(document):
    """Prints the tables."""
    print(f"\n  One key at {document['rows']:,} rows: match, four facets, histogram, first page. {document['times']}.")
    print(f"  {'typed':34} {'hits':>9} {'ours':>9} {'SQLite':>9} {'SQLCipher':>10} {'times':>7} {'times':>7}")
    for one in document["keystrokes"]:
        figures = [one["ours_ms"], one["sqlite_ms"], one["sqlcipher_ms"], one["against_sqlite"], one["against_sqlcipher"]]
        ours, sqlite, cipher, against_sqlite, against_cipher = (figure(value) for value in figures)
        equal = "" if one["hits_equal"] else "  hits differ"
        print(
            f"  {one['look']:34} {one['hits']:>9,} {ours:>9} {sqlite:>9} {cipher:>10} "
            f"{against_sqlite:>7} {against_cipher:>7}{equal}"
        )
    day = document["day_of_json"]
    print(f"\n  A day of {day['rows']:,} rows as JSON, read and searched for \"{day['word']}\" once")
    for name in ("ours", "python"):
        print(f"  {name:34} {figure(day[name]['cpu_ms']):>9} ms {figure(day[name]['peak_mb']):>9} MB at most")
    for tool in day["on_lines"]:
        print(f"  {tool['tool'] + ', on lines':34} {figure(tool['cpu_ms']):>9} ms")
    print(f"\n  {'gate':64} {'result':>9} {'to hold':>14}")
    for gate in document["gates"]:
        verdict = "" if gate["holds"] else "   not held"
        print(f"  {gate['gate']:64} {figure(gate['result']):>9} {gate['hold']:>14}{verdict}")
    print("\n  Others win:")
    for sentence in document["where_others_win"]:
        print(f"  - {sentence}")


def figure(value):
    """A number for a column; a dash where it was not measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
