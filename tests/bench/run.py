"""`npm run bench`: CIPP Desk side by side with what people use instead, in one run, as ratios.

Run by .ci/bench.mjs, which builds everything and gives the screen, the session bus and the keychain. Absolute figures
depend on the machine and its load; the ratios hardly do, since both sides take turns.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import engine_table
import explorer
from app_window import Window
from explorer import connection, sandbox, secrets
from measure import Table, median, run

HERE = Path(__file__).parent
ROWS = 100_000
API = "standard"
COUNT = ["--count", "--format", "json"]


def counted(one):
    return json.loads(one.text)["total"]


def range_with_enough_rows(cippctl, ready, env):
    """The last days, today left out, that have at least 100,000 rows together: (from, to, rows)."""
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    for days in range(8, 30):
        first = yesterday - datetime.timedelta(days=days - 1)
        # Both at the end of the command line, as a person would write it.
        dates = ["--from", first.isoformat(), "--to", yesterday.isoformat()]
        command = [cippctl, "logs", *connection(ready), "--secret-env", "CLIENT_SECRET", *dates, *COUNT]
        rows = counted(run(command, env))
        if rows >= ROWS:
            return first, yesterday, rows
    raise SystemExit(f"The sandbox has no {ROWS} rows in 30 days.")


def command_line(table, cippctl, runs, ready, env, first, last):
    """cippctl and the recipe in Python in turns: filter by API and count; then the time to the first row."""
    logs = [cippctl, "logs", *connection(ready), "--secret-env", "CLIENT_SECRET"]
    logs += ["--from", first.isoformat(), "--to", last.isoformat()]
    recipe = [sys.executable, HERE / "seed_recipe.py", f"{first:%Y%m%d}", f"{last:%Y%m%d}", API]
    ours, theirs, streams = [], [], []
    for number in range(runs):
        print(f"  command line, run {number + 1} of {runs}", flush=True)
        ours.append(run([*logs, "--api", API, *COUNT], env))
        theirs.append(run(recipe, env))
        streams.append(run([*logs, "--format", "ndjson"], env))
        counts = {counted(ours[-1]), int(theirs[-1].text)}
        if len(counts) > 1:
            raise SystemExit(f"The two count differently: {counts}")

    def both(what):
        return median([what(one) for one in ours]), median([what(one) for one in theirs])

    table.ratio("filter and count: CPU time", *both(lambda one: one.cpu_s), "s", 1 / 3)
    table.ratio("filter and count: peak memory", *both(lambda one: one.peak_mb), "MB", 1 / 5)
    table.ratio("filter and count: time (no gate)", *both(lambda one: one.wall_s), "s", float("inf"))
    first_row = median([one.first_byte_s for one in streams])
    table.ratio("all rows as NDJSON: first row, of the whole", first_row, median([one.wall_s for one in streams]), "s", 0.05)


def start_ms(binary, marks):
    """From the start of the process until all of these marks of the page's performance timeline have been set."""
    with Window(binary) as window:
        reached = window.until(
            f"const marks = {json.dumps(marks)}.map((name) => performance.getEntriesByName(name)[0]);"
            "return marks.every(Boolean) && performance.timeOrigin + Math.max(...marks.map((mark) => mark.startTime))"
        )
        return reached - window.started_epoch_ms()


def app_start(table, folder, runs):
    """CIPP Desk and an empty window in turns; the first start of each fills the system's caches and does not count."""
    ours, theirs = [], []
    for number in range(runs + 1):
        print(f"  start of the app, run {number} of {runs}", flush=True)
        ours.append(start_ms(folder / "cipp-desk", ["first-contentful-paint", "usable"]))
        theirs.append(start_ms(folder / "examples" / "empty-window", ["first-contentful-paint"]))
    table.ratio("start to a usable first screen", median(ours[1:]), median(theirs[1:]), "ms", 1.3)


def app_memory(table, folder, cippctl, ready, env, first, last, rows):
    """The app's own process with all rows of the range loaded."""
    name = "Bench"
    add = [cippctl, "connections", "add", "--name", name, *connection(ready), "--secret-env", "CLIENT_SECRET"]
    run(add, env)
    print(f"  memory of the app with {rows:,} rows", flush=True)
    with Window(folder / "cipp-desk") as window:
        window.click("open")
        window.element("log-grid")
        today = window.proportional_mb()
        window.script(
            "const field = document.querySelector(`[data-testid='range']`);"
            "field.value = 'custom'; field.dispatchEvent(new Event('change', { bubbles: true }));"
        )
        window.element("from")
        window.script(
            "for (const [id, value] of [['from', arguments[0]], ['to', arguments[1]]]) {"
            "  const field = document.querySelector(`[data-testid='${id}']`);"
            "  field.value = value;"
            "  for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));"
            "}",
            first.isoformat(),
            last.isoformat(),
        )
        window.click("show-days")
        if (last - first).days >= 10:
            window.click("long-range-yes")
        window.until(f"return document.body.innerText.includes('{rows:,} entries')")
        table.amount("app process, today's rows loaded (no gate)", today, "MB", float("inf"))
        table.amount(f"app process, {rows:,} rows loaded", window.proportional_mb(), "MB", 150)


def memory_budget_mb():
    """What rows may take by default: the smaller of 1 GB and a quarter of this computer's memory."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    return min(1024, whole / 4)


def beside_others(table, folder, given):
    """cippctl and the app beside what people use instead."""
    cippctl = folder / "cippctl"
    with sandbox(cippctl, "--scenario", "healthy", "--size", "large") as ready:
        env = secrets(ready)
        first, last, rows = range_with_enough_rows(cippctl, ready, env)
        print(f"{rows:,} rows from {first} to {last}; {given.runs} runs each, the median counts; {os.cpu_count()} cores")
        command_line(table, cippctl, given.runs, ready, env, first, last)
        if not given.no_window:
            app_start(table, folder, given.runs)
            app_memory(table, folder, cippctl, ready, env, first, last, rows)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binaries", type=Path, required=True, help="folder of the release binaries")
    options.add_argument("--runs", type=int, default=5, help="how often each side runs; the median counts")
    options.add_argument("--no-window", action="store_true", help="leave out what needs a window")
    options.add_argument("--quick", action="store_true", help="leave out the engine and the worlds of millions of rows")
    options.add_argument("--only-explorer", action="store_true", help="only the worlds of one and of five million rows")
    given = options.parse_args()
    folder = given.binaries.resolve()
    cippctl = folder / "cippctl"
    table = Table()
    if not given.only_explorer:
        beside_others(table, folder, given)
    engine, failed = None, None
    if not given.quick and not given.only_explorer:
        try:
            engine = engine_table.measured()
        except subprocess.CalledProcessError as error:
            # What was measured before and is measured after is worth having all the same; the end says what is missing.
            failed = error
    if not given.quick and not given.no_window:
        key_ms = engine and engine_table.keystroke_ms(engine)
        empty_mb = explorer.one_million(table, folder / "cipp-desk", cippctl, key_ms)
        explorer.five_million(table, folder / "cipp-desk", cippctl, empty_mb + memory_budget_mb())
    if engine:
        engine_table.show(engine)
    table.print()
    if failed:
        sys.exit(f"The engine's table is missing: {failed}")


if __name__ == "__main__":
    main()
