package rpc

import (
	"bytes"
	"context"
	"os"

	"github.com/sandbox-agent/sandbox-agent/rpc/files"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// maxPiece bounds the bytes of a file in one answer, so that one message can
// carry them as base64.
const maxPiece = 32 << 20

// FSParams say what a relative path starts from: the session's directory, or
// without a session the home of the user that runs the bridge.
type FSParams struct {
	SessionID string `json:"sessionId,omitempty"`
}

// FSEntriesParams name a directory; "" is the start.
type FSEntriesParams struct {
	FSParams
	Path string `json:"path,omitempty"`
}

// FSPathParams name a file or a directory.
type FSPathParams struct {
	FSParams
	Path string `json:"path"`
}

// FSEntriesResult is what a directory holds, sorted by name.
type FSEntriesResult []files.Entry

// FSReadParams choose a piece of a file.
type FSReadParams struct {
	FSPathParams
	// Offset is where the piece begins, in bytes.
	Offset int64 `json:"offset,omitempty"`
	// Length is how many bytes at the most; 0 means up to 32 MiB, which is
	// also the largest piece that is given.
	Length int `json:"length,omitempty"`
}

// FSReadResult is a piece of a file.
type FSReadResult struct {
	Content []byte `json:"content"` // base64
	Size    int64  `json:"size"`    // of the whole file, in bytes
	// EOF tells that the piece reaches the end of the file.
	EOF bool `json:"eof"`
}

// FSWriteParams are the content of a file, or with an offset a piece of it.
type FSWriteParams struct {
	FSPathParams
	Content []byte `json:"content"` // base64
	// Offset makes the content a piece that is written in place; the one at 0
	// begins the file anew. Without it the content is the whole file, which
	// replaces the one that is there in one step.
	Offset *int64 `json:"offset,omitempty"`
}

// FSDeleteParams say what to delete.
type FSDeleteParams struct {
	FSPathParams
	// Recursive also deletes a directory that isn't empty.
	Recursive bool `json:"recursive,omitempty"`
}

// FSMoveParams say what to move where.
type FSMoveParams struct {
	FSParams
	From string `json:"from"`
	To   string `json:"to"`
	// Overwrite replaces what is at the new place.
	Overwrite bool `json:"overwrite,omitempty"`
}

// FSUploadParams are an archive, tar or tar.gz, and the directory it goes to.
type FSUploadParams struct {
	FSEntriesParams
	Content []byte `json:"content"` // base64
}

// Tree is where the params' relative paths begin.
func (s *Server) Tree(p FSParams) (files.Tree, error) {
	if p.SessionID != "" {
		found, err := s.sessions.Get(p.SessionID)
		if err != nil {
			return files.Tree{}, err
		}
		return files.Tree{Base: string(found.Info(false).Directory)}, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return files.Tree{}, universal.InvalidRequest("the bridge's user has no home directory; give an absolute path or a sessionId").Because(err)
	}
	return files.Tree{Base: home}, nil
}

// inTree does something in the tree that params start from.
func inTree[R any](s *Server, p FSParams, do func(files.Tree) (R, error)) (R, error) {
	t, err := s.Tree(p)
	if err != nil {
		var none R
		return none, err
	}
	return do(t)
}

func fsEntries(_ context.Context, s *Server, p *FSEntriesParams) (FSEntriesResult, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (FSEntriesResult, error) { return t.Entries(p.Path) })
}

func fsStat(_ context.Context, s *Server, p *FSPathParams) (files.Stat, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Stat, error) { return t.Stat(p.Path) })
}

func fsRead(_ context.Context, s *Server, p *FSReadParams) (FSReadResult, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (FSReadResult, error) {
		length := p.Length
		if length == 0 || length > maxPiece {
			length = maxPiece
		}
		piece, err := t.Read(p.Path, p.Offset, length)
		return FSReadResult(piece), err
	})
}

func fsWrite(_ context.Context, s *Server, p *FSWriteParams) (files.Written, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Written, error) {
		if p.Offset != nil {
			return t.WritePiece(p.Path, *p.Offset, p.Content)
		}
		return t.Write(p.Path, bytes.NewReader(p.Content))
	})
}

func fsDelete(_ context.Context, s *Server, p *FSDeleteParams) (files.Changed, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Changed, error) { return t.Delete(p.Path, p.Recursive) })
}

func fsMkdir(_ context.Context, s *Server, p *FSPathParams) (files.Changed, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Changed, error) { return t.Mkdir(p.Path) })
}

func fsMove(_ context.Context, s *Server, p *FSMoveParams) (files.Moved, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Moved, error) { return t.Move(p.From, p.To, p.Overwrite) })
}

func fsUpload(ctx context.Context, s *Server, p *FSUploadParams) (files.Uploaded, error) {
	return inTree(s, p.FSParams, func(t files.Tree) (files.Uploaded, error) {
		return t.Upload(ctx, p.Path, bytes.NewReader(p.Content))
	})
}
