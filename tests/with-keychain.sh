#!/usr/bin/env bash
# Runs a command with a session bus and a real, unlocked, throw-away keychain of its own, without a display.
# Nothing of it touches the keychain or the settings of whoever runs it, and nothing of it is left behind.
#   bash tests/with-keychain.sh cargo test -p connections
# Needs: dbus-daemon (with dbus-run-session) and gnome-keyring. Linux only.
set -euo pipefail

for program in dbus-run-session dbus-send gnome-keyring-daemon; do
  command -v "$program" >/dev/null || {
    echo "with-keychain.sh: $program is missing. Install it: sudo apt-get install dbus-daemon gnome-keyring" >&2
    exit 127
  }
done

work=$(mktemp -d)
# A program that is just ending may still be writing: what cannot be removed at once is tried again.
trap 'rm -rf "$work" 2>/dev/null || { sleep 0.5; rm -rf "$work" || true; }' EXIT
mkdir "$work"/{data,config,cache} && mkdir -m 700 "$work/run"
export XDG_DATA_HOME="$work/data" XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache" \
  XDG_RUNTIME_DIR="$work/run" NO_AT_BRIDGE=1 CIPP_DESK_TEST_KEYCHAIN=1
unset GNOME_KEYRING_CONTROL SSH_AUTH_SOCK DBUS_SESSION_BUS_ADDRESS
# Without a display the keychain can ask nobody: a locked one then refuses instead of waiting for an answer.
# with-desktop.sh has a display of its own, and keeps it.
[ "${1:-}" = --keep-display ] && shift || unset DISPLAY WAYLAND_DISPLAY

# dbus-run-session ends the bus, but not what was started on it: the keychain is ended here, by its own process id.
# A newline is needed as its password: given no input at all, the daemon makes no login keyring. The command starts
# when the keychain answers on the bus, or D-Bus would start a second one that is locked.
dbus-run-session -- bash -c '
  gnome-keyring-daemon --foreground --unlock --components=secrets <<<"" >/dev/null 2>&1 &
  keychain=$!
  trap "kill $keychain 2>/dev/null || true; wait $keychain 2>/dev/null || true" EXIT
  answers() {
    [ -e "$XDG_DATA_HOME/keyrings/login.keyring" ] &&
      dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        string:org.freedesktop.secrets | grep -q "boolean true"
  }
  for try in $(seq 200); do
    answers && break
    [ "$try" = 200 ] && { echo "with-keychain.sh: gnome-keyring did not start within 20 s" >&2; exit 1; }
    sleep 0.1
  done
  "$@"' _ "$@"
