#!/bin/sh
# Installs what finscope needs to be built with libpcap: a C compiler and libpcap's headers. Installs nothing that is
# there. Succeeds if a program that uses libpcap can be built now; if not, says on standard error what is missing, and
# `make run` goes on without libpcap.
set -eu

say() { echo "setup: $*" >&2; }

if ! command -v go >/dev/null; then
	say "Go is not installed; get it from https://go.dev/dl/"
	exit 2
fi
cc=${CC:-$(go env CC)}

# Paths and package names only hint; what counts is whether it compiles and links.
builds() { # source, flags...
	source=$1
	shift
	# shellcheck disable=SC2086  # CC may hold flags
	printf '%s\n' "$source" | $cc -x c -o "$scratch/a.out" - "$@" >/dev/null 2>&1
}
has_compiler() { builds 'int main(void) { return 0; }'; }
has_libpcap() {
	builds '#include <pcap.h>
int main(void) { return pcap_lib_version() == 0; }' -lpcap
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if has_libpcap; then
	exit 0
fi

manager=
for name in apt-get dnf apk brew; do
	if command -v $name >/dev/null; then
		manager=$name
		break
	fi
done
compiler=gcc
headers='libpcap and its headers (libpcap-dev or libpcap-devel)'
case $manager in
apt-get) compiler='gcc libc6-dev' headers=libpcap-dev ;;
dnf) compiler='gcc glibc-devel' headers=libpcap-devel ;;
apk) compiler='gcc musl-dev' headers=libpcap-dev ;;
brew) compiler=gcc headers=libpcap ;;
esac
missing=$headers
if ! has_compiler; then
	missing="$compiler $headers"
	# Apple's compiler comes with libpcap; Homebrew's would be a second one.
	if [ "$(uname -s)" = Darwin ]; then
		say "no C compiler; install Apple's with: xcode-select --install"
		exit 1
	fi
fi

# Homebrew refuses to run as root, and needs no root.
as_root=
if [ "$manager" != brew ] && [ "$(id -u)" != 0 ]; then
	as_root='sudo -n' # without a terminal sudo must not wait for a password
	if [ -t 0 ]; then
		as_root=sudo
	fi
	if ! command -v sudo >/dev/null; then
		as_root=false
	fi
fi

install() {
	# shellcheck disable=SC2086  # lists of words
	case $manager in
	apt-get)
		# The package lists of a fresh machine are empty or old: only then fetch them.
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing ||
			{ $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; }
		;;
	dnf) $as_root dnf install -y $missing ;;
	apk) $as_root apk add --no-cache $missing ;;
	brew) brew install $missing ;;
	esac
}

if [ -n "$manager" ] && [ "$as_root" != false ]; then
	say "installing $missing"
	# The terminal stays connected for sudo's password; nothing else asks.
	if install >"$scratch/log" 2>&1 && has_libpcap; then
		exit 0
	fi
	tail -n 5 "$scratch/log" >&2
fi
case $manager in
'') say "no package manager known here; please install: $missing" ;;
brew) say "please run: brew install $missing" ;;
apt-get) say "please run as root: apt-get update && apt-get install -y $missing" ;;
apk) say "please run as root: apk add $missing" ;;
*) say "please run as root: $manager install -y $missing" ;;
esac
exit 1
