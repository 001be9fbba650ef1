package amp

import (
	"bufio"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// channelVariable is the environment variable by which what we have inside the
// CLI finds the bridge: "host:port/secret". A process whose environment has it
// without a value gets a side channel from [Launch].
//
// The commands that the agent runs can see it too, where their shell isn't
// bash. All that one can do with it is ask: the answers come from the bridge.
const channelVariable = "SANDBOX_AGENT_AMP_CHANNEL"

// Bounds of the side channel.
const (
	maxRequest   = 64 << 20    // bytes of a request: a tool's input may be a file
	maxAsking    = 256         // connections at a time
	greetingWait = time.Minute // for the first line of a connection, which comes at once but on a busy machine
)

// channel is the bridge's end of the side channel of one process. Each
// connection is one request: a line with it, then a line with the answer, or
// the end of the connection when the asker has gone. The plugin keeps one open
// that gets no answer; a byte on it says that its end is in order.
type channel struct {
	listener net.Listener
	secret   string
	lines    chan<- []byte // what is asked, as lines for the driver
	closing  chan struct{}
	asking   sync.WaitGroup // the accept loop and a goroutine for each connection

	mu     sync.Mutex
	closed bool
	last   int // numbers the requests
	open   map[int]net.Conn
	conns  map[net.Conn]struct{}
}

// hello is the line that a connection begins with.
type hello struct {
	Secret  string          `json:"secret"`
	Request json.RawMessage `json:"request"`
}

// openChannel listens, on loopback: a Unix socket's path can be too long, and
// Windows has no good ones. What comes is sent to lines.
func openChannel(lines chan<- []byte) (*channel, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the side channel: %w", err)
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	c := &channel{
		listener: listener,
		secret:   hex.EncodeToString(secret[:]),
		lines:    lines,
		closing:  make(chan struct{}),
		open:     map[int]net.Conn{},
		conns:    map[net.Conn]struct{}{},
	}
	c.asking.Go(c.accept) // ends with the listener
	return c, nil
}

// address is the value of channelVariable.
func (c *channel) address() string { return c.listener.Addr().String() + "/" + c.secret }

func (c *channel) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		refuse := c.closed || len(c.conns) >= maxAsking
		if !refuse {
			c.conns[conn] = struct{}{}
			c.asking.Go(func() { c.serve(conn) }) // ends with the connection, which close ends
		}
		c.mu.Unlock()
		if refuse {
			_ = conn.Close()
		}
	}
}

// serve takes one request and waits until its asker is gone.
func (c *channel) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		c.mu.Lock()
		delete(c.conns, conn)
		c.mu.Unlock()
	}()
	_ = conn.SetReadDeadline(time.Now().Add(greetingWait))
	r := bufio.NewReader(conn)
	line, err := readBounded(r, maxRequest)
	if err != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	var h hello
	if json.Unmarshal(line, &h) != nil || subtle.ConstantTimeCompare([]byte(h.Secret), []byte(c.secret)) != 1 {
		return
	}
	c.mu.Lock()
	c.last++
	id := c.last
	c.open[id] = conn
	c.mu.Unlock()
	if !c.tell("request", id, h.Request) {
		return
	}
	// It says nothing more, but for a byte if it goes since it is not needed any
	// more: this waits for its end.
	gone := "gone"
	if _, err := r.ReadByte(); err == nil {
		gone = "left"
	}
	c.mu.Lock()
	_, unanswered := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if unanswered {
		c.tell(gone, id, nil)
	}
}

// tell sends a line to the driver; false when the channel is closing.
func (c *channel) tell(subtype string, id int, request json.RawMessage) bool {
	line, err := encodeLine(struct {
		Type    string          `json:"type"`
		Subtype string          `json:"subtype"`
		ID      int             `json:"id"`
		Request json.RawMessage `json:"request,omitempty"`
	}{typeChannel, subtype, id, request})
	if err != nil {
		return false
	}
	select {
	case c.lines <- line[:len(line)-1]:
		return true
	case <-c.closing:
		return false
	}
}

// errNotAsked tells that nobody waits for an answer any more.
var errNotAsked = errors.New("nobody waits for this answer any more")

// answer answers a request, once.
func (c *channel) answer(id int, answer json.RawMessage) error {
	c.mu.Lock()
	conn := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if conn == nil {
		return errNotAsked
	}
	if _, err := conn.Write(append(answer, '\n')); err != nil {
		return fmt.Errorf("answer on the side channel: %w", err)
	}
	return nil
}

// close ends all connections and waits until nobody uses lines any more.
func (c *channel) close() {
	c.mu.Lock()
	c.closed = true
	for conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	close(c.closing)
	_ = c.listener.Close()
	c.asking.Wait()
}

// readBounded reads a line without its end.
func readBounded(r *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > most:
			return nil, fmt.Errorf("a request has more than %d bytes", most)
		}
	}
}

// consult asks the bridge, as one inside the CLI does, and waits for the
// answer as long as it takes.
func consult(address string, request request) (answer, error) {
	host, secret, _ := strings.Cut(address, "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return answer{}, fmt.Errorf("reach the bridge: %w", err)
	}
	defer conn.Close()
	encoded, err := json.Marshal(request)
	if err != nil {
		return answer{}, err
	}
	line, err := encodeLine(hello{Secret: secret, Request: encoded})
	if err != nil {
		return answer{}, err
	}
	if _, err := conn.Write(line); err != nil {
		return answer{}, fmt.Errorf("ask the bridge: %w", err)
	}
	reply, err := readBounded(bufio.NewReader(conn), maxRequest)
	if err != nil {
		return answer{}, fmt.Errorf("the bridge gave no answer: %w", err)
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		return answer{}, fmt.Errorf("read the bridge's answer: %w", err)
	}
	return a, nil
}
