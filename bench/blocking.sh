#!/usr/bin/env bash
# Does anything block the socket threads? See blocking.mjs. About a minute and a half: blocking.sh [seconds] [probes]
exec node "$(dirname "${BASH_SOURCE[0]}")/blocking.mjs" "$@"
