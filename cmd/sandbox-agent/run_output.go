package main

import (
	"encoding/json"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// lockedWriter lets several goroutines write, each its line.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

// behindPrompt writes to the terminal that a prompt stands on.
type behindPrompt struct {
	io.Writer
	asker *asker
}

func (w behindPrompt) Write(p []byte) (int, error) {
	w.asker.makeWay()
	return w.Writer.Write(p)
}

func writeJSON(w io.Writer, ev *universal.Event) error {
	line, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// terminalOptions are how to write to a stream: plainly, unless it is a
// terminal whose user wants colours.
func terminalOptions(w io.Writer) terminal.Options {
	if !isTerminal(w) {
		return terminal.Options{}
	}
	f := w.(*os.File)
	opts := terminal.Options{Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && takesColor(f)}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		opts.Width = width
	}
	return opts
}
