package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// daemonPatience is how long a daemon may take to answer on a busy machine.
const daemonPatience = 3 * time.Second

// healthy tells whether one of our servers answers there.
func (d daemon) healthy(ctx context.Context) bool {
	body, status := d.ask(ctx, "/v1/health", "")
	var health rpc.HealthResult
	return status == http.StatusOK && json.Unmarshal(body, &health) == nil && health.Status == "ok"
}

// sameToken refuses to take a daemon that runs for the one that is asked for
// when it lets in others, or not those who have the token that is given.
func (d daemon) sameToken(ctx context.Context, cmd *cli.Command, record daemonRecord) error {
	token, err := clientToken(cmd)
	if err != nil || token == "" && !cmd.Bool("no-token") {
		return err
	}
	lets := func(token string) bool {
		_, status := d.ask(ctx, "/v1/sessions?limit=1", token)
		return status == http.StatusOK
	}
	if lets(token) && (token == "" || !lets("")) {
		return nil
	}
	return fmt.Errorf("the daemon runs (PID %d) with another token, or with none; end it with daemon stop to start it with this one", record.PID)
}

// ask gets a document from the server; status 0 means that none answers.
func (d daemon) ask(ctx context.Context, path, token string) (body []byte, status int) {
	ctx, cancel := context.WithTimeout(ctx, daemonPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address()+path, nil)
	if err != nil {
		return nil, 0
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, 0
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10)); err != nil {
		return nil, 0
	}
	return body, resp.StatusCode
}
