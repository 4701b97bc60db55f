package analyzer

import "testing"

// A range is pressed from a tenth of its ports on.
func TestPressed(t *testing.T) {
	tests := []struct {
		ports PortRange
		from  int
	}{
		{PortRange{1000, 1000}, 1},
		{PortRange{1000, 1009}, 1},
		{PortRange{1000, 1010}, 2},
		{reservedPorts(), 52},
		{PortRange{32768, 60999}, 2824},
	}
	for _, tt := range tests {
		if tt.ports.pressed(tt.from-1) || !tt.ports.pressed(tt.from) {
			t.Errorf("%v with %d ports is not pressed from %d on", tt.ports, tt.ports.Size(), tt.from)
		}
	}
}
