package process

import (
	"slices"
	"testing"
)

// tableOf makes a table of processes, of which the first is this one.
func tableOf(procs ...proc) *table {
	t := &table{procs: procs}
	t.index(procs[0].pid)
	return t
}

// kinOf lists what belongs to the marked processes of a table.
func kinOf(t *table) []int {
	k := newKin(t, nil)
	for i := range t.procs {
		if t.procs[i].marked {
			k.add(&t.procs[i])
		}
	}
	var pids []int
	for p := range k.members {
		pids = append(pids, p.pid)
	}
	slices.Sort(pids)
	return pids
}

func TestKin(t *testing.T) {
	own := proc{ident: ident{pid: 10, start: 1}, parent: 1, session: 10}
	row := func(pid, parent, session int, change ...func(*proc)) proc {
		p := proc{ident: ident{pid: pid, start: uint64(pid)}, parent: parent, session: session}
		for _, c := range change {
			c(&p)
		}
		return p
	}
	marked := func(p *proc) { p.marked = true }
	zombie := func(p *proc) { p.zombie = true }
	for name, c := range map[string]struct {
		procs []proc
		want  []int
	}{
		"descendants":                        {[]proc{row(20, 1, 20, marked), row(21, 20, 20), row(22, 21, 22), row(30, 1, 30)}, []int{20, 21, 22}},
		"the session of a leader":            {[]proc{row(20, 1, 20, marked), row(21, 1, 20)}, []int{20, 21}},
		"the session of a leader that left":  {[]proc{row(21, 1, 20, marked), row(22, 1, 20)}, []int{21, 22}},
		"the session of a zombie":            {[]proc{row(20, 1, 20, zombie), row(21, 1, 20, marked), row(22, 1, 20)}, []int{20, 21, 22}},
		"not the session of somebody else's": {[]proc{row(20, 1, 20), row(21, 20, 20, marked), row(22, 20, 20)}, []int{21}},
		"not this process and its session":   {[]proc{row(20, 1, 10, marked), row(21, 1, 10)}, []int{20}},
		"not an older process by its parent": {[]proc{row(20, 21, 30), row(21, 1, 21, marked)}, []int{21}},
	} {
		if got := kinOf(tableOf(append([]proc{own}, c.procs...)...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
