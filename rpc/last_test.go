package rpc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/sandbox-agent/sandbox-agent/rpc"
	"github.com/sandbox-agent/sandbox-agent/rpc/stdio"
)

// dawdling is a context that holds up who is about to wait for something, and
// for its end, until happened is closed.
type dawdling struct {
	context.Context
	about    func() // called first
	happened <-chan struct{}
}

func (d dawdling) Done() <-chan struct{} {
	d.about()
	<-d.happened
	return d.Context.Done()
}

// What came before the bridge went away is read, also by a reader that notices
// both at once.
func TestLastEventIsRead(t *testing.T) {
	const event = `{"sequence":%d,"type":"turn.ended","data":{}}`
	for range 20 { // which of the two it notices first is random
		near, far := net.Pipe()
		waits := make(chan struct{})
		var bridge sync.WaitGroup
		bridge.Go(func() {
			defer far.Close()
			requests := bufio.NewScanner(far)
			requests.Scan()
			fmt.Fprintln(far, `{"jsonrpc":"2.0","id":1,"result":{"subscriptionId":"sub_1"}}`)
			requests.Scan()
			fmt.Fprintln(far, `{"jsonrpc":"2.0","id":2,"result":{"events":[`+fmt.Sprintf(event, 1)+`],"hasMore":false}}`)
			<-waits
			fmt.Fprintln(far, `{"jsonrpc":"2.0","method":"session/event","params":{"subscriptionId":"sub_1","event":`+fmt.Sprintf(event, 2)+`}}`)
		})
		client := rpc.NewClient(near, stdio.FramingLine)
		sub := subscribe(t, client, "s", 0, false)
		if ev, err := sub.Next(t.Context()); err != nil || ev.Sequence != 1 {
			t.Fatalf("the first event is %+v, %v", ev, err)
		}
		late := dawdling{t.Context(), sync.OnceFunc(func() { close(waits) }), client.Done()}
		if ev, err := sub.Next(late); err != nil || ev.Sequence != 2 {
			t.Fatalf("the last event is %+v, %v", ev, err)
		}
		if _, err := sub.Next(t.Context()); !errors.Is(err, rpc.ErrStreamEnded) {
			t.Errorf("after the last event: %v", err)
		}
		client.Close()
		bridge.Wait()
	}
}

// The end of a subscription that comes before its answer was seen is known,
// however many were given up before.
func TestEarlyEndIsRead(t *testing.T) {
	const before = 100
	near, far := net.Pipe()
	var bridge sync.WaitGroup
	bridge.Go(func() {
		defer far.Close()
		requests := bufio.NewScanner(far)
		answer := func(id int, result string) {
			fmt.Fprintf(far, `{"jsonrpc":"2.0","id":%d,"result":%s}`+"\n", id, result)
		}
		for i := range before {
			requests.Scan()
			answer(2*i+1, fmt.Sprintf(`{"subscriptionId":"sub_%d"}`, i))
			requests.Scan()
			answer(2*i+2, `{}`)
			fmt.Fprintf(far, `{"jsonrpc":"2.0","method":"session/streamEnded","params":{"subscriptionId":"sub_%d","reason":"unsubscribed"}}`+"\n", i)
		}
		requests.Scan()
		fmt.Fprintln(far, `{"jsonrpc":"2.0","method":"session/streamEnded","params":{"subscriptionId":"last","reason":"session_deleted"}}`)
		answer(2*before+1, `{"subscriptionId":"last"}`)
		requests.Scan()
		answer(2*before+2, `{"events":[],"hasMore":false}`)
		requests.Scan() // until the client closes
	})
	client := rpc.NewClient(near, stdio.FramingLine)
	for range before {
		if err := subscribe(t, client, "s", 0, false).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := subscribe(t, client, "s", 0, false).Next(ctx); !errors.Is(err, rpc.ErrStreamEnded) {
		t.Errorf("the next event: %v", err)
	}
	client.Close()
	bridge.Wait()
}
