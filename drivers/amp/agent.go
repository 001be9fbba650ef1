package amp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/process"
)

// Agent is a process of the CLI together with its side channel, as one stream
// of lines in each direction. Make one with [Launch].
type Agent struct {
	*process.Process
	channel *channel // nil without one

	lines chan []byte   // from the process and from the side channel
	ended chan struct{} // closed when neither says anything more; err is set then
	err   error
}

// Launch starts the CLI. Its environment may ask for a side channel, see
// channelVariable; without that it is a plain process.
func Launch(ctx context.Context, supervisor *process.Supervisor, spec process.Spec) (*Agent, error) {
	a := &Agent{lines: make(chan []byte), ended: make(chan struct{})}
	at := slices.IndexFunc(spec.Env, func(entry string) bool { return entry == channelVariable+"=" })
	if at >= 0 {
		var err error
		if a.channel, err = openChannel(a.lines); err != nil {
			return nil, err
		}
		spec.Env = slices.Clone(spec.Env)
		spec.Env[at] += a.channel.address()
	}
	var err error
	if a.Process, err = supervisor.Start(ctx, spec); err != nil {
		if a.channel != nil {
			a.channel.close()
		}
		return nil, err
	}
	go a.pump() // ends with the process's output, which has to be read to its end
	return a, nil
}

// pump hands on what the process prints. The side channel ends with that.
func (a *Agent) pump() {
	defer close(a.ended)
	for {
		line, _, err := a.Process.ReadLine()
		switch {
		case err == nil:
			a.lines <- slices.Clone(line)
		case errors.Is(err, process.ErrLineTooLong):
			a.lines <- nil
		default:
			a.err = err
			if a.channel != nil {
				// Whoever asks is gone with the process; what they say last
				// is for nobody.
				a.channel.close()
			}
			return
		}
	}
}

// ReadLine returns what was said next. At the end the error is that of the
// process's output, io.EOF as a rule.
func (a *Agent) ReadLine() (line []byte, more bool, err error) {
	select {
	case line := <-a.lines:
		if line == nil {
			return nil, false, process.ErrLineTooLong
		}
		return line, false, nil
	case <-a.ended:
		return nil, false, a.err
	}
}

// Write hands each line to whom it is for.
func (a *Agent) Write(lines []byte) error {
	for line := range bytes.Lines(lines) {
		var l struct {
			Type   string          `json:"type"`
			ID     int             `json:"id"`
			Answer json.RawMessage `json:"answer"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("write to amp: %w", err)
		}
		var err error
		switch {
		case l.Type == typeEnd:
			err = a.Process.CloseInput()
		case l.Type != typeAnswer:
			err = a.Process.Write(line)
		case a.channel != nil:
			err = a.channel.answer(l.ID, l.Answer)
		default:
			err = errNotAsked
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutControls removes the sequences by which the CLI resets a terminal at
// its end, also where there is none.
func withoutControls(text string) string {
	if !strings.ContainsRune(text, '\x1b') {
		return strings.TrimSpace(text)
	}
	var b strings.Builder
	for len(text) > 0 {
		before, rest, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			break
		}
		// Parameters, then one letter.
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
		if end < 0 {
			break
		}
		text = rest[end+1:]
	}
	return strings.TrimSpace(b.String())
}
