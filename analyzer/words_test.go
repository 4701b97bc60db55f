package analyzer

import "testing"

func TestParsePortRange(t *testing.T) {
	for _, tt := range []struct {
		text string
		want PortRange
		size int
	}{{"32768-60999", PortRange{32768, 60999}, 28232}, {" 1 - 65535 ", PortRange{1, 65535}, 65535}, {"7-7", PortRange{7, 7}, 1}} {
		got, err := ParsePortRange(tt.text)
		if err != nil || got != tt.want || got.Size() != tt.size {
			t.Errorf("%q is %v of %d ports, error %v; want %v of %d", tt.text, got, got.Size(), err, tt.want, tt.size)
		}
		if again, err := ParsePortRange(got.String()); err != nil || again != got {
			t.Errorf("%v is read as %v, error %v", got, again, err)
		}
	}
	for _, text := range []string{"", "-", "80", "0-10", "10-9", "1-65536", "-1-5", "a-b", "1-2-3", "1:2"} {
		if got, err := ParsePortRange(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
