package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/credentials"
)

func extractCommand() *cli.Command {
	return &cli.Command{
		Name:  "extract",
		Usage: "show the credentials that were found",
		Description: "Prints what was found as JSON; with --agent or --provider, one secret alone,\n" +
			"and exit code 1 if there is none. Secrets show their first and last four\n" +
			"characters; --reveal shows them.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "agent", Aliases: []string{"a"}, Usage: "only the secret for `AGENT` claude, codex, opencode or amp"},
			&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Usage: "only the secret for `PROVIDER`, such as anthropic"},
			homeDirFlag(),
			noOAuthFlag(),
			&cli.BoolFlag{Name: "reveal", Aliases: []string{"r"}, Usage: "show secrets"},
		},
		Action: extractAction,
	}
}

func extractAction(_ context.Context, cmd *cli.Command) error {
	agent, err := choice(cmd, "agent", credentials.AgentClaude, credentials.AgentCodex, credentials.AgentOpenCode, credentials.AgentAmp)
	if err != nil {
		return err
	}
	provider := cmd.String("provider")
	if takes := agentProviders(agent); agent != "" && provider != "" && takes != nil && !slices.Contains(takes, provider) {
		return usagef(cmd, "%s has no use for a credential for %s; it takes one for %s", agent, provider, takes[0])
	}
	set, err := findCredentials(cmd)
	if err != nil {
		return err
	}
	reveal, stdout := cmd.Bool("reveal"), cmd.Root().Writer
	if agent == "" && provider == "" {
		return writeCredentials(stdout, &set, reveal)
	}
	c, err := selectCredential(&set, agent, provider)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, secretText(c.Secret, reveal))
	return err
}

// agentProviders are those that an agent takes credentials for, the best
// first; nil for one that takes any. Amp itself takes no key for Anthropic;
// clients of the v0.1 API are given one where there is none of its own.
func agentProviders(agent string) []string {
	switch agent {
	case credentials.AgentClaude:
		return []string{credentials.Anthropic}
	case credentials.AgentCodex:
		return []string{credentials.OpenAI}
	case credentials.AgentAmp:
		return []string{credentials.Amp, credentials.Anthropic}
	}
	return nil
}

// selectCredential finds the one that an agent takes, or that is for a
// provider; one of the two may be "".
func selectCredential(set *credentials.Set, agent, provider string) (credentials.Credential, error) {
	providers := agentProviders(agent)
	switch {
	case provider != "":
		providers = []string{provider}
	case agent == credentials.AgentOpenCode:
		others := otherProviders(set)
		providers = append([]string{credentials.OpenAI, credentials.Anthropic}, others...)
		if set.OpenAI == nil && set.Anthropic == nil && len(others) > 1 {
			return credentials.Credential{}, fmt.Errorf("extract the credential of opencode: there are several, for %s; choose one with --provider", strings.Join(others, ", "))
		}
	}
	for _, p := range providers {
		if c, ok := set.Get(p); ok {
			return c, nil
		}
	}
	if provider != "" {
		return credentials.Credential{}, fmt.Errorf("extract the credential for %s: none was found", provider)
	}
	text := "none was found"
	if login, detail := credentials.Own(agent, credentials.Options{}); login != drivers.LoginYes {
		text += "; " + detail
	}
	return credentials.Credential{}, fmt.Errorf("extract the credential of %s: %s", agent, text)
}

// otherProviders are those of OpenCode's that have no place of their own.
func otherProviders(set *credentials.Set) []string {
	var names []string
	for _, c := range set.All() {
		if c.Provider != credentials.Anthropic && c.Provider != credentials.OpenAI && c.Provider != credentials.Amp {
			names = append(names, c.Provider)
		}
	}
	return names
}

// credentialView is a credential as clients of the v0.1 API read it, with
// where it was found and when it ends.
type credentialView struct {
	Provider string           `json:"provider"`
	Source   string           `json:"source"`
	AuthType credentials.Type `json:"auth_type"`
	APIKey   string           `json:"api_key"`
	Redacted bool             `json:"redacted"`
	Origin   string           `json:"origin"`
	Expires  *time.Time       `json:"expires_at,omitempty"`
}

func viewCredential(c *credentials.Credential, reveal bool) *credentialView {
	if c == nil {
		return nil
	}
	v := &credentialView{
		Provider: c.Provider, Source: c.Source, AuthType: c.Type,
		APIKey: secretText(c.Secret, reveal), Redacted: !reveal, Origin: c.Origin,
	}
	if !c.Expires.IsZero() {
		end := c.Expires.UTC()
		v.Expires = &end
	}
	return v
}

func secretText(s credentials.Secret, reveal bool) string {
	if reveal {
		return s.Reveal()
	}
	return s.Redacted()
}

// writeCredentials writes all that was found.
func writeCredentials(w io.Writer, set *credentials.Set, reveal bool) error {
	view := struct {
		Anthropic *credentialView            `json:"anthropic"`
		OpenAI    *credentialView            `json:"openai"`
		Other     map[string]*credentialView `json:"other"`
	}{viewCredential(set.Anthropic, reveal), viewCredential(set.OpenAI, reveal), map[string]*credentialView{}}
	for provider, c := range set.Other {
		view.Other[provider] = viewCredential(&c, reveal)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(view)
}
