#!/bin/sh
# Makes a toolchain for Rust guests available, and prints its name on the last line: `rustup` or `debian`.
#
#   GUEST_TOOLCHAIN=rustup   the Rust on the path, with the target wasm32-unknown-unknown
#   GUEST_TOOLCHAIN=debian   Debian's rustc-web, cargo-web, rust-web-src and lld
#   unset                    the target if it is installed; else Debian's packages if they are; else `rustup target add`, given
#                            up on after a minute (it may have no way out); else `apt-get install` of Debian's packages
#
# `mayfly build` looks for them in the same order. Run again, this changes nothing and takes a fraction of a second.
#
# `toolchain.sh cpp` is about C++ guests instead: clang with wasi-libc and libc++, which Debian has. `toolchain.sh legacy` is about what
# legacy workers are built with: Mono with its C# compiler, and a C++ compiler.
set -eu

TARGET=wasm32-unknown-unknown
PACKAGES="rustc-web cargo-web rust-web-src lld"

CPP_PACKAGES="clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32"

LEGACY_PACKAGES="mono-mcs mono-runtime libmono-system-core4.0-cil libmono-system-runtime4.0-cil libmono-microsoft-csharp4.0-cil g++"

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

# The oldest Rust that guests are written for, and whether Debian's is that or newer: not every release's archive has one.
# In an archive the sample app says so.
here=$(dirname "$0")
NEEDED=$(cat "$here/Cargo.toml" "$here/sample/Cargo.toml" 2>/dev/null | sed -n 's/^rust-version = "\(.*\)"$/\1/p')

debian_version() {
    /usr/bin/rustc --version | cut -d ' ' -f 2
}

is_new_enough() {
    [ "$(printf '%s\n' "$NEEDED" "$1" | sort -V | head -n 1)" = "$NEEDED" ]
}

has_debian() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -x /usr/bin/wasm-ld ] || return 1
    is_new_enough "$(debian_version)" || {
        say "Debian's rustc-web is $(debian_version), and guests need $NEEDED"
        return 1
    }
    [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ]
}

add_target() {
    command -v rustup >/dev/null 2>&1 || return 1
    say "adding the target $TARGET with rustup, for a minute at most"
    timeout 60 rustup target add "$TARGET" >&2 && has_target
}

# Installs the packages of its arguments.
install() {
    command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || return 1
    say "installing Debian's $*"
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be absent: a first try without renewing them is the quick way when they are not.
    apt-get install -y --no-install-recommends "$@" >&2 2>/dev/null || install_newest "$@"
}

install_newest() {
    apt-get update >&2 && apt-get install -y --no-install-recommends "$@" >&2
}

# The lists may also be old, and with them what they name.
install_debian() {
    # shellcheck disable=SC2086  # one word per package
    install $PACKAGES && { has_debian || { install_newest $PACKAGES && has_debian; }; }
}

# Whether a program that uses all of it can be compiled.
has_cpp() {
    for clang in clang++-19 clang++; do
        command -v "$clang" >/dev/null 2>&1 || continue
        printf '#include <string>\nextern "C" int f(int n) { return std::to_string(n).size(); }\n' \
            | "$clang" --target=wasm32-wasi -mexec-model=reactor -fno-exceptions -x c++ - -o /dev/null 2>/dev/null && return 0
    done
    return 1
}

# Whether a program with `dynamic` and a library in C++ can be compiled.
has_legacy() {
    command -v mono >/dev/null 2>&1 && command -v mcs >/dev/null 2>&1 || return 1
    work=$(mktemp -d) || return 1
    echo 'class P { static void Main() { dynamic n = 1; System.Console.Write(n + 1); } }' >"$work/p.cs"
    echo 'int main() {}' | ${CXX:-c++} -x c++ - -o "$work/p" 2>/dev/null \
        && mcs -nologo -r:Microsoft.CSharp.dll -r:System.Core.dll -out:"$work/p.exe" "$work/p.cs" >/dev/null 2>&1
    status=$?
    rm -rf "$work"
    return "$status"
}

chosen() {
    say "$2"
    echo "$1"
    exit 0
}

if [ "${1:-}" = cpp ]; then
    has_cpp && chosen cpp "clang for C++ guests"
    # shellcheck disable=SC2086  # one word per package
    install $CPP_PACKAGES && has_cpp && chosen cpp "clang for C++ guests, just installed"
    fail "no toolchain for C++ guests was found, and none could be installed" "as root on Debian run \`apt-get install $CPP_PACKAGES\`"
fi

if [ "${1:-}" = legacy ]; then
    has_legacy && chosen legacy "Mono and C++ for legacy workers"
    # shellcheck disable=SC2086  # one word per package
    install $LEGACY_PACKAGES && has_legacy && chosen legacy "Mono and C++ for legacy workers, just installed"
    fail "no Mono with a C# compiler, or no C++ compiler, was found, and none could be installed" "as root on Debian run \`apt-get install $LEGACY_PACKAGES\`"
fi

case "${GUEST_TOOLCHAIN:-}" in
rustup)
    has_target && chosen rustup "the installed target $TARGET (GUEST_TOOLCHAIN=rustup)"
    add_target && chosen rustup "the target $TARGET, just added (GUEST_TOOLCHAIN=rustup)"
    fail "GUEST_TOOLCHAIN=rustup, but the target $TARGET is not installed and could not be added" \
        "run \`rustup target add $TARGET\` where it can be downloaded, or set GUEST_TOOLCHAIN=debian"
    ;;
debian)
    has_debian && chosen debian "Debian's packages (GUEST_TOOLCHAIN=debian)"
    install_debian && chosen debian "Debian's packages, just installed (GUEST_TOOLCHAIN=debian)"
    fail "GUEST_TOOLCHAIN=debian, but its packages are missing or too old, and could not be installed" \
        "as root on Debian with its security archive run \`apt-get install $PACKAGES\`, or set GUEST_TOOLCHAIN=rustup"
    ;;
"")
    has_target && chosen rustup "the installed target $TARGET"
    has_debian && chosen debian "Debian's packages"
    add_target && chosen rustup "the target $TARGET, just added"
    install_debian && chosen debian "Debian's packages, just installed"
    fail "no toolchain for Rust guests was found, and none could be installed" \
        "run \`rustup target add $TARGET\`, or as root on Debian \`apt-get install $PACKAGES\`"
    ;;
*)
    fail "GUEST_TOOLCHAIN=$GUEST_TOOLCHAIN is unknown" "set it to rustup or debian, or leave it out"
    ;;
esac
