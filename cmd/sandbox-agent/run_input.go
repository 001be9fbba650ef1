package main

import (
	"bufio"
	"io"
	"os"
	"strings"
	"sync"
)

// typedLine is a line of a person; err is io.EOF when there are no more.
type typedLine struct {
	text   string
	prompt int // what it was asked for
	err    error
}

// keyboard reads lines of a person, one each time it is asked to: what nobody
// asked for stays in the terminal. Its methods belong to one goroutine, but
// for setEcho.
type keyboard struct {
	in    io.Reader
	want  chan int // prompts
	lines chan typedLine
	busy  bool

	mu     sync.Mutex
	hidden bool // the terminal does not show what is typed
}

// newKeyboard starts to listen. A read of a terminal can't be ended, so its
// goroutine may last as long as the program.
func newKeyboard(in io.Reader) *keyboard {
	k := &keyboard{in: in, want: make(chan int, 1), lines: make(chan typedLine, 1)}
	go k.read()
	return k
}

// ask wants a line, unless one is under way.
func (k *keyboard) ask(prompt int) {
	if !k.busy {
		k.busy = true
		k.want <- prompt
	}
}

// setEcho says whether what is typed is shown.
func (k *keyboard) setEcho(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.in.(*os.File); ok && k.hidden == on {
		setEcho(f, on)
		k.hidden = !on
	}
}

// close asks for no more lines and sets the terminal back.
func (k *keyboard) close() {
	close(k.want)
	k.setEcho(true)
}

func (k *keyboard) read() {
	in := bufio.NewReader(k.in)
	for prompt := range k.want {
		text, err := in.ReadString('\n')
		k.lines <- typedLine{text: strings.TrimRight(text, "\r\n"), prompt: prompt, err: err}
		if err != nil {
			return
		}
	}
}
