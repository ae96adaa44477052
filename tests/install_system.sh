#!/usr/bin/env bash
# Installs the system packages tests need where they are missing: through apt-get as root, else says which.
set -euo pipefail
PATH="$PATH:/usr/sbin:/usr/local/sbin"
declare -A packages=([chromium]=chromium [espeak-ng]=espeak-ng [ffmpeg]=ffmpeg [haproxy]=haproxy [turnserver]=coturn)
[ "$(uname)" = Linux ] && packages[ip]=iproute2 && packages[systemd-analyze]=systemd
missing=()
for command in "${!packages[@]}"; do command -v "$command" >/dev/null 2>&1 || missing+=("${packages[$command]}"); done
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null 2>&1 || missing+=(postgresql)
quicker() { # half the processor time of the browser's tests, which do without it, too
  command -v chromium-headless-shell >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 0
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove chromium-headless-shell >/dev/null 2>&1 || true
}
[ ${#missing[@]} -eq 0 ] && quicker && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
  quicker
elif command -v brew >/dev/null 2>&1; then
  brew install --quiet "${missing[@]}"
else
  echo "Tests need these system packages, please install them: ${missing[*]}" >&2
  exit 1
fi
