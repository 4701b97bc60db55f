#!/bin/sh
# Everything CI does. Stops at the first failure.
set -eu
cd "$(dirname "$0")/.."

step() { echo "== $*"; }

step setup
status=0
scripts/setup.sh || status=$?
if [ "$status" -gt 1 ]; then
	exit "$status"
fi
race=-race
if [ "$status" = 1 ]; then
	echo "test: WITHOUT libpcap: nothing that uses it is tested, and there is no race detector without C" >&2
	export CGO_ENABLED=0
	race=
fi

step format, vet, staticcheck
scripts/lint.sh

step build
for cgo in ${CGO_ENABLED:-0 1}; do
	CGO_ENABLED=$cgo go build ./...
done

step "fuzz targets, ${FUZZTIME:-10s} each"
scripts/fuzz.sh "${FUZZTIME:-10s}"

# Last, so that the summary of what ran and what was skipped is what one sees.
step tests
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT
go build -o "$report/testreport" ./scripts/testreport
{ go test $race -timeout 30m -json ./... || echo $? >"$report/failed"; } | "$report/testreport"
if [ -e "$report/failed" ]; then
	echo "go test failed" >&2
	exit 1
fi
if [ "$status" = 1 ]; then
	echo "test: WITHOUT libpcap and the race detector; see above" >&2
fi
