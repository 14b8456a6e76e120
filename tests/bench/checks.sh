#!/bin/sh
# What counting and checking the budgets of an invocation costs: the same invocations with a host that was built without, in turns.
# There is no switch for that in the product; the patch takes the checks out for the one build, and is taken back in any case.
set -eu
cd "$(dirname "$0")/../.."
out=target/checks
mkdir -p "$out"
cp target/release/mayfly "$out/mayfly"

build() {
    cargo build --release -p mayfly-bench --bin bench-mayfly
    cp target/release/bench-mayfly "$out/$1"
}

build checked
git apply tests/bench/unchecked.patch
trap 'git apply --reverse tests/bench/unchecked.patch' EXIT
build unchecked

round=0
while [ "$round" -lt "${ROUNDS:-7}" ]; do
    for build in checked unchecked; do
        printf '%-10s' "$build"
        "$out/$build" guest/bench --invocations 20000 | tail -1
    done
    round=$((round + 1))
done
