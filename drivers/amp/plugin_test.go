package amp

import (
	"bytes"
	"testing"
)

func TestPluginSource(t *testing.T) {
	source := pluginSource()
	if n := len(source); n > maxPlugin {
		t.Errorf("the plugin has %d bytes, at most %d leave the user's home alone", n, maxPlugin)
	}
	for _, left := range []string{"{{", "//"} {
		if i := bytes.Index(source, []byte(left)); i >= 0 {
			t.Errorf("%s is left in it: …%s…", left, source[i:min(i+60, len(source))])
		}
	}
}
