package install

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// transport speaks to registries as npm's settings say: through a proxy, and
// with a company's own certificates.
func (c npmConfig) transport(getenv func(string) string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 c.proxy,
		DisableKeepAlives:     true, // few requests, and nothing is left of them
		TLSHandshakeTimeout:   30 * time.Second,
		ResponseHeaderTimeout: stallTimeout,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: c["strict-ssl"] == "false"}, // only if the user says so; digests are checked all the same
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if inline := c["ca"]; inline != "" && !pool.AppendCertsFromPEM([]byte(inline)) {
		return nil, fmt.Errorf("npm's configuration has a ca that is no PEM certificate")
	}
	for name, file := range map[string]string{"cafile": c["cafile"], "NODE_EXTRA_CA_CERTS": getenv("NODE_EXTRA_CA_CERTS")} {
		if file == "" {
			continue
		}
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the certificates of %s: %w", name, err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s is %s, which has no PEM certificate", name, file)
		}
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// proxy is npm's setting, else the environment's.
func (c npmConfig) proxy(req *http.Request) (*url.URL, error) {
	address := c["proxy"]
	if address == "" {
		address = c["http-proxy"]
	}
	if req.URL.Scheme == "https" && c["https-proxy"] != "" {
		address = c["https-proxy"]
	}
	switch {
	case address == "false":
		return nil, nil
	case address == "" || address == "null":
		u, err := http.ProxyFromEnvironment(req)
		if err != nil { // its text has the address, with the login in it
			return nil, errors.New("the environment has a proxy (HTTP_PROXY, HTTPS_PROXY) which is no address")
		}
		return u, nil
	case c.direct(req.URL.Hostname()):
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("npm's configuration has %q as the proxy, which is no address", shown(address))
	}
	return u, nil
}

// direct tells whether a host, or a domain that it is in, is to be reached
// without the proxy.
func (c npmConfig) direct(host string) bool {
	list := c["noproxy"]
	if list == "" {
		list = c["no-proxy"]
	}
	return slices.ContainsFunc(strings.Split(list, ","), func(domain string) bool {
		domain = strings.TrimPrefix(strings.TrimSpace(domain), ".")
		return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
	})
}
