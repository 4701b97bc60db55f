package main

import (
	"fmt"
	"os"

	"finscope/internal/capture"
)

// record creates the file of -w.
func (l *live) record() (err error) {
	if l.file, err = os.Create(l.c.write); err != nil {
		return fmt.Errorf("-w: %w", err)
	}
	l.saved, err = capture.NewWriter(l.file, l.src.Link())
	return err
}

// saveError ends the saving: what the disk took stays.
func (l *live) saveError(err error) error {
	l.saved = nil
	return &cliError{
		code: exitUsage,
		msg:  fmt.Sprintf("-w %s: %v", l.c.write, err),
		hint: "the report covers what was captured until then; the file ends where the disk was full",
	}
}

// closeFile completes the file of -w.
func (l *live) closeFile() error {
	if l.saved == nil {
		return nil
	}
	err := l.saved.Flush()
	if cerr := l.file.Close(); err == nil {
		err = cerr
	}
	l.saved = nil
	if err != nil {
		return fmt.Errorf("-w %s: %w", l.c.write, err)
	}
	return nil
}
