package install

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	// stallTimeout is how long a registry may say nothing.
	stallTimeout = 60 * time.Second
	// maxDocument is the largest description of a package, in bytes; those
	// with the most versions have some megabytes.
	maxDocument = 256 << 20
	// maxTarball is the largest package, in bytes.
	maxTarball = 4 << 30
	// npmWait bounds a question to npm itself.
	npmWait = 15 * time.Second
	// tries is how often something is asked for that fails in a way that may
	// pass.
	tries = 3
)

// registry speaks to the npm registries of a user's configuration.
type registry struct {
	config npmConfig
	client *http.Client
	pause  time.Duration // before the second try; doubled for the next
}

// Registry tells which registry agents would be installed from; "" when none is
// known. It uses no network, and asks npm if the settings name none.
func Registry(ctx context.Context, environ []string) (address string, err error) {
	config, err := readNPMConfig(environ)
	if err == nil {
		err = config.askNPM(ctx, environ)
	}
	if err != nil {
		return "", err
	}
	address, err = config.registry("")
	if err != nil || address == "" {
		return "", err
	}
	return shown(address), nil
}

// retryPause is the usual pause before the second try.
const retryPause = time.Second

// newRegistry reads the configuration.
func newRegistry(ctx context.Context, environ []string, pause time.Duration) (*registry, error) {
	config, err := readNPMConfig(environ)
	if err != nil {
		return nil, err
	}
	if err := config.askNPM(ctx, environ); err != nil {
		return nil, err
	}
	transport, err := config.transport(lookup(environ))
	if err != nil {
		return nil, err
	}
	return &registry{config: config, client: &http.Client{Transport: transport}, pause: pause}, nil
}

// askNPM lets npm tell what no file of the user says: where its global
// configuration is, which depends on how Node was installed, and the registry
// that it uses when none is configured. There need not be an npm.
func (c npmConfig) askNPM(ctx context.Context, environ []string) error {
	if c["registry"] != "" {
		return nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, npmWait)
	defer cancel()
	ask := func(name string) string {
		cmd := exec.CommandContext(ctx, npm, "config", "get", name)
		cmd.Dir = os.TempDir() // a project's file doesn't count
		cmd.Env = environ
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	if file := ask("globalconfig"); c["globalconfig"] == "" {
		if err := c.file(file, lookup(environ)); err != nil {
			return err
		}
	}
	if c["registry"] == "" {
		if address := ask("registry"); strings.Contains(address, "://") {
			c["registry"] = address
		}
	}
	return nil
}

// document is what a registry tells of a package.
type document struct {
	Tags     map[string]string `json:"dist-tags"`
	Versions map[string]struct {
		Dist dist `json:"dist"`
	} `json:"versions"`
}

// dist says where a version of a package is and what its digest is.
type dist struct {
	Tarball   string `json:"tarball"`
	Integrity string `json:"integrity"`
}

// tagged is the version of an agent that has a name (a dist-tag), such as
// "latest".
func (r *registry) tagged(ctx context.Context, p *Program, asked string) (string, error) {
	doc, err := r.document(ctx, p.Launchers[0])
	if err != nil {
		return "", err
	}
	if version := doc.Tags[asked]; exactVersion.MatchString(version) {
		return version, nil
	}
	tags := make([]string, 0, len(doc.Tags))
	for tag := range doc.Tags {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return "", fmt.Errorf("%w: %s has no %q; it has the names %s", ErrUnknownVersion, p.Launchers[0], asked, strings.Join(tags, ", "))
}

// find returns where a package is. Its digest is the table's, where that has
// one, and the registry's must be the same.
func (r *registry) find(ctx context.Context, pkg Package) (dist, error) {
	doc, err := r.document(ctx, pkg.Name)
	if err != nil {
		return dist{}, err
	}
	found, ok := doc.Versions[pkg.Version]
	if !ok {
		return dist{}, fmt.Errorf("%w: %s %s; it has %s as its latest", ErrUnknownVersion, pkg.Name, pkg.Version, doc.Tags["latest"])
	}
	d := found.Dist
	if d.Integrity, ok = strongest(d.Integrity); !ok {
		return dist{}, fmt.Errorf("%w: the registry tells no sha512 digest of %s %s", ErrIntegrity, pkg.Name, pkg.Version)
	}
	if pkg.Integrity != "" && d.Integrity != pkg.Integrity {
		return dist{}, fmt.Errorf("%w: the registry offers another %s %s than the one that is known: want %s, got %s", ErrIntegrity, pkg.Name, pkg.Version, pkg.Integrity, d.Integrity)
	}
	return d, nil
}

// strongest is the sha512 digest in an integrity value, which may list several.
func strongest(integrity string) (string, bool) {
	for digest := range strings.FieldsSeq(integrity) {
		digest, _, _ = strings.Cut(digest, "?") // options, which nobody has defined yet
		if strings.HasPrefix(digest, "sha512-") {
			return digest, true
		}
	}
	return "", false
}

func (r *registry) document(ctx context.Context, pkg string) (*document, error) {
	address, err := r.config.registry(pkg)
	switch {
	case err != nil:
		return nil, err
	case address == "":
		return nil, ErrNoRegistry
	}
	var doc document
	err = r.try(ctx, func() error {
		body, _, err := r.get(ctx, address, address+strings.Replace(pkg, "/", "%2f", 1), "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8")
		if err != nil {
			return err
		}
		defer body.Close()
		if err := json.NewDecoder(io.LimitReader(body, maxDocument)).Decode(&doc); err != nil {
			return fmt.Errorf("%s doesn't answer as an npm registry does: %w", shown(address), err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", pkg, err)
	}
	return &doc, nil
}

// download writes a package into a file, and checks its digest on the way.
func (r *registry) download(ctx context.Context, pkg Package, from dist, file string, progress func(done, total int64)) error {
	address, err := r.config.registry(pkg.Name)
	if err != nil {
		return err
	}
	places, err := places(address, from.Tarball)
	if err != nil {
		return fmt.Errorf("download %s %s: %w", pkg.Name, pkg.Version, err)
	}
	for i, place := range places {
		err = r.try(ctx, func() error { return r.save(ctx, address, place, from.Integrity, file, progress) })
		_, refused := errors.AsType[statusError](err)
		if i == len(places)-1 || !refused && !errors.Is(err, ErrIntegrity) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("download %s %s: %w", pkg.Name, pkg.Version, err)
	}
	return nil
}

// places are the addresses of a tarball, of which a registry tells one. A
// registry that mirrors another may tell the other's, which need not be
// reachable from here: the same path below the registry itself goes first.
func places(registry, tarball string) ([]string, error) {
	base, err := url.Parse(registry)
	if err != nil {
		return nil, err
	}
	told, err := base.Parse(tarball)
	if err != nil || told.Scheme != "http" && told.Scheme != "https" {
		return nil, fmt.Errorf("the registry tells %q as the address of it", tarball)
	}
	if told.Host == base.Host {
		if base.Scheme == "https" { // a login must not leave it
			told.Scheme = base.Scheme
		}
		told.User = base.User
		return []string{told.String()}, nil
	}
	near := *told
	near.Scheme, near.Host, near.User = base.Scheme, base.Host, base.User
	if !strings.HasPrefix(told.Path, base.Path) {
		near = *base.JoinPath(told.EscapedPath())
		near.RawQuery = told.RawQuery
	}
	return []string{near.String(), told.String()}, nil
}

func (r *registry) save(ctx context.Context, registry, place, integrity, file string, progress func(done, total int64)) (err error) {
	body, size, err := r.get(ctx, registry, place, "application/octet-stream, */*")
	if err != nil {
		return err
	}
	defer body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	digest := sha512.New()
	meter := &meter{size: size, progress: progress}
	n, err := io.Copy(io.MultiWriter(out, digest, meter), io.LimitReader(body, maxTarball+1))
	switch {
	case err != nil:
		return err
	case n > maxTarball:
		return fmt.Errorf("the package is larger than %d GB", maxTarball>>30)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(digest.Sum(nil)); got != integrity {
		return fmt.Errorf("%w: want %s, got %s", ErrIntegrity, integrity, got)
	}
	return nil
}

// meter counts what passes.
type meter struct {
	done, size int64
	progress   func(done, total int64)
}

func (m *meter) Write(b []byte) (int, error) {
	m.done += int64(len(b))
	m.progress(m.done, m.size)
	return len(b), nil
}

// statusError is an answer that is no success.
type statusError struct {
	address string
	code    int
}

func (e statusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.address, e.code, http.StatusText(e.code))
}

// get asks for an address that a registry told, or its own. The body ends with
// an error when nothing comes for too long; size is -1 if the server doesn't
// tell it.
func (r *registry) get(ctx context.Context, registry, address, accept string) (body io.ReadCloser, size int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, 0, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "sandbox-agent")
	r.config.authorize(req, registry)
	resp, err := r.client.Do(req)
	if err != nil {
		cancel(nil)
		return nil, 0, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	if resp.StatusCode == http.StatusOK {
		return newPatient(resp.Body, cancel), resp.ContentLength, nil
	}
	_ = resp.Body.Close()
	cancel(nil)
	err = statusError{req.URL.Redacted(), resp.StatusCode}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	case http.StatusNotFound:
		err = fmt.Errorf("%w: %w", ErrUnknownVersion, err)
	}
	return nil, 0, err
}

// patient is a body that gives up when nothing comes for too long.
type patient struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

var errStalled = fmt.Errorf("nothing came for %v", stallTimeout)

func newPatient(body io.ReadCloser, cancel context.CancelCauseFunc) *patient {
	return &patient{body, cancel, time.AfterFunc(stallTimeout, func() { cancel(errStalled) })}
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.timer.Reset(stallTimeout)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrOffline, err)
	}
	return n, err
}

func (p *patient) Close() error {
	p.timer.Stop()
	p.cancel(nil)
	return p.body.Close()
}

// try does something again that failed in a way that may pass.
func (r *registry) try(ctx context.Context, do func() error) error {
	pause := r.pause
	for n := 1; ; n++ {
		err := do()
		if err == nil || n == tries || !passing(err) {
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// passing tells whether an error may be gone at the next try.
func passing(err error) bool {
	if status, ok := errors.AsType[statusError](err); ok {
		return status.code >= 500 || status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout
	}
	return errors.Is(err, ErrOffline)
}
