#!/bin/sh
# Makes the .NET worker with Mono's compiler: `build.sh [DIRECTORY]` puts mayfly-worker.exe there, target/workers/dotnet without one.
# Does nothing when the program is newer than its source.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../target/workers/dotnet}
program=$out/mayfly-worker.exe

[ -z "$(find "$here" -newer "$program" \( -name '*.cs' -o -name build.sh \) 2>/dev/null)" ] && [ -f "$program" ] && exit 0

command -v mcs >/dev/null 2>&1 || {
    echo "mayfly worker for .NET: no compiler; as root on Debian run \`apt-get install mono-mcs mono-runtime libmono-system-core4.0-cil\`" >&2
    exit 1
}

mkdir -p "$out"
# Named when it is whole.
mcs -nologo -optimize+ -langversion:7 -warnaserror+ -target:exe -r:System.Core.dll -out:"$program.tmp" "$here"/*.cs
mv "$program.tmp" "$program"
