#!/bin/sh
# Times finscope beside the capture tools that are installed, on generated captures: the best of ROUNDS runs, all
# programs in turn in each round, files in the page cache. Ratios are what to look at; seconds are this machine's.
#
#   PRESETS="a b c"  which captures (internal/capgen)
#   ROUNDS=3         runs of each program; those named slow below run once, and on capture a only
#   SLOW=yes         no leaves the slow programs out (about two minutes)
#   OUT=out/peers    where captures are kept: 2.7 GB with the compressed copies
set -eu
cd "$(dirname "$0")/.."
PRESETS=${PRESETS:-a b c}
ROUNDS=${ROUNDS:-3}
SLOW=${SLOW:-yes}
OUT=${OUT:-out/peers}
finscope=${FINSCOPE:-bin/finscope}
mkdir -p "$OUT"

have() { command -v "$1" >/dev/null; }

# GNU time tells peak memory; without it that column stays empty.
gnutime=
if [ -x /usr/bin/time ] && /usr/bin/time -f %M true >/dev/null 2>&1; then
	gnutime=/usr/bin/time
fi
case $(date +%N) in
*[!0-9]* | '')
	echo "bench-peers: date has no nanoseconds here; install GNU coreutils" >&2
	exit 1
	;;
esac

# measure prints "<seconds> <peak KB or ->" for one run of a shell command, or "failed -".
measure() {
	memory=-
	start=$(date +%s%N)
	if [ -n "$gnutime" ]; then
		$gnutime -f %M -o "$OUT/memory" sh -c "exec $1" >/dev/null 2>&1 </dev/null || { echo "failed -"; return; }
		memory=$(tail -n 1 "$OUT/memory")
	else
		sh -c "exec $1" >/dev/null 2>&1 </dev/null || { echo "failed -"; return; }
	fi
	end=$(date +%s%N)
	echo "$start $end $memory" | awk '{ printf "%.3f %s\n", ($2 - $1) / 1e9, $3 }'
}

# generate makes sure that the capture of a preset is there, from the generator as it is now.
version=$(find internal/capgen -name '*.go' ! -name '*_test.go' | sort | xargs cat | cksum | cut -d ' ' -f 1)
generate() {
	file=$OUT/$1-$version.pcap
	if [ ! -e "$file" ] || [ ! -e "$file.truth" ]; then
		rm -f "$OUT/$1-"*.pcap*
		echo "generating capture $1" >&2
		go build -o "$OUT/capgen" ./internal/capgen/cmd/capgen
		"$OUT/capgen" --preset "$1" -o "$file" 2>"$file.truth.new"
		mv "$file.truth.new" "$file.truth"
	fi
	if [ "$1" = a ]; then
		if have gzip && [ ! -e "$file.gz" ]; then gzip -1 <"$file" >"$file.gz.new" && mv "$file.gz.new" "$file.gz"; fi
		if have zstd && [ ! -e "$file.zst" ]; then zstd -q -f "$file" -o "$file.zst.new" && mv "$file.zst.new" "$file.zst"; fi
	fi
	packets=$(awk 'NR == 1 { print $1 }' "$file.truth")
}

# programs prints "<name>|<slow or fast>|<command>" for what can run on $file.
programs() {
	if [ -x "$finscope" ]; then
		echo "finscope|fast|$finscope -q $file"
		echo "finscope -j 1|fast|$finscope -q -j 1 $file"
		echo "finscope -j 2|fast|$finscope -q -j 2 $file"
		echo "finscope --json|fast|$finscope --json $file"
	fi
	echo "cat|fast|cat $file"
	if have capinfos; then echo "capinfos -c|fast|capinfos -c $file"; fi
	if have tcpdump; then echo "tcpdump -w|fast|tcpdump -r $file -w /dev/null"; fi
	for suffix in gz zst; do
		[ -e "$file.$suffix" ] || continue
		if [ -x "$finscope" ]; then echo "finscope, .$suffix|fast|$finscope -q $file.$suffix"; fi
		case $suffix in
		gz) if have zcat; then echo "zcat|fast|zcat $file.gz"; fi ;;
		zst) if have zstdcat; then echo "zstdcat|fast|zstdcat $file.zst"; fi ;;
		esac
	done
	if [ "$SLOW" = yes ] && [ "$1" = a ]; then
		if have argus; then echo "argus|slow|argus -r $file -w /dev/null"; fi
		if have tcptrace; then echo "tcptrace|slow|tcptrace -n -b $file"; fi
		if have tshark; then echo "tshark conv,tcp|slow|tshark -n -q -z conv,tcp -r $file"; fi
	fi
}

for preset in $PRESETS; do
	generate "$preset"
	programs "$preset" >"$OUT/programs"
	: >"$OUT/results"
	cat "$file" >/dev/null # into the page cache
	round=1
	while [ "$round" -le "$ROUNDS" ]; do
		while IFS='|' read -r name speed command; do
			if [ "$speed" = slow ] && [ "$round" -gt 1 ]; then continue; fi
			printf '\r%-60s' "capture $preset, round $round of $ROUNDS: $name" >&2
			echo "$name|$(measure "$command" | tr ' ' '|')" >>"$OUT/results"
		done <"$OUT/programs"
		round=$((round + 1))
	done
	printf '\r%-60s\r' '' >&2

	echo "capture $preset: $(head -n 1 "$file.truth")"
	# Ratios are to plain finscope.
	awk -F '|' -v packets="$packets" '
		!($1 in best) { order[++n] = $1; best[$1] = $2; memory[$1] = $3; next }
		$2 == "failed" || best[$1] == "failed" { best[$1] = "failed"; next }
		$2 < best[$1] { best[$1] = $2 }
		$3 > memory[$1] { memory[$1] = $3 }
		END {
			printf "  %-18s %9s %11s %10s %9s\n", "program", "seconds", "ns/packet", "x finscope", "peak MB"
			own = best["finscope"]
			for (i = 1; i <= n; i++) {
				name = order[i]
				if (best[name] == "failed") { printf "  %-18s %9s\n", name, "failed"; continue }
				ratio = own > 0 ? sprintf("%.2f", best[name] / own) : "-"
				peak = memory[name] == "-" ? "-" : sprintf("%.0f", memory[name] / 1024)
				printf "  %-18s %9.3f %11.1f %10s %9s\n", name, best[name], best[name] * 1e9 / packets, ratio, peak
			}
		}' "$OUT/results"
	echo
done
for tool in capinfos tcpdump argus tcptrace tshark zstdcat; do
	have $tool || echo "not installed, not compared: $tool"
done
