package capture

import "os"

// openNamed opens the file name. A named pipe is not open before some program has opened its other end, which may be never:
// that wait ends when done is closed, and at once, as nobody is there who could have last words.
func openNamed(name string, done <-chan struct{}) (*os.File, error) {
	if info, err := os.Stat(name); done == nil || err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return os.Open(name)
	}
	type opened struct {
		f   *os.File
		err error
	}
	got := make(chan opened)
	go func() { // stays until the other end is opened if the wait has ended: nothing ends its system call
		f, err := os.Open(name)
		select {
		case got <- opened{f, err}:
		case <-done:
			if f != nil {
				f.Close() // only read from: nothing can be lost
			}
		}
	}()
	select {
	case o := <-got:
		return o.f, o.err
	case <-done:
		return nil, ErrInterrupted
	}
}
