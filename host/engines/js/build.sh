#!/usr/bin/env bash
# Builds the engine of mods in JavaScript: engine.wasm.zst, from QuickJS-ng as the crate
# rquickjs-sys has it, and what lies in this folder. With --check compares instead, and
# fails where what is built differs from what lies here.
#
# Needs Debian's clang-19, lld-19, wasi-libc, libclang-rt-19-dev-wasm32, node and zstd, and
# curl for the crate; where that cannot be fetched it exits with 69. QUICKJS_CRATE names
# one that is here.
set -euo pipefail
cd "$(dirname "$0")"

version=0.14.0
digest=cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

crate=${QUICKJS_CRATE:-}
if [ -z "$crate" ]; then
    crate=$work/crate
    url=https://static.crates.io/crates/rquickjs-sys/rquickjs-sys-$version.crate
    curl -sSfL -o "$crate" "$url" || exit 69
fi
printf '%s  %s\n' "$digest" "$crate" | sha256sum --check --quiet
tar -xzf "$crate" -C "$work" "rquickjs-sys-$version/quickjs"
sources=$work/rquickjs-sys-$version/quickjs

flags=(--target=wasm32-wasi -std=gnu23 -O2 -mbulk-memory -msimd128 -D_GNU_SOURCE
    -D_WASI_EMULATED_SIGNAL -Wno-everything -Werror=incompatible-pointer-types
    -Werror=incompatible-function-pointer-types -Werror=int-conversion "-ffile-prefix-map=$sources=." "-ffile-prefix-map=$PWD=."
    -isystem "$sources" -DNDEBUG)
for name in libregexp libunicode dtoa; do
    clang-19 "${flags[@]}" -Os -c "$sources/$name.c" -o "$work/$name.o"
done
# The SDK is one module, in the order of its files.
cat sdk/*.js >"$work/sdk.js"
clang-19 "${flags[@]}" -I. "--embed-dir=$work" -c engine.c -o "$work/engine.o"
clang-19 --target=wasm32-wasi -mexec-model=reactor "$work"/{engine,libregexp,libunicode,dtoa}.o \
    -lwasi-emulated-signal -Wl,--stack-first -Wl,-z,stack-size=262144 -Wl,--gc-sections -Wl,-s -o "$work/engine.wasm"
node snapshot.mjs "$work/engine.wasm" "$work/kept.wasm" LICENSE.quickjs-ng LICENSE.wasi-libc
zstd -19 --quiet --no-progress "$work/kept.wasm" -o "$work/engine.wasm.zst"
if [ "${1:-}" = --check ]; then
    zstd --decompress --quiet engine.wasm.zst -o "$work/here.wasm"
    cmp "$work/kept.wasm" "$work/here.wasm"
else
    cp "$work/engine.wasm.zst" .
    ls -l engine.wasm.zst "$work/kept.wasm"
fi
