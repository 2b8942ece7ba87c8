package sim

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// A recorder writes PDUs as a hex dump.
type recorder struct {
	mu sync.Mutex
	w  io.Writer // nil when nothing is recorded
}

func (r *recorder) set(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.w = w
}

// pdu writes one PDU; direction is 'I' or 'O'.
func (r *recorder) pdu(direction byte, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w == nil {
		return
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%c\n", direction)
	for offset := 0; offset < len(frame); offset += 16 {
		fmt.Fprintf(&s, "%06x % x\n", offset, frame[offset:min(offset+16, len(frame))])
	}
	s.WriteByte('\n')
	if _, err := io.WriteString(r.w, s.String()); err != nil {
		r.w = nil
	}
}
