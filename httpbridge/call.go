package httpbridge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

const healthPath = "/v1/health"

// Headers that tell what a sent message has become.
const (
	headerTurnID        = "Turn-Id"
	headerEventSequence = "Event-Sequence"
)

// call serves a method that answers once.
func (b *bridge) call(w http.ResponseWriter, r *http.Request, m rpc.Method) {
	held := b.room.share()
	defer held.release()
	params, err := b.paramsIn(held, w, r, m)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	result, err := b.Server.Call(r.Context(), m, params)
	held.release() // who reads the answer slowly holds no room
	if err != nil {
		b.fail(w, r, refused(r, err))
		return
	}
	switch sent, ok := result.(session.SendResult); {
	case ok:
		tellSent(w, sent)
		w.WriteHeader(http.StatusNoContent)
	case reflect.TypeOf(result) == reflect.TypeFor[rpc.Empty]():
		w.WriteHeader(http.StatusNoContent)
	default:
		b.answer(w, r, http.StatusOK, result)
	}
}

// tellSent puts into headers what a client on stdio gets as the result.
func tellSent(w http.ResponseWriter, sent session.SendResult) {
	w.Header().Set(headerTurnID, sent.TurnID)
	w.Header().Set(headerEventSequence, strconv.FormatUint(sent.Sequence, 10))
}

// answer writes a value as JSON.
func (b *bridge) answer(w http.ResponseWriter, r *http.Request, status int, value any) {
	body, err := encode(value)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Size()))
	w.WriteHeader(status)
	out := bufio.NewWriterSize(patient(w), min(body.Size(), writeBytes))
	if _, err = body.WriteTo(out); err == nil {
		err = out.Flush()
	}
	if err != nil {
		b.Logger.Debug("http: an answer could not be written", "path", r.URL.Path, "error", err)
	}
}

// encoded is JSON that is ready to be written.
type encoded interface {
	io.WriterTo
	Size() int // in bytes
}

type encodedText struct{ bytes.Buffer }

func (t *encodedText) Size() int { return t.Len() }

// encode encodes a value, unless it can write itself.
func encode(value any) (encoded, error) {
	if ready, ok := value.(encoded); ok {
		return ready, nil
	}
	var text encodedText
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // as on stdio
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	text.Truncate(text.Len() - len("\n"))
	return &text, nil
}
