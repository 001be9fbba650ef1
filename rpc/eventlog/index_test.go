package eventlog

import (
	"math/rand/v2"
	"testing"
)

func TestIndex(t *testing.T) {
	const chunk = 1000
	x := index{stride: chunk}
	rng := rand.New(rand.NewPCG(1, 2))
	var all []place
	at := place{seq: 1, off: 50}
	for range 100_000 {
		all = append(all, at)
		x.add(at)
		if len(x.places) > maxPlaces {
			t.Fatalf("%d places", len(x.places))
		}
		at.seq += 1 + rng.Uint64N(20)
		at.off += 1 + rng.Int64N(chunk)
	}
	if x.stride > at.off/(maxPlaces/2)*2 {
		t.Errorf("stride is %d for a file of %d", x.stride, at.off)
	}
	for i, want := range all {
		seq := want.seq
		if i+1 < len(all) {
			seq += rng.Uint64N(all[i+1].seq - want.seq)
		}
		got := x.find(seq)
		if got.seq > seq || got.off > want.off || want.off-got.off > 2*x.stride+chunk {
			t.Fatalf("find(%d) = %+v, record's chunk is at %+v, stride %d", seq, got, want, x.stride)
		}
	}
}

// TestIndexMerged reads from everywhere in a log whose index had to be thinned
// out.
func TestIndexMerged(t *testing.T) {
	s := openStore(t, Options{LogMemory: 4 << 10})
	l := s.NewLog("merged")
	const n, size = 60_000, 200
	for l.Head() < n {
		appendEvents(t, l, 100, size)
		if err := l.Spill(); err != nil {
			t.Fatal(err)
		}
	}
	if l.index.stride < 2*int64(s.chunkSize) {
		t.Fatalf("stride is still %d with %d places", l.index.stride, len(l.index.places))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		after := rng.Uint64N(n)
		recs, err := l.Cursor(after).TryNext()
		if err != nil {
			t.Fatal(err)
		}
		rec, _ := recs.Next()
		if want := event(after+1, size); rec.Seq != want.Seq || rec.Tag != want.Tag || string(rec.Head) != string(want.Head) {
			t.Fatalf("event after %d is %d %.30q", after, rec.Seq, rec.Head)
		}
	}
}
