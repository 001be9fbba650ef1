// Package environ makes the environments of agents and reads them. An
// environment is a list of NAME=value, as in package os; of two entries of one
// name the later one counts. Windows takes names in any case.
package environ

import (
	"maps"
	"runtime"
	"slices"
	"strings"
)

// Merge is what an agent gets: the base, which is the bridge's own environment,
// without some variables; with defaults, entries for what is not set otherwise;
// and over all of it what the session sets. It changes none of these.
func Merge(base, without, defaults []string, own map[string]string) []string {
	set := func(name string) bool {
		for key := range own {
			if same(key, name) {
				return true
			}
		}
		return false
	}
	var env []string
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if !set(name) && !slices.ContainsFunc(without, func(w string) bool { return same(w, name) }) {
			env = append(env, entry)
		}
	}
	for _, entry := range defaults {
		name, _, _ := strings.Cut(entry, "=")
		if _, inherited := lookup(env, name); !inherited && !set(name) {
			env = append(env, entry)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		env = append(env, name+"="+own[name])
	}
	return env
}

// Get returns the value of a variable, "" where it is not set.
func Get(env []string, name string) string {
	value, _ := lookup(env, name)
	return value
}

// Getenv makes a function like os.Getenv for an environment.
func Getenv(env []string) func(name string) string {
	return func(name string) string { return Get(env, name) }
}

// Without leaves out the variables of these names.
func Without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(names, func(n string) bool { return same(n, name) })
	})
}

func lookup(env []string, name string) (value string, set bool) {
	for _, entry := range slices.Backward(env) {
		if key, value, ok := strings.Cut(entry, "="); ok && same(key, name) {
			return value, true
		}
	}
	return "", false
}

// same compares names of variables.
func same(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}
