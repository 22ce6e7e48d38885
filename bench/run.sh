#!/usr/bin/env bash
# All benchmarks in one run; see README.md. Options go to bench.mjs: --quick, --only gateway,grpc,relays,journal,leaving,engine,start, --save.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
missing=()
for pair in nginx:nginx-light gcc:gcc taskset:util-linux openssl:openssl; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}"); done
if ((${#missing[@]})); then
  echo "installing ${missing[*]}" >&2
  apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi
ulimit -n 20000 2>/dev/null || true
# Portkey, the peer, stays in the scratch folder. With a newer @hono/node-server every stream of its answers 500.
peer="$here/out/portkey"
if [[ ! -f "$peer/node_modules/@portkey-ai/gateway/build/start-server.js" ]] && command -v npm >/dev/null; then
  mkdir -p "$peer"
  echo '{"private":true,"dependencies":{"@portkey-ai/gateway":"1.15.2"},"overrides":{"@hono/node-server":"1.13.8"}}' > "$peer/package.json"
  (cd "$peer" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || echo "Portkey is not installed: measured without it" >&2
fi
for project in src/Milliways bench/Engine bench/Journal bench/Logs bench/Relays; do
  [[ -n "${MILLIWAYS:-}" && $project == src/Milliways ]] && continue
  (cd "$here/.." && dotnet build -c Release "$project" -v quiet --nologo >&2)
done
exec node "$here/bench.mjs" "$@"
