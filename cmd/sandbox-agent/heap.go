package main

import "runtime"

// heapHeadroom is how much garbage the bridge may gather before it is worth
// looking for, in bytes.
const heapHeadroom = 16 << 20

// withHeadroom runs the program with a heap that counts as larger than it is.
// The bridge keeps a few megabytes and makes garbage by the gigabyte while an
// agent floods; at that size the collector would run hundreds of times a second
// and take a third of the CPU time. The block is never touched, so it takes no
// memory but an address range. (A larger GC percentage would help as much, but
// grow with what the bridge really keeps.)
func withHeadroom(program func() int) int {
	ballast := make([]byte, heapHeadroom)
	defer runtime.KeepAlive(&ballast)
	return program()
}
