package httpbridge

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// params makes one object of a request's body, query and path, of which the
// later ones win.
func (b *bridge) params(w http.ResponseWriter, r *http.Request, m rpc.Method) (json.RawMessage, error) {
	held := b.room.share()
	defer held.release() // a stream outlives by far what its request takes
	return b.paramsIn(held, w, r, m)
}

// paramsIn is the same for a body that is held until its share is released.
func (b *bridge) paramsIn(held *share, w http.ResponseWriter, r *http.Request, m rpc.Method) (json.RawMessage, error) {
	members, err := b.body(held, w, r)
	if err != nil {
		return nil, err
	}
	if err := addQuery(members, r.URL.RawQuery, m.Params); err != nil {
		return nil, err
	}
	if err := addPath(members, r); err != nil {
		return nil, err
	}
	return json.Marshal(members)
}

// body reads a JSON object; no body is an empty one.
func (b *bridge) body(held *share, w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if !hasBody(r) {
		return members, nil
	}
	tooLarge := universal.Errorf(universal.KindPayloadTooLarge, "payload too large: the body may have %d bytes", b.MaxBodyBytes)
	if r.ContentLength > b.MaxBodyBytes {
		return nil, tooLarge // without reading what is announced
	}
	body := bodyOf(w, http.MaxBytesReader(w, r.Body, b.MaxBodyBytes))
	if !isJSON(r.Header.Get("Content-Type")) {
		if n, err := io.ReadFull(body, make([]byte, 1)); n == 0 && err == io.EOF {
			return members, nil
		}
		return nil, unsupported("send the body with Content-Type: application/json")
	}
	if err := notEncoded(r); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(held.reader(body))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if errors.Is(err, errNoRoom) {
		w.Header().Set("Retry-After", "1")
	}
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return members, nil
	}
	if !utf8.Valid(text) {
		return nil, universal.Errorf(universal.KindParseError, "parse error: the body is not UTF-8")
	}
	if !json.Valid(text) {
		return nil, universal.Errorf(universal.KindParseError, "parse error: the body is not JSON")
	}
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, universal.Errorf(universal.KindUnprocessable, "unprocessable: the body is not an object").Because(err)
	}
	return members, nil
}

// hasBody tells whether a request has, or may have, a body.
func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

func unsupported(format string, args ...any) error {
	return universal.Errorf(universal.KindUnsupportedMediaType, "unsupported media type: "+format, args...)
}

// notEncoded refuses a body that is compressed or otherwise not as it is meant.
func notEncoded(r *http.Request) error {
	encoding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		return nil
	}
	return unsupported("Content-Encoding %s; send the body without one", encoding)
}

// refused is the error for params that were refused: without a body it is the
// query that was wrong.
func refused(r *http.Request, err error) error {
	if hasBody(r) {
		return err
	}
	return wrongQuery(err)
}

// wrongQuery is the error for a query of the wrong shape, which clients of the
// v0.1 API know by another status than a body of the wrong shape.
func wrongQuery(err error) error {
	e, ok := errors.AsType[*universal.Error](err)
	if !ok || e.Kind != universal.KindUnprocessable {
		return err
	}
	inQuery := *e
	inQuery.Kind = universal.KindInvalidRequest
	inQuery.Detail = "invalid request: " + strings.TrimPrefix(e.Detail, "unprocessable: ")
	return &inQuery
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// addQuery adds the members of a query that the params know, whether they are
// spelt includeRaw or include_raw.
func addQuery(members map[string]json.RawMessage, query string, params reflect.Type) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return universal.InvalidRequest("bad query string: %v", err)
	}
	for _, f := range reflect.VisibleFields(params) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		for _, spelling := range []string{name, snakeCase(name)} {
			if !values.Has(spelling) {
				continue
			}
			value, err := scalar(values.Get(spelling), f.Type)
			if err != nil {
				return universal.InvalidRequest("bad query string: %s %v", spelling, err)
			}
			if value != nil {
				members[name] = value
			}
			break
		}
	}
	return nil
}

// scalar is a query value as JSON; nil for a type that has no place in a query.
func scalar(text string, t reflect.Type) (json.RawMessage, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return jsonText(text)
	case reflect.Bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			return nil, errors.New("must be true or false")
		}
		return json.Marshal(value)
	case reflect.Int, reflect.Int64:
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("must be a whole number")
		}
		return json.Marshal(value)
	case reflect.Uint, reflect.Uint64:
		value, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, errors.New("must be a whole number that is not negative")
		}
		return json.Marshal(value)
	default:
		return nil, nil
	}
}

// jsonText is a text as JSON. One that is no UTF-8 would become another text,
// and so the name of another session or file.
func jsonText(text string) (json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("must be UTF-8")
	}
	return json.Marshal(text)
}

// snakeCase is the other spelling of a name in camelCase.
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// addPath adds the parameters of the path. The router leaves them escaped
// where the client escaped more than it had to.
func addPath(members map[string]json.RawMessage, r *http.Request) error {
	given := chi.RouteContext(r.Context()).URLParams
	for i, name := range given.Keys {
		value := given.Values[i]
		if r.URL.RawPath != "" {
			unescaped, err := url.PathUnescape(value)
			if err != nil {
				return universal.InvalidRequest("bad path: %v", err)
			}
			value = unescaped
		}
		text, err := jsonText(value)
		if err != nil {
			return universal.InvalidRequest("bad path: %s %v", name, err)
		}
		members[name] = text
	}
	return nil
}
