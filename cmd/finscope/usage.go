package main

// usage is written by hand: what belongs together stands together, and the example is one that works.
const usage = `finscope says how each TCP connection of a packet capture closed: who first, in which
state each end was left, which closes hang and who owes the next packet.

Usage:
  finscope [flags] FILE...          analyse capture files; '-' reads standard input
  finscope [flags] -i INTERFACE     analyse live traffic until Ctrl-C

What to read:
  -r, --read FILE           same as naming FILE; may be repeated. Several files are one capture,
                            merged by time. pcap and pcapng, plain, gzip, zstd or lz4
  -f, --filter BPF          only packets that match a pcap-filter(7) expression
  -c, --count N             stop after N packets
      --duration D          stop after D of capture time (90, 1.5h)

Which connections to report:
      --stream N[,N...]     only these; N as in tcp.stream of Wireshark
      --where EXPR          only those for which EXPR over the JSON record is true:
                            'verdict == "simultaneous"'
                            'client.state == "FIN_WAIT_2" && age > 60'
                            '"lost-ack" in codes', 'reset.by == "server"'

How to report:
      --format FORMAT       text (default), json (one object a line) or csv
      --json                same as --format json
  -q, --quiet               summary and findings only
      --flows N|all         how many connections the text lists, most telling first (default 20)
  -x, --explain N[,N...]    the packets of these connections with both TCP states, and why
      --fail-on NAME[,...]  exit 1 if a reported connection has this verdict (half-closed, reset,
                            ...) or finding code (lost-ack, ...), or a finding that is a warning
                            (or worse) or an error
  -w, --write FILE          save the packets of the reported connections; with -i, all packets
      --progress WHEN       auto (default: on a terminal), always or never; on standard error: how far
                            the reading is, with -i a line with the state of the capture
      --color WHEN          auto (default: on a terminal, unless NO_COLOR is set), always or never
  -n, -l                    accepted: names are never resolved, and output is always flushed per
                            line when it is not a file

What to assume:
      --os NAME             timers and ports of linux (default), freebsd, macos, windows, solaris
      --time-wait D         how long TIME_WAIT lasts
      --fin-timeout D       how long FIN_WAIT_2 lasts once the application has closed
      --stuck-after D       from which age a state counts as stuck (default 60)
      --port-range LO-HI    local ports of outgoing connections

How to run:
  -j, --jobs N              parallel shards (default: one a core, at most 4); the report is the same
      --max-flows N         connections kept open at most (with -i 1000000 by default). Finished
                            early are first SYNs that nobody completes, then what is idle for
                            longest, closes that go on only when there is nothing else
      --version             version, revision, and whether libpcap is there
  -h, --help                this text

Live capture (needs root or cap_net_raw, and a build with libpcap):
  -i, --interface NAME      listen there; any is all interfaces. -f filters in the kernel: what it
                            leaves out is no frame. -c and --duration end the capture
  -D, --list-interfaces     the interfaces there are
  -s, --snapshot-length N   bytes kept of each packet (default 256: all headers; 0: everything)
  -p, --no-promiscuous-mode only packets from and to this host
  -B, --buffer-size KiB     the kernel's buffer (default 16384); a larger one drops less
  -Z, --relinquish-privileges USER
                            become USER once the interface is open, before -w creates its file
      --metrics HOST:PORT   serve Prometheus metrics there, under /metrics
                            A line (or with --json a record) tells each close a second after its
                            last packet, each close that is stuck, and when that is over. SIGUSR1
                            prints the report so far, Ctrl-C or SIGTERM the last one; a second
                            Ctrl-C leaves at once. With --json a later record of a stream
                            replaces the one before

Exit codes: 0 done; 1 --fail-on matched; 2 wrong usage; 3 an input could not be opened or was
damaged (what came before is reported first); 4 capture permission or interface trouble; 130
interrupted while reading files (what was read is reported).

Example: which connections of the last hour does the server owe a close, and what happened in one?
  $ finscope --where 'verdict == "half-closed" && server.state == "CLOSE_WAIT"' shop.pcap
  $ finscope -x 17 shop.pcap
`
