// Package remote calls the methods of a bridge that serves HTTP.
//
// A call's params are the one object that a client on stdio would send; which
// of them belong into the path, the query and the body, the method table says.
// Nothing has a time limit but what the context sets: turns and streams have
// none.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// Client calls one server.
type Client struct {
	// Endpoint is the server's base address, such as http://127.0.0.1:2468.
	Endpoint string
	// Token is shown to the server; "" shows none.
	Token string
	// HTTP does the requests.
	HTTP *http.Client
}

// Params are a call's params by their JSON names.
type Params map[string]any

// Call calls a method that answers once and returns the body of the answer,
// which is empty for 204. An error that the server answers with is a
// *universal.Error.
func (c *Client) Call(ctx context.Context, m rpc.Method, params Params) ([]byte, error) {
	resp, err := c.Do(ctx, m, params, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Upload is a file that goes with a call instead of a JSON body.
type Upload struct {
	ContentType string
	File        io.Reader
}

// Do does the request of any call, and turns an answer that is a problem into
// an error. The caller closes the answer's body.
func (c *Client) Do(ctx context.Context, m rpc.Method, params Params, up *Upload) (*http.Response, error) {
	path, rest, err := route(m, params)
	if err != nil {
		return nil, err
	}
	address := strings.TrimRight(c.Endpoint, "/") + path
	var body io.Reader
	contentType := ""
	switch {
	case up != nil:
		body, contentType = up.File, up.ContentType
		address += query(rest)
	case m.Verb == http.MethodGet, m.Verb == http.MethodDelete:
		address += query(rest)
	default:
		text, err := json.Marshal(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		body, contentType = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, m.Verb, address, body)
	if err != nil {
		return nil, fmt.Errorf("the endpoint %q is not usable: %w", c.Endpoint, err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, unreachable(c.Endpoint, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, problem(c.Endpoint, resp)
}

func unreachable(endpoint string, err error) error {
	if cause, ok := errors.AsType[*url.Error](err); ok {
		err = cause.Err // without the address, which is said already
	}
	return fmt.Errorf("no answer from %s; is sandbox-agent server running there? %w", endpoint, err)
}

// maxProblemBytes bounds an answer that is an error.
const maxProblemBytes = 1 << 20

// problem is the error that a server answered with.
func problem(endpoint string, resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblemBytes))
	if err != nil {
		return unreachable(endpoint, err)
	}
	var p rpc.Problem
	if json.Unmarshal(body, &p) != nil || p.Type == "" {
		return fmt.Errorf("%s answered %s and is no sandbox-agent server", endpoint, resp.Status)
	}
	return &universal.Error{Kind: p.Kind(), Detail: p.Detail, Agent: p.Agent, SessionID: p.SessionID, Details: p.Details}
}

// route is the method's path with its params in it, and the params that are
// left. Of several paths it is the first whose params are all there.
func route(m rpc.Method, params Params) (path string, rest Params, err error) {
	for _, pattern := range m.Paths {
		if path, rest, ok := fill(pattern, params); ok {
			return path, rest, nil
		}
	}
	return "", nil, fmt.Errorf("%s: the params of %s are not all given", m.Name, strings.Join(m.Paths, " or "))
}

func fill(pattern string, params Params) (string, Params, bool) {
	rest := Params{}
	for name, value := range params {
		rest[name] = value
	}
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		name, ok := strings.CutPrefix(part, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value, ok := params[name].(string)
		if !ok || value == "" {
			return "", nil, false
		}
		parts[i] = url.PathEscape(value)
		delete(rest, name)
	}
	return strings.Join(parts, "/"), rest, true
}

// query is what is left of the params behind a path.
func query(params Params) string {
	values := url.Values{}
	for name, value := range params {
		values.Set(name, fmt.Sprint(value))
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}
