package install

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// npmConfig is what a user told npm about registries and the network, by npm's
// own names of its settings. Settings about one registry begin with its address
// without the protocol, such as "//host/path/:_authToken".
type npmConfig map[string]string

// readNPMConfig reads npm's settings in npm's order: environment variables
// npm_config_…, the user's .npmrc, the global one if one of those says where it
// is. A project's is not read, as by npm install -g: who works in a folder of
// somebody else must not get his programs from there.
func readNPMConfig(environ []string) (npmConfig, error) {
	c := npmConfig{}
	for _, entry := range slices.Backward(environ) {
		name, value, _ := strings.Cut(entry, "=")
		c.variable(name, value)
	}
	getenv := lookup(environ)
	user := c["userconfig"]
	if home, err := homeDir(getenv); err == nil && user == "" {
		user = filepath.Join(home, ".npmrc")
	}
	if err := c.file(user, getenv); err != nil {
		return nil, err
	}
	global := c["globalconfig"]
	if prefix := c["prefix"]; prefix != "" && global == "" {
		global = filepath.Join(prefix, "etc", "npmrc")
	}
	return c, c.file(global, getenv)
}

// lookup reads variables of an environment as os.Environ gives it; the last of
// several counts.
func lookup(environ []string) func(string) string {
	return func(name string) string {
		for _, entry := range slices.Backward(environ) {
			if key, value, _ := strings.Cut(entry, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// set keeps what an earlier source said.
func (c npmConfig) set(key, value string) {
	if _, known := c[key]; !known {
		c[key] = value
	}
}

// variable takes a setting from an environment variable, whose name may be
// written in any case and has underscores for dashes.
func (c npmConfig) variable(name, value string) {
	const prefix = "npm_config_"
	if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) || value == "" {
		return
	}
	key := name[len(prefix):]
	if !strings.HasPrefix(key, "//") {
		key = strings.ToLower(key[:1] + strings.ReplaceAll(key[1:], "_", "-"))
	}
	c.set(key, value)
}

// file takes settings from an .npmrc; it need not exist.
func (c npmConfig) file(path string, getenv func(string) string) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read npm's configuration: %w", err)
	}
	c.parse(string(text), getenv)
	return nil
}

// parse takes settings from the text of an .npmrc.
func (c npmConfig) parse(text string, getenv func(string) string) {
	lists := map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsRune(";#[", rune(line[0])) {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		key = expand(plainValue(key), getenv)
		value = expand(plainValue(value), getenv)
		if name, isList := strings.CutSuffix(key, "[]"); isList {
			lists[name] = append(lists[name], value)
			continue
		}
		c.set(key, value)
	}
	for name, values := range lists {
		c.set(name, strings.Join(values, "\n"))
	}
}

// plainValue takes quotes and comments from a value.
func plainValue(value string) string {
	value = strings.TrimSpace(value)
	for _, quote := range []string{`"`, `'`} {
		if len(value) > 1 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return strings.ReplaceAll(value[1:len(value)-1], `\n`, "\n")
		}
	}
	var plain strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && i+1 < len(value) && strings.IndexByte(`;#\`, value[i+1]) >= 0:
			i++
			plain.WriteByte(value[i])
		case c == ';' || c == '#':
			return strings.TrimSpace(plain.String())
		default:
			plain.WriteByte(c)
		}
	}
	return plain.String()
}

var reference = regexp.MustCompile(`\$\{([^${}?]+)(\?)?\}`)

// expand puts environment variables in the places of ${NAME}. One that isn't
// set stays as it is written, or with a question mark becomes nothing.
func expand(value string, getenv func(string) string) string {
	return reference.ReplaceAllStringFunc(value, func(whole string) string {
		parts := reference.FindStringSubmatch(whole)
		if set := getenv(parts[1]); set != "" || parts[2] != "" {
			return set
		}
		return whole
	})
}

// registry is the address of the registry of a package, with a slash at its
// end; "" when nothing is configured.
func (c npmConfig) registry(pkg string) (string, error) {
	address := c["registry"]
	if scope, _, scoped := strings.Cut(pkg, "/"); scoped && c[scope+":registry"] != "" {
		address = c[scope+":registry"]
	}
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("npm's configuration has %q as the registry of %s, which is no http or https address", shown(address), pkg)
	}
	return strings.TrimSuffix(address, "/") + "/", nil
}

// shown is an address as a person may see it: without the login that may be in
// it, also where it is no address at all.
func shown(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	end := len(rest)
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		end = strings.IndexByte(rest+"/", '/')
	}
	if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
		rest = "***" + rest[at:]
	}
	return scheme + rest
}

// authorize adds to a request the login that the configuration has for its
// address, or else, as npm does, the one for a registry on the same host: some
// keep their tarballs beside the path that is logged in to.
func (c npmConfig) authorize(req *http.Request, registry string) {
	if user := req.URL.User; user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
		req.URL.User = nil // errors show the address
	}
	login := c.login(req.URL)
	if home, err := url.Parse(registry); err == nil && login == "" && home.Host == req.URL.Host {
		login = c.login(home)
	}
	if login != "" {
		req.Header.Set("Authorization", login)
	}
}

// login is what the configuration has for an address or for one above it, as
// far up as the host; "" if nothing.
func (c npmConfig) login(u *url.URL) string {
	for key := "//" + u.Host + u.EscapedPath(); len(key) > len("//"); key = above(key) {
		if token := c[key+":_authToken"]; token != "" {
			return "Bearer " + token
		}
		if auth := c[key+":_auth"]; auth != "" {
			return "Basic " + auth
		}
		if name, secret := c[key+":username"], c[key+":_password"]; name != "" && secret != "" {
			if plain, err := base64.StdEncoding.DecodeString(secret); err == nil {
				return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+string(plain)))
			}
		}
	}
	return ""
}

// above takes the last slash from a key, or what comes after it, since keys
// are written with and without a slash at their end.
func above(key string) string {
	if rest, ok := strings.CutSuffix(key, "/"); ok {
		return rest
	}
	return key[:strings.LastIndexByte(key, '/')+1]
}
