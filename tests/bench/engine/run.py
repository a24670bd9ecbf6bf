"""Builds and runs the bench of the log's engine; prints one JSON document. Further arguments go to the bench:
--rows, --large, --runs. Needs libsqlcipher-dev for the SQLCipher side; ripgrep, jq and lnav are measured where they are
installed."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARIES = HERE / "target" / "release"
BUILD = ["cargo", "build", "--release", "--locked", "--manifest-path", HERE / "Cargo.toml"]


def build():
    """Both programs, one after the other: one build can hold only one SQLite."""
    subprocess.run([*BUILD, "--target-dir", HERE / "target", "--bin", "engine-bench"], check=True, stdout=sys.stderr)
    cipher = ["--no-default-features", "--features", "cipher", "--bin", "cipher-bench"]
    built = subprocess.run([*BUILD, "--target-dir", HERE / "target", *cipher], stdout=sys.stderr)
    if built.returncode:
        print("SQLCipher is not measured: install libsqlcipher-dev.", file=sys.stderr)


def main():
    build()
    options = ["--cipher", BINARIES / "cipher-bench", "--python", sys.executable, "--json-filter", HERE / "json_filter.py"]
    sys.exit(subprocess.run([BINARIES / "engine-bench", *options, *sys.argv[1:]]).returncode)


if __name__ == "__main__":
    main()
