#!/bin/sh
# Makes a toolchain for Rust guests available, and prints its name on the last line: `rustup` or `debian`.
#
#   GUEST_TOOLCHAIN=rustup   the Rust on the path, with the target wasm32-unknown-unknown
#   GUEST_TOOLCHAIN=debian   Debian's rustc-web, cargo-web, rust-web-src and lld
#   unset                    the target if it is installed; else Debian's packages if they are; else `rustup target add`, given
#                            up on after a minute (it may have no way out); else `apt-get install` of Debian's packages
#
# `mayfly build` looks for them in the same order. Run again, this changes nothing and takes a fraction of a second.
set -eu

TARGET=wasm32-unknown-unknown
PACKAGES="rustc-web cargo-web rust-web-src lld"

say() { printf '%s\n' "guest toolchain: $*" >&2; }

fail() {
    say "$1"
    say "remedy: $2"
    exit 1
}

# What cargo sets for the programs it runs must not decide here.
unset RUSTUP_TOOLCHAIN RUSTC RUSTC_WRAPPER CARGO 2>/dev/null || true

has_target() {
    root=$(rustc --print sysroot 2>/dev/null) && [ -d "$root/lib/rustlib/$TARGET/lib" ]
}

has_debian() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -x /usr/bin/wasm-ld ] || return 1
    [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ]
}

add_target() {
    command -v rustup >/dev/null 2>&1 || return 1
    say "adding the target $TARGET with rustup, for a minute at most"
    timeout 60 rustup target add "$TARGET" >&2 && has_target
}

install_debian() {
    command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || return 1
    say "installing Debian's $PACKAGES"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be absent or old: a first try without renewing them is the quick way when they are not.
    # shellcheck disable=SC2086  # one word per package
    { apt-get install -y --no-install-recommends $PACKAGES >&2 2>/dev/null \
        || { apt-get update >&2 && apt-get install -y --no-install-recommends $PACKAGES >&2; }; } && has_debian
}

chosen() {
    say "$2"
    echo "$1"
    exit 0
}

case "${GUEST_TOOLCHAIN:-}" in
rustup)
    has_target && chosen rustup "the installed target $TARGET (GUEST_TOOLCHAIN=rustup)"
    add_target && chosen rustup "the target $TARGET, just added (GUEST_TOOLCHAIN=rustup)"
    fail "GUEST_TOOLCHAIN=rustup, but the target $TARGET is not there and could not be added" \
        "run \`rustup target add $TARGET\` where it can be downloaded, or set GUEST_TOOLCHAIN=debian"
    ;;
debian)
    has_debian && chosen debian "Debian's packages (GUEST_TOOLCHAIN=debian)"
    install_debian && chosen debian "Debian's packages, just installed (GUEST_TOOLCHAIN=debian)"
    fail "GUEST_TOOLCHAIN=debian, but its packages are not there and could not be installed" \
        "as root on Debian run \`apt-get install $PACKAGES\`, or set GUEST_TOOLCHAIN=rustup"
    ;;
"")
    has_target && chosen rustup "the installed target $TARGET"
    has_debian && chosen debian "Debian's packages"
    add_target && chosen rustup "the target $TARGET, just added"
    install_debian && chosen debian "Debian's packages, just installed"
    fail "no toolchain for Rust guests is there, and none could be installed" \
        "run \`rustup target add $TARGET\`, or as root on Debian \`apt-get install $PACKAGES\`"
    ;;
*)
    fail "GUEST_TOOLCHAIN=$GUEST_TOOLCHAIN is unknown" "set it to rustup or debian, or leave it out"
    ;;
esac
