#!/bin/sh
# Builds what the legacy app needs beside its modules: the library and the assembly in bin/, the program that Mayfly loads it with, and
# data/ for the ledger.
# What is newer than its source is left as it is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
bin=$here/bin

newer() { [ -f "$1" ] && [ -z "$(find "$2" "$here/build.sh" -newer "$1")" ]; }

sh "$root/guest/toolchain.sh" legacy >/dev/null
sh "$root/host/workers/dotnet/build.sh"
mkdir -p "$bin" "$here/data"

newer "$bin/liblegacy.so" "$here/library" || {
    ${CXX:-c++} -std=c++17 -O2 -g -Wall -Wextra -fPIC -shared "$here/library/legacy.cpp" -o "$bin/liblegacy.so.tmp"
    mv "$bin/liblegacy.so.tmp" "$bin/liblegacy.so"
}
newer "$bin/LegacyApi.dll" "$here/assembly" || {
    mcs -nologo -optimize+ -target:library -r:System.Core.dll -r:Microsoft.CSharp.dll -out:"$bin/LegacyApi.dll.tmp" "$here"/assembly/*.cs
    mv "$bin/LegacyApi.dll.tmp" "$bin/LegacyApi.dll"
}
