package process

// kin collects what belongs together in a table, beginning with some processes
// that are known to: their descendants, and the members of every Unix session
// that one of them leads or has led. It never contains this process or one that
// it lives in.
type kin struct {
	table    *table
	members  map[*proc]struct{}
	sessions map[int]bool // that belong to the kin as a whole
	work     []*proc
}

// newKin makes an empty kin. sessions are those that are known to belong to it
// already.
func newKin(t *table, sessions map[int]bool) *kin {
	k := &kin{table: t, members: make(map[*proc]struct{}), sessions: make(map[int]bool)}
	for s := range sessions {
		k.claim(s)
	}
	k.spread()
	return k
}

// add adds a process and all that belongs to it.
func (k *kin) add(p *proc) {
	k.push(p)
	k.spread()
}

func (k *kin) push(p *proc) {
	if _, ok := k.members[p]; ok || k.table.lineage[p.pid] {
		return
	}
	k.members[p] = struct{}{}
	k.work = append(k.work, p)
}

// claim takes in all processes of a Unix session.
func (k *kin) claim(session int) {
	if k.sessions[session] || session == k.table.own.session || k.table.lineage[session] {
		return
	}
	k.sessions[session] = true
	for _, p := range k.table.bySession[session] {
		k.push(p)
	}
}

func (k *kin) spread() {
	for len(k.work) > 0 {
		p := k.work[len(k.work)-1]
		k.work = k.work[:len(k.work)-1]
		for _, child := range k.table.byParent[p.pid] {
			// An older "child" had another process with the same pid as parent.
			if child.start >= p.start {
				k.push(child)
			}
		}
		// A process can join a session only by being born in it. So all in a
		// session descend from its leader: they are kin when the leader is, and
		// when the leader is gone and one of them is. A zombie doesn't tell
		// whose it was, and may be one for as long as nobody reaps it.
		leader := k.table.byPID[p.session]
		if leader == nil || leader == p || leader.zombie {
			k.claim(p.session)
		}
	}
}
