"""The log explorer with a million rows, and with five: from CIPP into the archive, and then in the real window.

Worlds come from the sandbox, the archive is filled by cippctl with the key in the keychain, and the app opens it. What a
key costs beyond the search itself is counted in frames of this screen, so that the figure means the same everywhere.
"""

import datetime
import json
import random
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from app_window import Window
from measure import percentile, run

PROBE = (Path(__file__).parent / "probe.js").read_text()
MILLION = 1_000_000
KB_PER_ROW = 0.45
# What is typed, key by key: usual words, one that hardly anything has, one that everything has.
WORDS = ["failed", "dunmore", "aadsts50076", "a", "standards", "sev:error", "exchange licence"]
DAYS = 90


@contextmanager
def sandbox(cippctl, *arguments):
    """A sandbox in a process of its own."""
    command = [cippctl, "sandbox", "--listen", "127.0.0.1:0", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def connection(ready):
    """The options by which cippctl reaches the sandbox; the secret comes from the environment."""
    pairs = {"--api-url": "api_url", "--tenant-id": "tenant_id", "--client-id": "client_id", "--authority": "authority"}
    return [word for option, name in pairs.items() for word in (option, ready[name])]


def secrets(ready):
    """The environment of whoever speaks to the sandbox."""
    return {name.upper(): ready[name] for name in ("authority", "api_url", "tenant_id", "client_id", "client_secret")}


def calls(ready):
    """How often ListLogs was called so far."""
    with urllib.request.urlopen(f"{ready['authority']}/sandbox/calls") as reply:
        asked = json.load(reply)["counts"].get("ListLogs", {})
    return sum(asked.values())


def save_connection(cippctl, ready, name):
    run([cippctl, "connections", "add", "--name", name, *connection(ready), "--secret-env", "CLIENT_SECRET"], secrets(ready))


def collect(cippctl, ready, name, days):
    """Into the archive of a saved connection, with its key from the keychain."""
    return run([cippctl, "collect", "--connection", name, "--since", f"{days}d"], secrets(ready))


def collecting(table, cippctl, ready, name, rows):
    """From CIPP into the archive, and once more."""
    print(f"  collecting {rows:,} rows into the archive", flush=True)
    first = collect(cippctl, ready, name, DAYS)
    table.amount(f"collect and seal {rows:,} rows (no gate)", first.wall_s, "s", float("inf"))
    table.amount("  peak memory of cippctl (no gate)", first.peak_mb, "MB", float("inf"))
    before = calls(ready)
    again = collect(cippctl, ready, name, 30)
    table.amount("calls for 30 days the second time", calls(ready) - before, "", 1)
    table.amount("  time of that (no gate)", again.wall_s, "s", float("inf"))


def open_connection(window, name):
    """Opens the log of a saved connection, from the list of connections."""
    window.element("rail-connections")
    window.click("rail-connections")
    window.until(
        "const row = [...document.querySelectorAll(`[data-testid='connection']`)]"
        f".find((row) => row.textContent.includes({json.dumps(name)}));"
        "const button = row?.querySelector(`[data-testid='open']`);"
        "button?.click(); return Boolean(button)"
    )
    window.element("range")


def show_days(window, days):
    """The last days, today included."""
    last = datetime.datetime.now(datetime.timezone.utc).date()
    first = last - datetime.timedelta(days=days - 1)
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


def counts(window):
    """The numbers in the line of counts: (left, all)."""
    text = window.script("return document.querySelector(`[data-testid='counts']`)?.innerText ?? ''")
    numbers = [int(word.replace(",", "")) for word in text.split() if word.replace(",", "").isdigit()]
    return (numbers[0], numbers[-1]) if numbers else (0, 0)


def days_by_state(window):
    """How many days of the strip are in which state."""
    states = window.script(
        "return [...document.querySelectorAll(`[data-testid^='day-2']`)].map((day) => day.dataset.state)"
    )
    return {state: states.count(state) for state in sorted(set(states))}


def wait_until_loaded(window, days):
    """Every day is where it will be, and says so."""
    window.until(
        "const days = [...document.querySelectorAll(`[data-testid^='day-2']`)];"
        "document.querySelector(`[data-testid='long-range-yes']`)?.click();"
        f"return days.length === {days} && days.every((day) => !['waiting', 'loading', undefined].includes(day.dataset.state))",
        patience_s=1_200,
    )


def wait_for_rows(window, rows):
    """The line of counts follows the days by some hundred milliseconds."""
    for _ in range(200):
        if counts(window)[1] == rows:
            return
        time.sleep(0.1)
    raise SystemExit(f"The window shows {counts(window)[1]:,} instead of {rows:,} rows.")


def settled_count(window):
    """The number of rows, when it no longer changes."""
    last = -1
    while (now := counts(window)[1]) != last:
        last = now
        time.sleep(1)
    return now


def empty_memory(app, cippctl):
    """Memory of all processes of the app with an empty log on the screen."""
    with sandbox(cippctl, "--scenario", "empty_day") as ready:
        save_connection(cippctl, ready, "Empty")
        with Window(app) as window:
            open_connection(window, "Empty")
            window.element("empty-day")
            return window.settled_mb()


def typing(window):
    """Every key of every word, each when the one before has been painted."""
    window.script(PROBE)
    window.script("probe.frameLength()")
    frame_ms = window.until("return probe.frame")
    keys = []
    for word in WORDS * 3:
        for key in word:
            window.script("probe.nextKey()")
            window.send("filter", key)
            keys.append(window.until("return probe.key"))
        window.click("filter-clear")
        window.until("return document.querySelector(`[data-testid='filter']`).value === ''")
    return frame_ms, keys


def drawing(window):
    """What the rows on the screen cost to be drawn here, without the app: where the graphics are emulated, most of it."""
    window.script("probe.drawing()")
    return window.until("return probe.drawn", patience_s=120)


def scrolling(window):
    """Jumps all over the list, each followed by rolling on."""
    places = [0, 1, *(random.Random(1).random() for _ in range(60)), 0]
    window.script("probe.scroll(arguments[0], 12)", places)
    return window.until("return probe.scrolled", patience_s=600)


def one_million(table, app, cippctl, engine_ms):
    """The window with a million rows. `engine_ms`: what one key costs the search alone, from the table of the engine.
    Returns the memory of the app with an empty log."""
    empty_mb = empty_memory(app, cippctl)
    with sandbox(cippctl, "--size", "million") as ready:
        save_connection(cippctl, ready, "Million")
        collecting(table, cippctl, ready, "Million", MILLION)
        print("  the window with 1,000,000 rows", flush=True)
        with Window(app) as window:
            open_connection(window, "Million")
            before = calls(ready)
            show_days(window, DAYS)
            wait_until_loaded(window, DAYS)
            wait_for_rows(window, MILLION)
            table.amount(f"calls for {DAYS} archived days in the window", calls(ready) - before, "", 1)
            loaded_mb = window.settled_mb()
            frame_ms, keys = typing(window)
            drawn = drawing(window)
            scrolled = scrolling(window)
    keys = [key for key in keys if key["applied"]]
    painted = [key["painted"] for key in keys]
    engine = engine_ms or percentile([key["answered"] for key in keys], 95)
    whose = "the engine's own time" if engine_ms else "the answer of the search"
    frames = (percentile(painted, 95) - engine) / frame_ms
    table.amount("1M rows: key to painted rows, median (no gate)", percentile(painted, 50), "ms", float("inf"))
    table.amount("1M rows: key to painted rows, p95 (no gate)", percentile(painted, 95), "ms", float("inf"))
    table.amount(f"  of that on top of {whose}", frames, "frames", 3)
    table.amount("  rows changed by hand, to painted, p95 (no gate)", drawn, "ms", float("inf"))
    table.amount("  length of a frame here (no gate)", frame_ms, "ms", float("inf"))
    table.amount("1M rows: longest blank while scrolling", scrolled["longestBlank"], "frames", 2)
    table.amount("  longest wait for the rows of a place (no gate)", scrolled["longestHeld"], "frames", float("inf"))
    table.amount("1M rows: rows in the page at most", scrolled["mostRows"], "", 60)
    allowed = empty_mb + MILLION * KB_PER_ROW / 1024
    table.amount("empty log: memory of all processes (no gate)", empty_mb, "MB", float("inf"))
    table.amount("1M rows: memory of all processes", loaded_mb, "MB", allowed)
    return empty_mb


def five_million(table, app, cippctl, budget_mb):
    """Five million rows within the memory budget; what is not in memory is said to be so, day by day."""
    rows = 5 * MILLION
    with sandbox(cippctl, "--size", "five-million") as ready:
        save_connection(cippctl, ready, "Five")
        print(f"  collecting {rows:,} rows into the archive", flush=True)
        collect(cippctl, ready, "Five", DAYS)
        print(f"  the window with {rows:,} rows", flush=True)
        with Window(app) as window:
            open_connection(window, "Five")
            show_days(window, DAYS)
            wait_until_loaded(window, DAYS)
            states = days_by_state(window)
            loaded = settled_count(window)
            used_mb = window.settled_mb()
    in_memory = DAYS - states.get("outOfMemory", 0)
    # Days are alike to one row; every one that counts as searched must have brought all of its rows.
    missing = abs(rows * in_memory / DAYS - loaded)
    table.amount(f"5M rows: days in memory, of {DAYS} (no gate)", in_memory, "", float("inf"))
    table.amount("5M rows: rows missing without a word", 0 if missing <= in_memory else missing, "", 0)
    table.amount("5M rows: memory of all processes", used_mb, "MB", budget_mb)
