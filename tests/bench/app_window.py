"""A Tauri app in a window, started through WebKitWebDriver, for measuring its start and its memory.

The tests of what the app does are in tests/app; here is only what a measurement needs of WebDriver.
"""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE_S = 120


class Window:
    """One run of an app."""

    def __init__(self, binary, arguments=()):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.binary = Path(binary).resolve()
        self.driver = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            env={**os.environ, "TAURI_WEBVIEW_AUTOMATION": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        options = {"binary": str(self.binary), "args": list(arguments)}
        capabilities = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self.session = ""
        started = time.monotonic()
        while not self.session:
            try:
                self.session = "/session/" + self._call("POST", "/session", capabilities)["sessionId"]
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() - started > PATIENCE_S:
                    raise
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait()

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return json.load(reply)["value"]

    def script(self, text, *arguments):
        """Runs a script (with `return`) in the page."""
        return self._call("POST", f"{self.session}/execute/sync", {"script": text, "args": list(arguments)})

    def until(self, text, patience_s=PATIENCE_S):
        """Waits until a script returns something true, and returns that."""
        started = time.monotonic()
        while not (value := self.script(text)):
            if time.monotonic() - started > patience_s:
                page = self.script("return document.body.innerText")
                raise SystemExit(f"Waited in vain for: {text}\nThe page reads:\n{page}")
            time.sleep(0.05)
        return value

    def element(self, test_id):
        """The element with a test id, as soon as it is there."""
        css = f"[data-testid='{test_id}']"
        self.until(f"return document.querySelector({json.dumps(css)}) !== null")
        found = self._call("POST", f"{self.session}/element", {"using": "css selector", "value": css})
        return f"{self.session}/element/{found[ELEMENT]}"

    def click(self, test_id):
        self._call("POST", f"{self.element(test_id)}/click", {})

    def type_into(self, test_id, text):
        element = self.element(test_id)
        self._call("POST", f"{element}/clear", {})
        self._call("POST", f"{element}/value", {"text": text})

    def send(self, test_id, text):
        """Presses keys in a field, after what is there already."""
        self._call("POST", f"{self.element(test_id)}/value", {"text": text})

    def process_id(self):
        """The process of the app itself, without those of the web view."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "exe").resolve() == self.binary:
                    return int(folder.name)
            except OSError:
                continue
        raise SystemExit(f"No process runs {self.binary}")

    def started_epoch_ms(self):
        """When the app's process was started, in milliseconds since 1970; exact to 10 ms."""
        stat = Path(f"/proc/{self.process_id()}/stat").read_text()
        ticks = int(stat.rpartition(")")[2].split()[19])
        since_boot = ticks / os.sysconf("SC_CLK_TCK")
        return (time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot) * 1000

    def proportional_mb(self):
        """Memory of the app's own process: its share of what is shared with others, all of the rest."""
        return proportional_mb(self.process_id())

    def settled_mb(self):
        """Memory of the app and all processes of its web view together, when it no longer falls: twice within 1 %."""
        last = float("inf")
        while True:
            time.sleep(3)
            now = sum(proportional_mb(process) for process in with_descendants(self.process_id()))
            if now > last * 0.99:
                return min(now, last)
            last = now


def proportional_mb(process):
    """The proportional size of a process; nothing for one that has just ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("The system does not tell the proportional size of a process.")


def with_descendants(root):
    """A process and all that it started, directly or not."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for process in found:
        found.extend(children.get(process, []))
    return found
