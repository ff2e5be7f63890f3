#!/bin/bash
# Asks the service in this container whether it is alive; needs no HTTP client in the image.
set -eu
port="${PORT:-3001}"

exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
IFS= read -r -t 4 status <&3
[[ $status == "HTTP/1.1 200 "* ]] || { printf '%s\n' "$status"; exit 1; }
