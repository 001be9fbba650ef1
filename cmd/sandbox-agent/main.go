// Command sandbox-agent is a bridge to coding agents: it drives their real
// command-line programs and turns what they say into one event schema.
package main

import (
	"context"
	"os"

	"github.com/sandbox-agent/sandbox-agent/drivers/amp"
	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// version is set by the linker; "dev" for a build without it.
var version = "dev"

func main() {
	process.RunGuardIfAsked()
	amp.RunHelperIfAsked()
	os.Exit(withHeadroom(func() int {
		return run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr)
	}))
}
