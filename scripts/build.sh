#!/bin/sh
# Builds finscope into the file named. With CGO_ENABLED=0, or where libpcap cannot be had, the program reads files but
# has no -f filter and no live capture.
set -eu
cd "$(dirname "$0")/.."

if [ "${CGO_ENABLED:-1}" != 0 ]; then
	CGO_ENABLED=1
	status=0
	scripts/setup.sh || status=$?
	case $status in
	0) ;;
	1)
		echo "build: going on without libpcap: no -f filter, no live capture" >&2
		CGO_ENABLED=0
		;;
	*) exit "$status" ;;
	esac
fi
export CGO_ENABLED

# The version that the program prints comes from the repository. Where git cannot read it (a copy without .git, a
# checkout of somebody else's) Go would refuse to build.
vcs=false
if git status --porcelain >/dev/null 2>&1; then
	vcs=auto
fi
exec go build -trimpath -buildvcs=$vcs -o "$1" ./cmd/finscope
