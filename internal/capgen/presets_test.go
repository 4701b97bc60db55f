package capgen

import (
	"io"
	"testing"
)

func TestPresetsExist(t *testing.T) {
	for _, p := range Presets() {
		o, ok := Preset(p[0])
		if !ok {
			t.Errorf("%s is listed and does not exist", p[0])
			continue
		}
		if err := o.check(); err != nil {
			t.Errorf("%s: %v", p[0], err)
		}
	}
	if _, ok := Preset("z"); ok {
		t.Error("there is a preset z")
	}
}

// What the presets promise of a file's size, from a hundredth of each.
func TestPresetSizes(t *testing.T) {
	tests := []struct {
		preset            string
		packets, megabyte float64 // millions
	}{
		{"a", 6.6, 620},
		{"b", 12.3, 1100},
		{"c", 1.3, 770},
		{"tw-client", 0.51, 45},
		{"tw-server", 0.51, 45},
	}
	for _, tt := range tests {
		t.Run(tt.preset, func(t *testing.T) {
			o, _ := Preset(tt.preset)
			o.Connections /= 100
			o.Open = max(o.Open/100, 1)
			truth, err := Generate(io.Discard, o)
			if err != nil {
				t.Fatal(err)
			}
			packets, megabyte := float64(truth.Packets)*100/1e6, float64(truth.Bytes)*100/1e6
			if packets < tt.packets*0.97 || packets > tt.packets*1.03 || megabyte < tt.megabyte*0.97 || megabyte > tt.megabyte*1.03 {
				t.Errorf("%.2f million packets, %.0f MB; want about %v, %v", packets, megabyte, tt.packets, tt.megabyte)
			}
		})
	}
}
