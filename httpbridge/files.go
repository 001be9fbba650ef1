package httpbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/files"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// fileQuery are the params of a request whose body is a file.
func fileQuery[P any](r *http.Request) (*P, error) {
	members := map[string]json.RawMessage{}
	if err := addQuery(members, r.URL.RawQuery, reflect.TypeFor[P]()); err != nil {
		return nil, err
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	p, err := rpc.DecodeParams[P](text)
	return p, wrongQuery(err)
}

// download serves a file, or with Range pieces of it, as it lies on the disk.
func (b *bridge) download(w http.ResponseWriter, r *http.Request) {
	p, err := fileQuery[rpc.FSPathParams](r)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	if query := r.URL.Query(); query.Has("offset") || query.Has("length") {
		b.fail(w, r, universal.InvalidRequest("offset and length are for stdio; ask for a piece of the file with the header Range"))
		return
	}
	tree, err := b.Server.Tree(p.FSParams)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	f, stat, err := tree.Open(p.Path)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	defer f.Close()
	begin, err := beginning(f)
	if err != nil {
		b.fail(w, r, universal.Errorf(universal.KindStreamError, "stream error: %v", err).With("message", err.Error()).Because(err))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff") // never a script or a page
	var content io.ReadSeeker = f
	switch size, err := f.Seek(0, io.SeekEnd); {
	case len(begin) < pieceBytes: // all of it, whatever its size is said to be
		content = bytes.NewReader(begin)
	case err != nil || size < int64(len(begin)):
		b.pour(w, r, io.NewSectionReader(f, 0, math.MaxInt64))
		return
	}
	refuse := func(status int) { b.refuseFile(w, r, status) }
	http.ServeContent(&fileResponse{ResponseWriter: w, body: patient(w), refuse: refuse}, r, "", stat.Modified.Time, content)
}

// beginning is the first piece of a file; all of it, if that is less.
func beginning(f *os.File) ([]byte, error) {
	begin := make([]byte, pieceBytes)
	n, err := io.ReadFull(f, begin)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return begin[:n], err
}

// pour serves a file whose size nobody knows, as those of the kernel in /proc:
// as long as it goes on, and without pieces.
func (b *bridge) pour(w http.ResponseWriter, r *http.Request, file io.Reader) {
	if r.Method == http.MethodHead {
		return
	}
	if _, err := io.Copy(patient(w), file); err != nil {
		b.Logger.Debug("http: a file could not be served to its end", "error", err)
		panic(http.ErrAbortHandler) // so that half a file isn't taken for a whole one
	}
}

// fileResponse is what net/http serves a file to. Its body is written with
// patience, and headers that the file doesn't fit are refused as all else is.
type fileResponse struct {
	http.ResponseWriter
	body    io.Writer
	refuse  func(status int)
	refused bool
}

func (f *fileResponse) WriteHeader(status int) {
	if f.refused = status >= http.StatusBadRequest; f.refused {
		f.refuse(status)
		return
	}
	f.ResponseWriter.WriteHeader(status)
}

func (f *fileResponse) Write(b []byte) (int, error) {
	if f.refused {
		return len(b), nil // a text that the problem document stands for
	}
	return f.body.Write(b)
}

// refuseFile answers with the status by which clients know which of their
// headers was wrong.
func (b *bridge) refuseFile(w http.ResponseWriter, r *http.Request, status int) {
	err := universal.InvalidRequest("the file does not meet the conditions of the request's headers")
	if status == http.StatusRequestedRangeNotSatisfiable {
		err = universal.InvalidRequest("the file has no such range")
		if size, ok := strings.CutPrefix(w.Header().Get("Content-Range"), "bytes */"); ok {
			err = universal.InvalidRequest("the file has no such range; its size is %s", size)
		}
	}
	b.failAs(w, r, status, err)
}

// upload writes the body to a file. What the client means as a piece of it is
// refused: it would replace the rest.
func (b *bridge) upload(w http.ResponseWriter, r *http.Request) {
	p, err := fileQuery[rpc.FSPathParams](r)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	if r.Header.Get("Content-Range") != "" || r.URL.Query().Has("offset") {
		b.fail(w, r, universal.InvalidRequest("a file is written as a whole; send all of it, without Content-Range and offset"))
		return
	}
	if err := notEncoded(r); err != nil {
		b.fail(w, r, err)
		return
	}
	b.receive(w, r, p.FSParams, func(tree files.Tree, body io.Reader) (any, error) {
		return tree.Write(p.Path, body)
	})
}

// uploadArchive unpacks the body into a directory.
func (b *bridge) uploadArchive(w http.ResponseWriter, r *http.Request) {
	if !isArchive(r.Header.Get("Content-Type")) {
		b.fail(w, r, universal.InvalidRequest("send a tar archive with Content-Type: application/x-tar"))
		return
	}
	p, err := fileQuery[rpc.FSEntriesParams](r)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	b.receive(w, r, p.FSParams, func(tree files.Tree, body io.Reader) (any, error) {
		return tree.Upload(r.Context(), p.Path, body)
	})
}

// isArchive takes the type that clients of the v0.1 API send and those of
// compressed archives; which it is, the first bytes tell.
func isArchive(contentType string) bool {
	if strings.HasPrefix(contentType, "application/x-tar") {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/gzip" || media == "application/x-gzip" || media == "application/x-gtar" || media == "application/tar+gzip")
}

// receive hands a body to whatever stores it.
func (b *bridge) receive(w http.ResponseWriter, r *http.Request, at rpc.FSParams, store func(files.Tree, io.Reader) (any, error)) {
	tree, err := b.Server.Tree(at)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	result, err := store(tree, bodyOf(w, r.Body))
	if err != nil {
		b.fail(w, r, err)
		return
	}
	b.answer(w, r, http.StatusOK, result)
}
