#!/bin/sh
# For one thing only: the first link with a window, on a machine that has no screen. Gives the service a virtual screen
# with LOGIN_MODE=local. Once the phone is linked, stop it (Ctrl-C) and start the service as always: the login stays.
#
#   deploy/start-with-xvfb.sh [COMMAND OF session-manager]
#
# Hardly ever needed: without a window the code is at /qr.html, /qr.txt and /qr.png.
# Needs Xvfb, xauth and mcookie (Debian: apt-get install xvfb xauth util-linux). SESSION_MANAGER names the program if it is not where it is built.
set -eu

refuse() {
	printf 'start-with-xvfb.sh: %s\n' "$1" >&2
	exit "$2"
}

# EX_USAGE and EX_UNAVAILABLE of sysexits(3).
usage=64
unavailable=69

if [ -n "${pm_id:-}${pm_exec_path:-}" ]; then
	refuse 'not under PM2: it would watch this script instead of the service, and its signals would not arrive. Start deploy/pm2/ecosystem.config.js instead; it needs no screen.' "$usage"
fi
# A desktop's terminal is itself started by systemd, and has a person at its end.
if [ -n "${INVOCATION_ID:-}${NOTIFY_SOCKET:-}" ] && [ ! -t 0 ]; then
	refuse 'not under systemd: it would watch this script instead of the service. Use deploy/systemd/session-manager.service instead; it needs no screen.' "$usage"
fi
for argument in "$@"; do
	case "$argument" in
	--inspect* | --require* | --import* | --loader* | --experimental* | --max-old-space-size* | --max_old_space_size* | --expose-gc | --expose_gc | --trace-* | --no-warnings* | --enable-source-maps | --env-file* | --harmony* | --stack-size* | -r | *.js | *.cjs | *.mjs | node | */node)
		refuse "$argument is meant for Node; session-manager is a program of its own and takes no such argument. Settings are environment variables (README, \"Settings\")." "$usage"
		;;
	esac
done
if [ -n "${NODE_OPTIONS:-}" ]; then
	refuse 'NODE_OPTIONS is set, and is meant for Node; session-manager does not read it. Unset it for this command.' "$usage"
fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	refuse 'there is a screen here already: run LOGIN_MODE=local session-manager.' "$usage"
fi

here="$(cd "$(dirname "$0")" && pwd)"
program="${SESSION_MANAGER:-}"
if [ -z "$program" ]; then
	for program in "$here/../target/release/session-manager" /usr/local/bin/session-manager /usr/bin/session-manager; do
		[ ! -x "$program" ] || break
	done
fi
[ -x "$program" ] || refuse "there is no program $program: build it with cargo build --release --locked, or name it in SESSION_MANAGER." "$unavailable"
for tool in Xvfb xauth mcookie setsid; do
	command -v "$tool" >/dev/null 2>&1 || refuse "$tool is missing: apt-get install xvfb xauth util-linux" "$unavailable"
done

folder="$(mktemp -d)"
screen=""
service=""
# shellcheck disable=SC2317  # the trap below calls it
end() {
	[ -z "$screen" ] || kill "$screen" 2>/dev/null || true
	rm -rf "$folder"
}
trap end EXIT
# A terminal's Ctrl-C reaches the service by itself: passed on as well it would be the second, which forces.
trap : INT
trap '[ -z "$service" ] || kill -TERM "$service" 2>/dev/null || true' TERM HUP

# Other users of the machine must not see the window: the screen wants a cookie. It takes any number that is free, and
# says which. In a session of its own Ctrl-C does not reach it: the screen has to outlive the window.
cookie="$(mcookie)"
mkfifo "$folder/number"
xauth -q -f "$folder/server" add :0 . "$cookie" 2>/dev/null
setsid Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp -auth "$folder/server" \
	3>"$folder/number" 2>"$folder/said" &
screen=$!
if ! read -r number <"$folder/number"; then
	screen=""
	cat "$folder/said" >&2
	refuse 'the virtual screen did not start' "$unavailable"
fi
xauth -q -f "$folder/client" add ":$number" . "$cookie" 2>/dev/null

LOGIN_MODE=local DISPLAY=":$number" XAUTHORITY="$folder/client" "$program" "$@" &
service=$!
code=0
wait "$service" || code=$?
# A signal ends the wait, not the service.
while kill -0 "$service" 2>/dev/null; do
	code=0
	wait "$service" || code=$?
done
exit "$code"
