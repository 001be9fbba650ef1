package amp

import (
	"context"
	"fmt"
	"slices"

	"github.com/sandbox-agent/sandbox-agent/drivers"
)

// modes lists what a generation can be asked for, the default first. Amp calls
// a model, its prompt and its tools together a mode, and has no other choice of
// models.
func (g generation) modes() []drivers.Mode {
	list := []drivers.Mode{{
		ID: drivers.ModeBuild, Name: "Build",
		Description: fmt.Sprintf("Works on the task, in Amp's default mode (%s)", g.defaultMode()),
	}}
	switch g {
	case january:
		return append(list, drivers.Mode{ID: "smart", Name: "Smart", Description: "Strong intelligence for most tasks"})
	case may:
		return append(list,
			drivers.Mode{ID: "smart", Name: "Smart", Description: "Strong intelligence for most tasks"},
			drivers.Mode{ID: "deep", Name: "Deep", Description: "Thinks longer, for hard problems"},
			drivers.Mode{ID: "rush", Name: "Rush", Description: "Fast and cheap, for small and well-defined tasks"},
			drivers.Mode{ID: "large", Name: "Large", Description: "The largest context window"},
		)
	}
	return append(list,
		drivers.Mode{ID: "low", Name: "Low", Description: "Fast and cheap, for small and well-defined tasks"},
		drivers.Mode{ID: "medium", Name: "Medium", Description: "Balanced, for most tasks"},
		drivers.Mode{ID: "high", Name: "High", Description: "Reasons deeper, for difficult tasks; slower and dearer"},
		drivers.Mode{ID: "ultra", Name: "Ultra", Description: "The most capable, for the hardest tasks; the slowest and dearest"},
	)
}

func (g generation) defaultMode() string {
	if g == native {
		return "medium"
	}
	return "smart"
}

// mode is Amp's name of a mode that a client asked for. It is always given: a
// thread goes on in the mode it was in before, whatever the default is.
func (g generation) mode(asked string) string {
	if asked == "" || asked == drivers.ModeBuild {
		return g.defaultMode()
	}
	return asked
}

// has tells whether a client may ask for a mode.
func (g generation) has(mode string) bool {
	return mode == "" || slices.ContainsFunc(g.modes(), func(m drivers.Mode) bool { return m.ID == mode })
}

// ListModes implements drivers.ModeLister: older builds have other modes than
// the native ones that Info tells of.
func (d *Driver) ListModes(ctx context.Context) ([]drivers.Mode, error) {
	p, err := d.program(ctx)
	if err != nil {
		return nil, err
	}
	return p.generation.modes(), nil
}

// clientMode is what clients call a mode of Amp's.
func (g generation) clientMode(mode string) string {
	if mode == g.defaultMode() {
		return drivers.ModeBuild
	}
	return mode
}
