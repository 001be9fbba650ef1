package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/remote"
)

// readFile writes a file of the server to stdout, as it is.
func readFile(ctx context.Context, call *apiCall) error {
	resp, err := call.client.Do(ctx, call.method, call.params, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(call.stdout, resp.Body)
	return err
}

// writeFile sends a text or a file of this machine.
func writeFile(ctx context.Context, call *apiCall) error {
	cmd := call.cmd
	if cmd.IsSet("content") == cmd.IsSet("from-file") {
		return usagef(cmd, "give either --content or --from-file")
	}
	if cmd.IsSet("content") {
		return call.upload(ctx, "application/octet-stream", strings.NewReader(cmd.String("content")))
	}
	return call.uploadFrom(ctx, cmd.String("from-file"), "application/octet-stream")
}

// uploadFile sends an archive.
func uploadFile(ctx context.Context, call *apiCall) error {
	return call.uploadFrom(ctx, call.cmd.String("tar"), "application/x-tar")
}

// uploadFrom sends a file, or stdin for "-".
func (c *apiCall) uploadFrom(ctx context.Context, path, contentType string) error {
	if path == "-" {
		return c.upload(ctx, contentType, c.cmd.Root().Reader)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(c.upload(ctx, contentType, file), ignoreClosed(file.Close()))
}

// ignoreClosed is for files that the HTTP client has closed already.
func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func (c *apiCall) upload(ctx context.Context, contentType string, file io.Reader) error {
	resp, err := c.client.Do(ctx, c.method, c.params, &remote.Upload{ContentType: contentType, File: file})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return c.show(body)
}
