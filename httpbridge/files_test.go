package httpbridge_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// place is a session in a directory of its own, and the query that names both.
func place(t *testing.T, l *lab) (dir string, query func(path string) string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"agent": "mock", "directory": dir})
	if err != nil {
		t.Fatal(err)
	}
	l.must("POST", "/v1/sessions/files", string(body), nil)
	return dir, func(path string) string { return "?sessionId=files&path=" + url.QueryEscape(path) }
}

func TestFiles(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	content := "a\x00b\xFF\r\n" // as they are, whatever they are
	var written struct {
		Path         string
		BytesWritten int64
	}
	l.must("PUT", "/v1/fs/file"+at("new/dir/f"), content, &written)
	if written.Path != filepath.Join(dir, "new", "dir", "f") || written.BytesWritten != int64(len(content)) {
		t.Errorf("written: %+v", written)
	}
	got := l.ask(request{verb: "GET", path: "/v1/fs/file" + at("new/dir/f")})
	if string(got.body) != content || got.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("read %q as %s", got.body, got.header.Get("Content-Type"))
	}
	part := l.ask(request{verb: "GET", path: "/v1/fs/file" + at("new/dir/f"), header: map[string]string{"Range": "bytes=1-3"}})
	if part.status != http.StatusPartialContent || string(part.body) != content[1:4] {
		t.Errorf("a part: %d %q", part.status, part.body)
	}
	if head := l.ask(request{verb: "HEAD", path: "/v1/fs/file" + at("new/dir/f")}); head.header.Get("Content-Length") != "6" || len(head.body) != 0 {
		t.Errorf("HEAD: %v", head.header)
	}
	for header, want := range map[[2]string]int{
		{"Range", "bytes=6-"}:  http.StatusRequestedRangeNotSatisfiable,
		{"Range", "lines=1-2"}: http.StatusRequestedRangeNotSatisfiable,
		{"If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"}: http.StatusPreconditionFailed,
	} {
		got := l.ask(request{verb: "GET", path: "/v1/fs/file" + at("new/dir/f"), header: map[string]string{header[0]: header[1]}})
		var problem struct {
			Type   string
			Status int
		}
		if err := json.Unmarshal(got.body, &problem); err != nil || got.status != want || problem.Status != want ||
			problem.Type != "urn:sandbox-agent:error:invalid_request" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v %s, want a problem with the status %d", header, got.status, got.header, got.body, want)
		}
	}
	l.must("POST", "/v1/fs/mkdir"+at("d"), "", nil)
	l.must("POST", "/v1/fs/move?session_id=files", `{"from":"new/dir/f","to":"d/g"}`, nil)
	wantProblem(t, l.ask(request{verb: "POST", path: "/v1/fs/move?session_id=files", body: `{"from":"d","to":"new"}`}), universal.KindInvalidRequest)
	var stat struct{ Path, EntryType, Modified string }
	l.must("GET", "/v1/fs/stat"+at("d/g"), "", &stat)
	if stat.Path != filepath.Join(dir, "d", "g") || stat.EntryType != "file" || stat.Modified == "" {
		t.Errorf("stat: %+v", stat)
	}
	wantProblem(t, l.ask(request{verb: "DELETE", path: "/v1/fs/entry" + at("new")}), universal.KindStreamError)
	l.must("DELETE", "/v1/fs/entry"+at("new")+"&recursive=true", "", nil)
	var entries []struct{ Name, EntryType string }
	l.must("GET", "/v1/fs/entries?session_id=files", "", &entries)
	if diff := cmp.Diff([]struct{ Name, EntryType string }{{"d", "directory"}}, entries); diff != "" {
		t.Error(diff)
	}
}

// A piece of a file that is sent or asked for in a way that HTTP doesn't have
// here is never taken for the whole file.
func TestPieces(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	const content = "0123456789"
	l.must("PUT", "/v1/fs/file"+at("f"), content, nil)
	for name, req := range map[string]request{
		"Content-Range": {verb: "PUT", path: "/v1/fs/file" + at("f"), body: "x", header: map[string]string{"Content-Range": "bytes 3-3/10"}},
		"write offset":  {verb: "PUT", path: "/v1/fs/file" + at("f") + "&offset=3", body: "x"},
		"read offset":   {verb: "GET", path: "/v1/fs/file" + at("f") + "&offset=3"},
		"read length":   {verb: "GET", path: "/v1/fs/file" + at("f") + "&length=3"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, l.ask(req), universal.KindInvalidRequest) })
	}
	if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(got) != content {
		t.Errorf("the file has %q, %v", got, err)
	}
}

func TestUploadArchive(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	pack := func(name string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		_ = w.WriteHeader(&tar.Header{Name: name, Size: 1, Mode: 0o644})
		_, _ = w.Write([]byte("x"))
		_ = w.Close()
		return b.String()
	}
	upload := func(body string) answer {
		return l.ask(request{verb: "POST", path: "/v1/fs/upload-batch" + at("up"), body: body, header: map[string]string{"Content-Type": "application/x-tar"}})
	}
	var uploaded struct {
		Paths     []string
		Truncated bool
	}
	got := upload(pack("a/b"))
	if err := json.Unmarshal(got.body, &uploaded); err != nil || got.status != 200 {
		t.Fatalf("%d %s %v", got.status, got.body, err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "up", "a", "b")}, uploaded.Paths); diff != "" {
		t.Error(diff)
	}
	wantProblem(t, upload(pack("../evil")), universal.KindInvalidRequest)
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// Files of any size pass through a few megabytes of memory.
func TestLargeFile(t *testing.T) {
	l := newLab(t, nil)
	dir, at := place(t, l)
	const size = 128 << 20
	source := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }
	before := memory()
	req, err := http.NewRequestWithContext(t.Context(), "PUT", l.url+"/v1/fs/file"+at("large"), source())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	down := l.do(request{verb: "GET", path: "/v1/fs/file" + at("large")})
	defer down.Body.Close()
	want, got := sha256.New(), sha256.New()
	if _, err := io.Copy(want, source()); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(got, down.Body); n != size || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		t.Error("it came back as something else")
	}
	if grown := memory() - before; grown > 16<<20 {
		t.Errorf("%d MB were allocated from the system", grown>>20)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// memory is what the heap has had from the system so far.
func memory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys)
}
