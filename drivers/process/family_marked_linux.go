package process

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

func (f *family) killMarked(ctx context.Context, variable string, c Checkpoint) (killed int, err error) {
	name, value, _ := strings.Cut(variable, "=")
	picked := map[ident]struct{}{} // also those that have lost what they came from
	return f.killChosen(ctx, c, func(t *table, members []*proc) []*proc {
		chosen := f.markedSince(t, members, picked, name, value, c)
		for _, p := range chosen {
			picked[p.ident] = struct{}{}
		}
		return chosen
	})
}

// markedSince picks the members that have a variable in their environment, were
// picked before, or came from one of these, and that started since c. In a session of their own
// they are commands, and one that is older than c spares what it starts.
func (f *family) markedSince(t *table, members []*proc, picked map[ident]struct{}, name, value string, c Checkpoint) []*proc {
	marked := newKin(t, nil)
	var environ []byte
	for _, p := range members {
		if p.ident == f.agent || p.zombie {
			continue
		}
		if _, ok := picked[p.ident]; ok {
			marked.add(p)
			continue
		}
		var err error
		if environ, err = readAll("/proc/"+strconv.Itoa(p.pid)+"/environ", environ); err != nil {
			continue // it has ended
		}
		if got, ok := lookUp(environ, name); ok && got == value {
			marked.add(p)
		}
	}
	commands := f.commandsSince(c, slices.Clone(members))
	return slices.DeleteFunc(members, func(p *proc) bool {
		if _, ok := marked.members[p]; !ok || p.ident == f.agent || p.zombie || p.before(c) {
			return true
		}
		return p.session != f.agent.pid && !slices.Contains(commands, p)
	})
}
