// Package uuid makes random UUIDs, for agents that want ids of that form.
package uuid

import (
	"crypto/rand"
	"fmt"
)

// New makes a random UUID (version 4) in lower case.
func New() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
