package stdio

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected server lines in testdata")

// TestWire plays the conversations in testdata. A file has a comment, options (one
// key=value per line: framing=both|line|header, max=BYTES), what the client sends
// and what the server answers, one message per line. In a section client.raw each
// line is a Go string that is sent as it is.
//
// Each message is sent when the server has done all that it can do about those
// before, so the order of the answers is exact.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		w := readWireTest(t, file)
		for _, framing := range w.framings {
			name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + framing.String()
			t.Run(name, func(t *testing.T) {
				got := w.play(t, framing)
				if *update {
					w.write(t, file, got)
					return
				}
				if diff := cmp.Diff(w.want, got); diff != "" {
					t.Errorf("server (-want +got):\n%s", diff)
				}
			})
		}
	}
}

type wireTest struct {
	archive  *txtar.Archive
	framings []Framing
	max      int
	client   []string
	raw      bool
	want     []string
}

func readWireTest(t *testing.T, file string) *wireTest {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &wireTest{archive: archive, framings: []Framing{FramingLine, FramingHeader}}
	for _, section := range archive.Files {
		lines := strings.Split(strings.TrimSuffix(string(section.Data), "\n"), "\n")
		switch section.Name {
		case "options":
			for _, line := range lines {
				w.option(t, line)
			}
		case "client":
			w.client = lines
		case "client.raw":
			w.raw = true
			for _, line := range lines {
				text, err := strconv.Unquote(line)
				if err != nil {
					t.Fatalf("%s: %s: %v", file, line, err)
				}
				w.client = append(w.client, text)
			}
		case "server":
			if len(section.Data) > 0 {
				w.want = lines
			}
		default:
			t.Fatalf("%s: unknown section %s", file, section.Name)
		}
	}
	return w
}

func (w *wireTest) option(t *testing.T, line string) {
	t.Helper()
	switch key, value, _ := strings.Cut(line, "="); {
	case key == "framing" && value == "line":
		w.framings = []Framing{FramingLine}
	case key == "framing" && value == "header":
		w.framings = []Framing{FramingHeader}
	case key == "framing" && value == "both":
	case key == "max":
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		w.max = n
	default:
		t.Fatalf("unknown option %s", line)
	}
}

func (w *wireTest) play(t *testing.T, framing Framing) (got []string) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pipes()
		out := collect(client)
		s := NewStream(server, StreamOptions{MaxMessageBytes: w.max})
		served := make(chan error, 1)
		go func() { served <- Serve(t.Context(), s, testHandler(s), ServeOptions{}) }()
		for _, message := range w.client {
			data := []byte(message)
			if !w.raw {
				data = appendFrame(framing, nil, message)
			}
			if _, err := client.Write(data); err != nil {
				t.Errorf("send %q: %v", data, err)
			}
			synctest.Wait()
		}
		client.CloseWrite()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v, want nil at the end of the input", err)
		}
		got = out.messages(t, framing)
	})
	return got
}

func (w *wireTest) write(t *testing.T, file string, got []string) {
	t.Helper()
	i := slices.IndexFunc(w.archive.Files, func(f txtar.File) bool { return f.Name == "server" })
	if i < 0 {
		i = len(w.archive.Files)
		w.archive.Files = append(w.archive.Files, txtar.File{Name: "server"})
	}
	w.archive.Files[i].Data = nil
	for _, line := range got {
		w.archive.Files[i].Data = append(w.archive.Files[i].Data, line+"\n"...)
	}
	if err := os.WriteFile(file, txtar.Format(w.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
