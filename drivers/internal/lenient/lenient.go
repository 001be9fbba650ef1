// Package lenient decodes JSON that a model wrote, of which a part may be other
// than it should be.
package lenient

import (
	"encoding/json"
	"maps"
	"slices"
)

// Object decodes an object as far as it fits into a T, which is a struct: a
// member of the wrong type stays unset and doesn't hide the others. What is no
// object gives the zero value.
func Object[T any](raw json.RawMessage) T {
	var whole T
	if json.Unmarshal(raw, &whole) == nil {
		return whole
	}
	var v T
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		one, err := json.Marshal(map[string]json.RawMessage{name: members[name]})
		if err == nil {
			_ = json.Unmarshal(one, &v) // what doesn't fit stays unset
		}
	}
	return v
}
