package httpbridge

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
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
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(patientResponse{w, patient(w)}, r, "", stat.Modified.Time, f)
}

// patientResponse is a response whose body is written with patience.
type patientResponse struct {
	http.ResponseWriter
	body io.Writer
}

func (p patientResponse) Write(b []byte) (int, error) { return p.body.Write(b) }

// upload writes the body to a file.
func (b *bridge) upload(w http.ResponseWriter, r *http.Request) {
	p, err := fileQuery[rpc.FSPathParams](r)
	if err != nil {
		b.fail(w, r, err)
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
