package main

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
)

// Origins are read as browsers send them, and settings without any effect are
// told.
func TestCORSOfTheCommandLine(t *testing.T) {
	for line, want := range map[string]struct {
		cors     httpbridge.CORS
		warnings string
	}{
		"":                                    {},
		"-O https://App.Example/ -O null":     {cors: httpbridge.CORS{Origins: []string{"https://app.example", "null"}}},
		"-O http://[::1]:8080 -C -M GET":      {cors: httpbridge.CORS{Origins: []string{"http://[::1]:8080"}, Methods: []string{"GET"}, Credentials: true}},
		"-O * -A X-Trace":                     {cors: httpbridge.CORS{Origins: []string{"*"}, Headers: []string{"X-Trace"}}},
		"-O * -C":                             {cors: httpbridge.CORS{Origins: []string{"*"}, Credentials: true}, warnings: "name the origins"},
		"--cors-allow-method GET":             {cors: httpbridge.CORS{Methods: []string{"GET"}}, warnings: "without --cors-allow-origin"},
		"-C --allow-host box --allow-host ::": {cors: httpbridge.CORS{Credentials: true}, warnings: "without --cors-allow-origin"},
	} {
		cmd := serverCommand()
		cmd.Action = func(_ context.Context, cmd *cli.Command) error {
			cors, err := corsOf(cmd)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(want.cors, cors, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s", line, diff)
			}
			got := strings.Join(corsWarnings(cors), "; ")
			if (got == "") != (want.warnings == "") || !strings.Contains(got, want.warnings) {
				t.Errorf("%s: warns %q, want %q", line, got, want.warnings)
			}
			_, err = allowedNames(cmd)
			return err
		}
		if err := cmd.Run(t.Context(), append([]string{"server"}, strings.Fields(line)...)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
