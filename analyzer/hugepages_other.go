//go:build !linux

package analyzer

// wantHugePages does nothing: other systems decide on their own.
func wantHugePages[T any]([]T) {}
