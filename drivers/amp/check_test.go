package amp

import (
	"testing"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Amp's models are those of its modes; the one name for them that clients of the
// v0.1 API know is taken.
func TestModels(t *testing.T) {
	list, err := New(Options{}).Models(t.Context())
	if err != nil || len(list.Models) != 1 || list.DefaultModel != list.Models[0].ID {
		t.Fatalf("the models are %+v, %v", list, err)
	}
	for model, want := range map[string]universal.ErrorKind{"": "", list.DefaultModel: "", "gpt": universal.KindInvalidRequest} {
		err := checkSettings(native, drivers.Settings{Model: model})
		if err == nil && want != "" || err != nil && universal.KindOf(err) != want {
			t.Errorf("model %q: %v", model, err)
		}
	}
}
