#!/bin/sh
# Prints the best Python for the virtual environment: 3.11 or newer, able to make one, and built with optimisation if
# there is such a one (an interpreter built without it costs the server a fifth of its speed).
set -eu
best=""
for name in "${PYTHON:-}" /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/bin/python3 python3; do
    [ -n "$name" ] && path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    [ "$name" = "${PYTHON:-}" ] && best=$path && break
    [ -n "$best" ] || best=$path
    if "$path" -c 'import sys, sysconfig; sys.exit("--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""))'; then
        best=$path
        break
    fi
done
if [ -z "$best" ]; then
    echo "no Python 3.11 or newer with venv was found; on Debian: apt-get install python3 python3-venv" >&2
    exit 1
fi
echo "$best"
