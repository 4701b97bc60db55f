#!/bin/sh
# Runs every fuzz target of the module for the time given (10s).
set -eu
cd "$(dirname "$0")/.."
time=${1:-10s}

# go test -list prints the targets of a package and then "ok <package> <time>".
list=$(go test -list '^Fuzz' ./...)
targets=$(printf '%s\n' "$list" | awk '
	/^Fuzz/ { names[++n] = $1; next }
	$1 == "ok" { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "no fuzz targets"
	exit 0
fi
printf '%s\n' "$targets" | while read -r package target; do
	echo "$package $target"
	# Go makes each new input shorter for up to a minute, in which it tries no others, and where the time ends meanwhile it may
	# fail with "context deadline exceeded": ten attempts are enough.
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "$package" </dev/null
done
