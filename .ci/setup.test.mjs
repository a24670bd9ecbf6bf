import assert from "node:assert/strict";
import { test } from "node:test";
import { hasDisplay, installCommand, isDebianLike, missing, nodeIsEnough, npmIsStale, plan } from "./setup.mjs";

const user = { debianLike: true, root: false, sudo: false };

test("Node is enough from 20.19 on", () => {
  assert.deepEqual(["18.20.0", "20.18.3", "20.19.0", "20.20.2", "22.0.0"].map(nodeIsEnough), [
    false,
    false,
    true,
    true,
    true,
  ]);
});

test("Debian, Ubuntu and their children are known by /etc/os-release", () => {
  assert.ok(isDebianLike('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'));
  assert.ok(isDebianLike('ID=linuxmint\nID_LIKE="ubuntu debian"\n'));
  assert.ok(!isDebianLike('ID="fedora"\nHOME_URL="https://example.org/not-debian"\n'));
});

test("only what is absent is missing", () => {
  const packages = {
    window: [
      { name: "there", present: () => true },
      { name: "absent", present: () => false },
    ],
    tests: [{ name: "never asked", present: () => assert.fail() }],
  };
  assert.deepEqual(missing(["window"], packages), ["absent"]);
});

test("nothing missing, nothing to do", () => assert.deepEqual(plan([], user), { kind: "nothing" }));

test("root installs, and so does a user whose sudo asks no password", () => {
  assert.deepEqual(plan(["xvfb"], { ...user, root: true }), { kind: "install", prefix: [] });
  assert.deepEqual(plan(["xvfb"], { ...user, sudo: true }), { kind: "install", prefix: ["sudo", "-n"] });
});

test("anyone else gets one line to run", () => {
  const { kind, message } = plan(["xvfb", "xauth"], user);
  assert.equal(kind, "ask");
  const commands = message.split("\n").filter((line) => line.startsWith("  "));
  assert.deepEqual(commands, ["  sudo apt-get update && sudo apt-get install -y --no-install-recommends xvfb xauth"]);
});

test("another Linux is told the names, and nothing is installed there even by root", () => {
  const { kind, message } = plan(["xvfb"], { debianLike: false, root: true, sudo: true });
  assert.equal(kind, "ask");
  assert.match(message, /xvfb/);
});

test("the install command brings no recommended extras", () => {
  assert.deepEqual(installCommand(["xvfb"]), ["apt-get", "install", "-y", "--no-install-recommends", "xvfb"]);
});

test("npm installs when it never did, or the lock file is newer", () => {
  assert.deepEqual([npmIsStale(5, null), npmIsStale(5, 4), npmIsStale(5, 5)], [true, true, false]);
});

test("a display is asked for on Linux alone", () => {
  assert.ok(!hasDisplay("linux", {}));
  assert.ok(!hasDisplay("linux", { DISPLAY: "" }));
  assert.ok(hasDisplay("linux", { WAYLAND_DISPLAY: "wayland-0" }));
  assert.ok(hasDisplay("win32", {}));
});
