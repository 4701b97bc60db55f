#!/bin/sh
# Format and static analysis, as CI runs them. Both builds are looked at: files may be for one of them only.
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	echo "not formatted; run gofmt -w on:" >&2
	echo "$unformatted" >&2
	exit 1
fi
for cgo in ${CGO_ENABLED:-0 1}; do
	CGO_ENABLED=$cgo go vet ./...
	CGO_ENABLED=$cgo go tool staticcheck ./...
done
