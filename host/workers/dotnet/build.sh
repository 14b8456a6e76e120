#!/bin/sh
# Makes the .NET worker with Mono's compiler: `build.sh [DIRECTORY]` puts mayfly-worker.exe there. Without one it goes where the server
# looks for it: target/workers/dotnet in the repository, beside this file in an installation.
# Does nothing when the program is newer than its source.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
[ -f "$root/Cargo.toml" ] && default=$root/target/workers/dotnet || default=$here
out=${1:-$default}
program=$out/mayfly-worker.exe

[ -z "$(find "$here" -newer "$program" \( -name '*.cs' -o -name build.sh \) 2>/dev/null)" ] && [ -f "$program" ] && exit 0

command -v mcs >/dev/null 2>&1 || {
    echo "mayfly worker for .NET: no compiler; as root on Debian run \`apt-get install mono-mcs mono-runtime libmono-system-core4.0-cil libmono-microsoft-csharp4.0-cil\`" >&2
    exit 1
}

mkdir -p "$out"
# Named when it is whole.
mcs -nologo -optimize+ -langversion:7 -warnaserror+ -target:exe -r:System.Core.dll -r:Microsoft.CSharp.dll -out:"$program.tmp" "$here"/*.cs
# For `dotnet mayfly-worker.exe`, where there is no Mono.
[ "$out" -ef "$here" ] || cp "$here/mayfly-worker.runtimeconfig.json" "$out/"
mv "$program.tmp" "$program"
