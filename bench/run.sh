#!/usr/bin/env bash
# All benchmarks in one run; see README.md. Options go to bench.mjs: --quick, --only gateway,engine,start, --save.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
missing=()
for pair in nginx:nginx-light gcc:gcc taskset:util-linux; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}"); done
if ((${#missing[@]})); then
  echo "installing ${missing[*]}" >&2
  apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi
ulimit -n 20000 2>/dev/null || true
for project in src/Milliways bench/Engine; do
  [[ -n "${MILLIWAYS:-}" && $project == src/Milliways ]] && continue
  (cd "$here/.." && dotnet build -c Release "$project" -v quiet --nologo >&2)
done
exec node "$here/bench.mjs" "$@"
