package eventlog

import "sort"

// A place is where a record begins.
type place struct {
	seq uint64
	off int64
}

// maxPlaces bounds an index, to 64 KiB of memory and what append rounds up.
const maxPlaces = 4096

// An index knows where some of the records in a file begin: a new place is
// noted once a chunk begins stride bytes after the last one. When the index is
// full, every other place goes and the stride doubles. So it is bounded for any
// length of the file, and finding a record costs a scan over less than twice
// the stride and a chunk: a chunk or two in a file up to 256 MiB, at most 1/1024
// of a longer one. A cursor scans once; then it knows where it is.
type index struct {
	places []place
	stride int64
}

// add notes that a chunk begins at p. Places come in order.
func (x *index) add(p place) {
	if n := len(x.places); n > 0 && p.off-x.places[n-1].off < x.stride {
		return
	}
	x.places = append(x.places, p)
	if len(x.places) < maxPlaces {
		return
	}
	kept := x.places[:0]
	for i := 0; i < len(x.places); i += 2 {
		kept = append(kept, x.places[i])
	}
	x.places = kept
	x.stride *= 2
}

// find returns the last place that isn't after seq. There must be one.
func (x *index) find(seq uint64) place {
	i := sort.Search(len(x.places), func(i int) bool { return x.places[i].seq > seq })
	return x.places[i-1]
}
