package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// roleVariable makes the test binary play another program.
const roleVariable = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	RunGuardIfAsked()
	switch os.Getenv(roleVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "bridge":
		if err := playBridge(); err != nil {
			fmt.Fprintln(os.Stderr, "bridge:", err)
			os.Exit(1)
		}
	}
}

// playBridge starts a shell as its agent, prints the mark of its supervisor,
// then hands lines to and fro until stdin ends.
func playBridge() error {
	s, err := New(Options{})
	if err != nil {
		return err
	}
	p, err := s.Start(context.Background(), Spec{Path: "/bin/sh", Args: []string{"-c", evalLoop}, Env: shellEnv()})
	if err != nil {
		return err
	}
	fmt.Println(s.Mark())
	go func() {
		_, _ = io.Copy(writerFunc(p.Write), bufio.NewReader(os.Stdin))
		_ = p.CloseInput()
	}()
	for {
		line, _, err := p.ReadLine()
		if err != nil {
			break
		}
		fmt.Println(string(line))
	}
	return s.Close(context.Background())
}

type writerFunc func([]byte) error

func (f writerFunc) Write(b []byte) (int, error) { return len(b), f(b) }

// evalLoop is an agent that runs each line of its stdin as a command.
const evalLoop = `while read -r line; do eval "$line"; done`

func shellEnv() []string { return []string{"PATH=/usr/local/bin:/usr/bin:/bin"} }
