//go:build !linux

package arena

// wantHugePages does nothing: other systems decide on their own.
func wantHugePages[T any]([]T) {}
