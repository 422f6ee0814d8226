#!/bin/sh
# Fuzzes one target: ./run.sh weights|net [seconds]. Needs a nightly toolchain (or RUSTC_BOOTSTRAP=1) for the address
# sanitizer only; SANITIZER=none runs on stable. `cargo +nightly fuzz run TARGET` does the same where cargo-fuzz is.
set -eu
cd "$(dirname "$0")"
target=$1
seconds=${2:-600}
sanitizer=${SANITIZER:-address}
triple=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
if [ "$sanitizer" != none ]; then
    flags="$flags -Zsanitizer=$sanitizer"
fi
# With a target given, build scripts and macros are not instrumented.
RUSTFLAGS=$flags cargo build --release --locked --target "$triple" --bin "$target"
mkdir -p "corpus/$target" "artifacts/$target"
exec "${CARGO_TARGET_DIR:-target}/$triple/release/$target" "corpus/$target" "seeds/$target" \
    -dict="$target.dict" -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -max_len=8192 \
    -timeout=5 -rss_limit_mb=2048 -print_final_stats=1
