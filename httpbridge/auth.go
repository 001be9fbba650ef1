package httpbridge

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// tokenCheck knows the token without keeping it.
type tokenCheck struct {
	required bool
	sum      [sha256.Size]byte
}

func newTokenCheck(token string) tokenCheck {
	return tokenCheck{required: token != "", sum: sha256.Sum256([]byte(token))}
}

// accepts takes the same time for every token of any length.
func (c tokenCheck) accepts(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], c.sum[:]) == 1
}

// authorized lets only those through who have the token.
func (b *bridge) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if b.token.required && !b.token.accepts(tokenOf(r.Header.Get("Authorization"))) {
			err := &universal.Error{Kind: universal.KindTokenInvalid, Detail: "token invalid"}
			b.fail(w, r, err.With("message", "missing or invalid token"))
			return
		}
		next(w, r)
	}
}

// tokenOf is the token in an Authorization header: after Bearer or Token, or
// the password, or all, of Basic. "" if there is none.
func tokenOf(header string) string {
	scheme, value, ok := strings.Cut(strings.TrimSpace(header), " ")
	if !ok {
		return ""
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return value
	case "basic":
		plain := basic(value)
		if _, password, ok := strings.Cut(plain, ":"); ok {
			return password
		}
		return plain
	default:
		return ""
	}
}

// basic decodes what Basic carries in any of the spellings of base64.
func basic(value string) string {
	value = strings.TrimRight(value, "=")
	value = strings.NewReplacer("-", "+", "_", "/").Replace(value)
	plain, err := base64.RawStdEncoding.DecodeString(value)
	if err != nil {
		return ""
	}
	return string(plain)
}
