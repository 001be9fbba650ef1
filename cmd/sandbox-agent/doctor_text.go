package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
)

// write tells the report to a person.
func (r *doctorReport) write(w io.Writer, color bool) error {
	t := &reportText{color: color}
	fmt.Fprintf(&t.Builder, "sandbox-agent %s on %s\n\nAgents\n", r.Version, r.Platform)
	for _, a := range r.Agents {
		t.agent(a)
	}
	t.WriteString("\nCredentials\n")
	t.credentials(r.Credentials, r.CredentialProblems)
	t.WriteString("\nMachine\n")
	for _, c := range append([]check{r.Supervision, r.TempDir, r.DataDir, r.Registry}, r.Tools...) {
		t.check(c)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

// reportText is the text of a report.
type reportText struct {
	strings.Builder
	color bool
}

// mark is what a person sees first of a check.
func (t *reportText) mark(ok bool) string {
	switch {
	case ok && t.color:
		return "\x1b[32m✓\x1b[0m"
	case ok:
		return "✓"
	case t.color:
		return "\x1b[31m✗\x1b[0m"
	}
	return "✗"
}

func (t *reportText) agent(a agentCheck) {
	fmt.Fprintf(t, "  %s %s (%s)\n", t.mark(a.Ready), a.Name, a.ID)
	if a.ID == mock.ID {
		t.fact("built in", "pretends to be an agent, for trying things out")
		return
	}
	if a.Installed {
		t.fact("installed", a.Version+" at "+a.Path)
	} else {
		t.fact("installed", "no")
	}
	if a.Installed && a.TestedVersion != "" && a.Version != a.TestedVersion {
		t.fact("tested", "with "+a.TestedVersion+"; sandbox-agent install-agent "+a.ID+" -r gets it")
	}
	switch {
	case a.Login == drivers.LoginYes:
		t.fact("login", a.LoginDetail)
	case a.Login == drivers.LoginNo:
		t.fact("login", "no: "+a.LoginDetail)
	case a.LoginDetail != "":
		t.fact("login", "not known: "+a.LoginDetail)
	}
	if a.Problem != "" {
		t.fact("problem", a.Problem)
	}
}

func (t *reportText) credentials(found []*credentialView, problems []string) {
	if len(found) == 0 {
		t.WriteString("  none found in the environment and in the agents' files\n")
	}
	for _, c := range found {
		kind := "API key"
		if c.AuthType == credentials.OAuth {
			kind = "login"
		}
		if c.Expires != nil {
			kind += " until " + c.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "  %s %s: %s %s, from %s\n", t.mark(true), c.Provider, kind, c.APIKey, c.Origin)
	}
	for _, p := range problems {
		fmt.Fprintf(t, "  %s %s\n", t.mark(false), p)
	}
}

func (t *reportText) fact(name, value string) {
	fmt.Fprintf(t, "      %-10s %s\n", name+":", value)
}

func (t *reportText) check(c check) {
	var words []string
	for _, word := range []string{c.Version, c.Path, c.Detail} {
		if word != "" {
			words = append(words, word)
		}
	}
	fmt.Fprintf(t, "  %s %s: %s\n", t.mark(c.OK), c.Name, strings.Join(words, ", "))
}
