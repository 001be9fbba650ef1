package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/sandbox-agent/sandbox-agent/httpbridge"
)

// allowedNames are the hosts of --allow-host; none is an empty list. What could
// never be the host of a request is refused, since it would allow nothing.
func allowedNames(cmd *cli.Command) ([]string, error) {
	names := []string{}
	for _, name := range cmd.StringSlice("allow-host") {
		if strings.ContainsAny(name, "/*@ ") {
			return nil, usagef(cmd, "--allow-host %q is no host; give a name such as box.example or an address, without scheme, path and *", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// corsOf reads which pages may use the server.
func corsOf(cmd *cli.Command) (httpbridge.CORS, error) {
	cors := httpbridge.CORS{
		Methods: cmd.StringSlice("cors-allow-method"), Headers: cmd.StringSlice("cors-allow-header"),
		Credentials: cmd.Bool("cors-allow-credentials"),
	}
	for _, given := range cmd.StringSlice("cors-allow-origin") {
		origin := strings.TrimSuffix(strings.ToLower(given), "/") // as browsers send it
		if !isOrigin(origin) {
			return cors, usagef(cmd, "--cors-allow-origin %q is no origin; give one such as https://app.example:8080, or * for every page", given)
		}
		cors.Origins = append(cors.Origins, origin)
	}
	return cors, nil
}

// isOrigin tells whether browsers can send a text as the origin of a page, or
// it stands for all of them. Pages from files have the origin null.
func isOrigin(text string) bool {
	if text == "*" || text == "null" {
		return true
	}
	return !strings.Contains(text, "*") && http.NewCrossOriginProtection().AddTrustedOrigin(text) == nil
}

// corsWarnings tell of settings that browsers or the server take no notice of.
func corsWarnings(cors httpbridge.CORS) []string {
	given := len(cors.Methods) > 0 || len(cors.Headers) > 0 || cors.Credentials
	switch {
	case given && len(cors.Origins) == 0:
		return []string{"no page may use this server: the other CORS settings do nothing without --cors-allow-origin"}
	case cors.Credentials && slices.Contains(cors.Origins, "*"):
		return []string{"--cors-allow-credentials does nothing with the origin *, with which browsers refuse it; name the origins"}
	}
	return nil
}
