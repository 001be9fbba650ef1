package install

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// entry is a file or something else in a tarball.
type entry struct {
	name string
	body string
	mode int64
	kind byte
}

// archive makes an npm tarball.
func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		header := &tar.Header{Name: e.name, Mode: e.mode, Typeflag: e.kind, Size: int64(len(e.body))}
		if e.kind != tar.TypeReg {
			header.Size, header.Linkname = 0, e.body
		}
		if err := tw.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := tw.Write([]byte(e.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func integrityOf(data []byte) string {
	sum := sha512.Sum512(data)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// release is a version of a package on a scripted registry.
type release struct {
	tarball   []byte
	integrity string // of tarball, unless a test wants another one
	elsewhere string // an address of the tarball that is told instead of its own
}

// scripted is an npm registry that tests write. What it is asked for is
// written down, without the slash in front.
type scripted struct {
	*httptest.Server

	mu       sync.Mutex
	tags     map[string]string             // of every package
	packages map[string]map[string]release // by name and version
	first    answer
	asked    []string
}

// answer is given before the registry's; false lets the registry answer.
type answer func(w http.ResponseWriter, r *http.Request) bool

func newScripted(t *testing.T) *scripted {
	t.Helper()
	s := &scripted{tags: map[string]string{}, packages: map[string]map[string]release{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// publish adds a version of a package.
func (s *scripted) publish(name, version string, tarball []byte) {
	s.change(name, version, func(r *release) { *r = release{tarball: tarball, integrity: integrityOf(tarball)} })
}

// change changes a version of a package.
func (s *scripted) change(name, version string, do func(r *release)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packages[name] == nil {
		s.packages[name] = map[string]release{}
	}
	r := s.packages[name][version]
	do(&r)
	s.packages[name][version] = r
}

// tarball is a version of a package.
func (s *scripted) tarball(name, version string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.packages[name][version].tarball
}

// answerFirst sets what answers before the registry; nil for nothing.
func (s *scripted) answerFirst(first answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = first
}

// requests are those since the last call.
func (s *scripted) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	s.mu.Lock()
	s.asked = append(s.asked, path)
	first := s.first
	s.mu.Unlock()
	if first != nil && first(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, file, ok := strings.Cut(path, "/-/"); ok {
		found, ok := s.packages[name][strings.TrimSuffix(file, ".tgz")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(found.tarball)
		return
	}
	versions, ok := s.packages[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	doc := document{Tags: s.tags, Versions: map[string]struct {
		Dist dist `json:"dist"`
	}{}}
	for version, found := range versions {
		d := doc.Versions[version]
		d.Dist = dist{Tarball: found.elsewhere, Integrity: found.integrity}
		if d.Dist.Tarball == "" {
			d.Dist.Tarball = fmt.Sprintf("%s/%s/-/%s.tgz", s.URL, path, version)
		}
		doc.Versions[version] = d
	}
	_ = json.NewEncoder(w).Encode(doc)
}
