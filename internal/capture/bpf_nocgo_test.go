//go:build !cgo

package capture

import (
	"strings"
	"testing"
)

func TestNoLibpcap(t *testing.T) {
	_, err := NewMatcher("tcp")
	if err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Errorf("NewMatcher without libpcap: %v, want how to build with it", err)
	}
}
