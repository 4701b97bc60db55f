#!/bin/sh
# Compares live capture with tcpdump: tcpreplay sends a made-up capture at the highest rate that the machine gives over a veth
# pair between two network namespaces, while tcpdump -w /dev/null and finscope -q listen, one after the other. Prints what
# the sender reached, as the listener shares its processors, and what was dropped. Needs root, tcpreplay and tcpdump.
#
#   ROUNDS=3 scripts/bench-live.sh
set -eu

cd "$(dirname "$0")/.."
for tool in tcpreplay tcpdump ip; do
	command -v $tool >/dev/null || { echo "bench-live: $tool is missing" >&2; exit 2; }
done
go build -o bin/finscope ./cmd/finscope

scratch=$(mktemp -d)
a=finscope-a-$$ b=finscope-b-$$
cleanup() {
	ip netns del $a 2>/dev/null || true
	ip netns del $b 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT INT TERM

go run ./internal/capgen/cmd/capgen --connections 60000 -o "$scratch/a.pcap" >/dev/null 2>&1
ip netns add $a
ip netns add $b
ip link add veth0 netns $a type veth peer name veth0 netns $b
for n in $a $b; do
	ip netns exec $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n $n link set veth0 up
done

listen() { # name, command...
	name=$1
	shift
	ip netns exec $b "$@" >/dev/null 2>"$scratch/said" &
	pid=$!
	sleep 1
	rate=$(ip netns exec $a tcpreplay -q --topspeed --preload-pcap -i veth0 "$scratch/a.pcap" 2>&1 | sed -n 's/^Rated:.* \([0-9.]*\) pps.*/\1/p')
	sleep 1
	kill -INT $pid
	wait $pid || true
	printf '%-10s %10.0f packets/s sent; %s\n' "$name" "$rate" "$(grep -E 'captured|dropped by kernel' "$scratch/said" | tr '\n' ' ')"
}
for _ in $(seq "${ROUNDS:-3}"); do
	listen tcpdump tcpdump -i veth0 -w /dev/null
	listen finscope bin/finscope -q -i veth0
done
