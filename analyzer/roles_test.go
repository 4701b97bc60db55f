package analyzer

import "testing"

// The client is who sent the first SYN; without one, who has the port that is less like that of a service, then who was seen first.
func TestRoles(t *testing.T) {
	tests := []struct {
		name   string
		a, b   marks // of endpoint 0, which was seen first, and of endpoint 1
		pa, pb uint16
		client int
		how    Roles
	}{
		{"the first packet is a SYN", sentBareSYN, 0, 80, 40000, 0, RolesHandshake},
		{"a SYN and its SYN-ACK", sentBareSYN, sentSYNACK, 40000, 80, 0, RolesHandshake},
		{"the SYN-ACK was captured first", sentSYNACK, sentBareSYN, 80, 40000, 1, RolesHandshake},
		{"the SYN is missing", sentSYNACK, sentACK, 40000, 80, 1, RolesHandshake},
		{"the SYN is missing, and the SYN-ACK was captured late", sentACK, sentSYNACK, 80, 40000, 0, RolesHandshake},
		{"both sent a SYN", sentBareSYN, sentBareSYN | sentSYNACK, 80, 40000, 0, RolesBoth},
		{"in mid-stream, from a well-known port", sentACK, sentACK, 80, 8080, 1, RolesGuessed},
		{"in mid-stream, to a well-known port", sentACK, sentACK, 1024, 1023, 0, RolesGuessed},
		{"in mid-stream, from a registered port", sentACK, sentACK, 8080, 32768, 1, RolesGuessed},
		{"in mid-stream, to a registered port", sentACK, sentACK, 32768, 32767, 0, RolesGuessed},
		{"in mid-stream, two well-known ports", sentACK, sentACK, 22, 1023, 0, RolesGuessed},
		{"in mid-stream, two ephemeral ports", sentACK, sentACK, 60000, 40000, 0, RolesGuessed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := flow{key: key{pa: tt.pa, pb: tt.pb}}
			f.e[0].marks, f.e[1].marks = tt.a, tt.b
			if client, how := roles(&f); client != tt.client || how != tt.how {
				t.Errorf("the client is %d, by %s; want %d, by %s", client, how, tt.client, tt.how)
			}
		})
	}
	f := flow{flags: self, key: key{pa: 9, pb: 9}}
	if client, how := roles(&f); client != 0 || how != RolesBoth {
		t.Errorf("of a socket connected to itself the client is %d, by %s", client, how)
	}
}
