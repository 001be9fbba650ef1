package process

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Marked lists the living processes, zombies left out, that have a mark in
// their environment: a [Process.Mark], a [Supervisor.Mark], which all processes
// of that supervisor have, or any "NAME=value". Processes whose environment
// this user can't read are left out. On systems other than Linux the error is
// [errors.ErrUnsupported].
func Marked(mark string) ([]int, error) {
	names, err := procNames()
	if err != nil {
		return nil, fmt.Errorf("list marked processes: %w", err)
	}
	name, value, variable := strings.Cut(mark, "=")
	var pids []int
	var environ []byte
	for _, entry := range names {
		pid, err := strconv.Atoi(entry)
		if err != nil {
			continue
		}
		// A zombie's environment is empty.
		if environ, err = readAll("/proc/"+entry+"/environ", environ); err != nil {
			continue
		}
		if variable {
			if got, ok := lookUp(environ, name); ok && got == value {
				pids = append(pids, pid)
			}
			continue
		}
		got, _ := lookUp(environ, MarkVariable)
		if slices.ContainsFunc(splitMarks(got), func(m string) bool {
			return m == mark || strings.HasPrefix(m, mark+".")
		}) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
