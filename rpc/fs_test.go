package rpc_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/files"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// A file goes up whole and in pieces, comes down, moves and is gone, all by
// names that are relative to a session's directory.
func TestFiles(t *testing.T) {
	client := newClient(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	call := func(method string, params, result any) {
		t.Helper()
		if err := client.Call(t.Context(), method, params, result); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
	call("sessions/create", session.CreateOptions{SessionID: "s", Agent: "mock", Directory: dir}, nil)
	in := rpc.FSParams{SessionID: "s"}
	at := func(path string) rpc.FSPathParams { return rpc.FSPathParams{FSParams: in, Path: path} }

	var made files.Changed
	call("fs/mkdir", at("a/b"), &made)
	var written files.Written
	call("fs/write", rpc.FSWriteParams{FSPathParams: at("a/b/f"), Content: []byte("0123\x00\xFF")}, &written)
	offset := int64(4)
	call("fs/write", rpc.FSWriteParams{FSPathParams: at("a/b/f"), Content: []byte("4567"), Offset: &offset}, nil)
	if path := filepath.Join(dir, "a", "b"); made.Path != path || written != (files.Written{Path: filepath.Join(path, "f"), BytesWritten: 6}) {
		t.Errorf("made %+v, wrote %+v", made, written)
	}
	var piece rpc.FSReadResult
	call("fs/read", rpc.FSReadParams{FSPathParams: at("a/b/f"), Offset: 2, Length: 4}, &piece)
	if diff := cmp.Diff(rpc.FSReadResult{Content: []byte("2345"), Size: 8}, piece); diff != "" {
		t.Error(diff)
	}
	call("fs/read", rpc.FSReadParams{FSPathParams: at("a/b/f"), Offset: 6}, &piece)
	if !piece.EOF || string(piece.Content) != "67" {
		t.Errorf("the end is %q, eof %v", piece.Content, piece.EOF)
	}
	var moved files.Moved
	call("fs/move", rpc.FSMoveParams{FSParams: in, From: "a/b/f", To: "g"}, &moved)
	var stat struct{ Path, EntryType string }
	call("fs/stat", at("g"), &stat)
	if stat.Path != moved.To || stat.EntryType != "file" {
		t.Errorf("stat = %+v, moved to %s", stat, moved.To)
	}
	var uploaded files.Uploaded
	call("fs/upload", rpc.FSUploadParams{FSEntriesParams: rpc.FSEntriesParams{FSParams: in, Path: "up"}, Content: oneFile(t, "x", "X")}, &uploaded)
	if diff := cmp.Diff([]string{filepath.Join(dir, "up", "x")}, uploaded.Paths); diff != "" {
		t.Error(diff)
	}
	call("fs/delete", rpc.FSDeleteParams{FSPathParams: at("a"), Recursive: true}, nil)
	var entries []struct{ Name string }
	call("fs/entries", rpc.FSEntriesParams{FSParams: in}, &entries)
	if diff := cmp.Diff([]struct{ Name string }{{"g"}, {"up"}}, entries); diff != "" {
		t.Error(diff)
	}
}

// Without a session, relative paths start from the user's home.
func TestFilesAtHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if err := os.WriteFile(filepath.Join(home, "f"), []byte("at home"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := newClient(t)
	var got rpc.FSReadResult
	if err := client.Call(t.Context(), "fs/read", rpc.FSPathParams{Path: "f"}, &got); err != nil || string(got.Content) != "at home" {
		t.Errorf("read %q, %v", got.Content, err)
	}
	for method, params := range map[string]any{
		"fs/read":  map[string]any{"path": "../f"},
		"fs/stat":  map[string]any{"path": "none"},
		"fs/mkdir": map[string]any{"path": ""},
		"fs/move":  map[string]any{"from": "none", "to": "g"},
	} {
		wantError(t, client.Call(t.Context(), method, params, nil), universal.KindInvalidRequest)
	}
	wantError(t, client.Call(t.Context(), "fs/stat", map[string]any{"path": "f", "sessionId": "none"}, nil), universal.KindSessionNotFound)
	wantError(t, client.Call(t.Context(), "fs/write", map[string]any{"path": "f", "content": "not base64!"}, nil), universal.KindUnprocessable)
	wantError(t, client.Call(t.Context(), "fs/write", map[string]any{"path": "f"}, nil), universal.KindUnprocessable)
}

func wantError(t *testing.T, err error, kind universal.ErrorKind) {
	t.Helper()
	if universal.KindOf(err) != kind {
		t.Errorf("error = %v, want %s", err, kind)
	}
}

// oneFile is an archive with one file.
func oneFile(t *testing.T, name, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(body)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
