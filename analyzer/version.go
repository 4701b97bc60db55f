package analyzer

import "runtime/debug"

// version returns the version of the module that this package was built from: "(devel)" in a working tree.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path == "finscope" {
		return info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path == "finscope" {
			return m.Version
		}
	}
	return "unknown"
}
