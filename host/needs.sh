#!/bin/sh
# Looks for everything that building the server takes, before anything is compiled: one line for each, and what to do about all that is
# missing at once. The toolchain for guests is found or installed by `guest/toolchain.sh`, which `make run` calls next.
set -u
here=$(dirname "$0")
missing=0

found() { printf 'found    %s\n' "$1"; }
lacks() {
    printf 'missing  %s\n         %s\n' "$1" "$2"
    missing=1
}

if [ "$(uname -s)" = Linux ]; then
    found "Linux $(uname -m)"
else
    lacks "Linux (this is $(uname -s))" "Mayfly runs on Linux only: use a virtual machine or a container"
fi

needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/../Cargo.toml")
version=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
if [ -z "$version" ] || ! command -v cargo >/dev/null 2>&1; then
    lacks "Rust $needed or newer" "install it from https://rustup.rs"
elif [ "$(printf '%s\n' "$needed" "${version%%-*}" | sort -V | head -n 1)" = "$needed" ]; then
    found "Rust $version"
else
    lacks "Rust $needed or newer (this is $version)" "run \`rustup update\`"
fi

program=$(mktemp -d) || exit 1
trap 'rm -rf "$program"' EXIT
if printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' | ${CC:-cc} -x c - -o "$program/a" 2>/dev/null; then
    found "a C compiler, ${CC:-cc}"
else
    lacks "a C compiler that works (${CC:-cc})" "on Debian run \`apt-get install gcc libc6-dev\`, or set CC"
fi

# Measured: what `make run` leaves in target/ is 5 GB.
room=$(df -Pk "$here/.." | awk 'NR == 2 { print int($4 / 1048576) }')
if [ -d "$here/../target/debug" ] || [ "${room:-0}" -ge 6 ]; then
    found "${room:-?} GiB of free disk"
else
    lacks "6 GiB of free disk (there are ${room:-?})" "make room, or set CARGO_TARGET_DIR in the Makefile to another disk"
fi

exit "$missing"
