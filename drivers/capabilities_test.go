package drivers

import (
	"encoding/json"
	"strings"
	"testing"
)

// The list has every flag under the name that JSON gives it, and each has a
// meaning of its own.
func TestCapabilitiesList(t *testing.T) {
	docs := map[string]string{}
	for i, flag := range (Capabilities{}).List() {
		if flag.Has {
			t.Errorf("%s is set in the zero value", flag.Name)
		}
		if flag.Doc == "" || strings.HasSuffix(flag.Doc, ".") || docs[flag.Doc] != "" {
			t.Errorf("%s: %q is no meaning of its own, or ends with a full stop", flag.Name, flag.Doc)
		}
		docs[flag.Doc] = flag.Name
		var one Capabilities
		if err := json.Unmarshal([]byte(`{"`+flag.Name+`":true}`), &one); err != nil {
			t.Fatal(err)
		}
		for j, other := range one.List() {
			if other.Has != (i == j) {
				t.Errorf("with %s alone, %s is %v", flag.Name, other.Name, other.Has)
			}
		}
	}
}
