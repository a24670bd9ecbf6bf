#!/usr/bin/env bash
# Runs a command with an X display of its own, and with the session bus and keychain of with-keychain.sh.
#   bash tests/with-desktop.sh cargo test -p cipp-desk-tests --test app
# Needs: xvfb and xauth, and what with-keychain.sh needs. Linux only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

for program in xvfb-run xauth; do
  command -v "$program" >/dev/null || {
    echo "with-desktop.sh: $program is missing. Install it: sudo apt-get install xvfb xauth" >&2
    exit 127
  }
done

unset WAYLAND_DISPLAY
exec xvfb-run --auto-servernum --server-args="-screen 0 1280x900x24" -- \
  bash "$here/with-keychain.sh" --keep-display "$@"
