package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// htons is a 16-bit number in network order, as AF_PACKET wants its protocols.
func htons(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}

// packetSocket opens an AF_PACKET socket for all frames of a link, and returns it with the link's index.
func packetSocket(s *space, link string, ignoreOutgoing bool) (f *os.File, index int, err error) {
	err = s.do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0) // silent until bound
		if err != nil {
			return err
		}
		f = os.NewFile(uintptr(fd), s.name+" "+link)
		ifc, err := net.InterfaceByName(link)
		if err != nil {
			return err
		}
		index = ifc.Index
		for _, o := range []struct{ level, name, value int }{
			{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16 << 20},
			{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		} {
			if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
				return err
			}
		}
		if ignoreOutgoing {
			if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
				return err
			}
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: index})
	})
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, 0, fmt.Errorf("packet socket on %s of %s: %w", link, s.name, err)
	}
	return f, index, nil
}

// recvFrame reads one frame with its kernel time stamp. It blocks in the runtime's poller until f is closed.
func recvFrame(f syscall.RawConn, buf, oob []byte) (n int, ns int64, out bool, err error) {
	var oobn int
	var from unix.Sockaddr
	rerr := f.Read(func(fd uintptr) bool {
		n, oobn, _, from, err = unix.Recvmsg(int(fd), buf, oob, 0)
		return err != unix.EAGAIN && err != unix.EINTR && err != unix.ENETDOWN
	})
	if rerr != nil {
		return 0, 0, false, rerr
	}
	if err != nil {
		return 0, 0, false, err
	}
	if ll, ok := from.(*unix.SockaddrLinklayer); ok {
		out = ll.Pkttype == unix.PACKET_OUTGOING
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
	for _, m := range msgs {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
			ns = int64(binary.NativeEndian.Uint64(m.Data))*1e9 + int64(binary.NativeEndian.Uint64(m.Data[8:]))
		}
	}
	return n, ns, out, err
}

// tap records the frames of one link.
type tap struct {
	file *os.File
	wg   sync.WaitGroup

	mu     sync.Mutex
	frames []Frame
}

func newTap(s *space, link string) (*tap, error) {
	f, _, err := packetSocket(s, link, false)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	t := &tap{file: f}
	t.wg.Go(func() {
		buf, oob := make([]byte, 70000), make([]byte, 256)
		for {
			n, ns, out, err := recvFrame(raw, buf, oob)
			if err != nil {
				return
			}
			t.mu.Lock()
			t.frames = append(t.frames, Frame{Time: ns, Out: out, Data: append([]byte(nil), buf[:n]...)})
			t.mu.Unlock()
		}
	})
	return t, nil
}

// dropped asks the kernel how many frames the tap missed.
func (t *tap) dropped() (n uint32) {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if st, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			n = st.Drops
		}
	})
	return n
}

// stop ends the recording and returns it.
func (t *tap) stop() []Frame {
	t.file.Close()
	t.wg.Wait()
	return t.frames
}
