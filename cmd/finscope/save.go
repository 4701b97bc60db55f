package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"finscope/analyzer"
	"finscope/internal/capture"
)

// saver writes the packets of the reported connections to the file of -w. Which connections --where selects is known
// at the end of the capture only, so that takes a second pass; without --where the first pass writes.
type saver struct {
	name   string
	fresh  bool // the file is new
	file   *os.File
	out    *capture.Writer
	failed error
}

// newSaver opens the file, so that a name that cannot be written fails before the reading, and hooks itself into the
// first pass if that is enough. What was in the file before stays until there is a packet to write.
func newSaver(c *config, opts *analyzer.Options) (*saver, error) {
	s := &saver{name: c.write}
	if c.write == "" {
		return s, nil
	}
	_, err := os.Stat(c.write)
	s.fresh = errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(c.write, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("-w: %w", err)
	}
	s.file = f
	if c.where == "" {
		streams := slices.Concat(c.streams, c.explain)
		s.hook(opts, func(stream int) bool { return stream >= 0 && (len(streams) == 0 || slices.Contains(streams, stream)) })
	}
	return s, nil
}

// hook lets a pass write the packets of the wanted streams.
func (s *saver) hook(opts *analyzer.Options, want func(stream int) bool) {
	opts.Packet = func(stream int, p *capture.Packet) error {
		if !want(stream) {
			return nil
		}
		s.write(p)
		return s.failed
	}
}

// write creates the writer with the link type of the first packet.
func (s *saver) write(p *capture.Packet) {
	if s.out == nil {
		s.failed = s.begin()
	}
	if s.failed == nil {
		s.failed = s.out.Write(p)
	}
	if s.failed != nil {
		s.failed = fmt.Errorf("-w %s: %w", s.name, s.failed)
	}
}

// begin empties the file and starts a capture in it.
func (s *saver) begin() (err error) {
	if info, err := s.file.Stat(); err == nil && info.Mode().IsRegular() {
		if err := s.file.Truncate(0); err != nil {
			return err
		}
	}
	s.out, err = capture.NewWriter(s.file)
	return err
}

// finish makes the second pass if one is due and completes the file; inputErr is how the first pass ended. Damage of the input is
// not told again. Where nothing could be read, or the second pass was not to be, the file is left as it is.
func (s *saver) finish(ctx context.Context, c *config, r *analyzer.Report, inputErr error) error {
	if s.file == nil || s.out == nil && ctx.Err() != nil {
		return nil
	}
	if c.where != "" {
		selected := make(map[int]struct{})
		for f := range r.Flows() {
			selected[f.Stream] = struct{}{}
		}
		opts := c.analysis()
		opts.Trace = nil
		s.hook(&opts, func(stream int) bool { _, ok := selected[stream]; return ok })
		if _, err := analyzer.ReadFiles(ctx, c.files, opts); s.failed == nil && len(capture.Damages(err)) == 0 {
			s.failed = err
		}
	}
	if s.failed != nil {
		return s.failed
	}
	if s.out == nil {
		if inputErr != nil {
			return nil
		}
		if err := s.begin(); err != nil { // no packet: still a capture
			return fmt.Errorf("-w %s: %w", s.name, err)
		}
	}
	err := s.out.Flush()
	if cerr := s.file.Close(); err == nil {
		err = cerr
	}
	s.file = nil
	if err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	return nil
}

// close gives the file back if finish did not complete it, and leaves no new one without anything in it.
func (s *saver) close() {
	if s.file == nil {
		return
	}
	_ = s.file.Close() // an error is being reported already
	if s.fresh && s.out == nil {
		_ = os.Remove(s.name)
	}
}
