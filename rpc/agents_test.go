package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/drivers/mock"
	"github.com/sandbox-agent/sandbox-agent/rpc"
)

// server is the mock as an agent whose sessions share a server and whose users
// can add modes.
type server struct {
	*mock.Driver
	status drivers.ServerStatus
	modes  []drivers.Mode // nil: they can't be listed
}

func (s *server) ServerStatus() drivers.ServerStatus { return s.status }

func (s *server) ListModes(context.Context) ([]drivers.Mode, error) {
	if s.modes == nil {
		return nil, errors.New("the server doesn't start")
	}
	return s.modes, nil
}

func TestServerStatus(t *testing.T) {
	uptime := int64(1500)
	for name, tt := range map[string]struct {
		status drivers.ServerStatus
		want   string
	}{
		"never needed": {drivers.ServerStatus{Status: drivers.ServerStopped}, `{"status":"stopped","restartCount":0}`},
		"running": {
			drivers.ServerStatus{Status: drivers.ServerRunning, BaseURL: "http://127.0.0.1:1", UptimeMS: &uptime},
			`{"status":"running","baseUrl":"http://127.0.0.1:1","uptimeMs":1500,"restartCount":0}`,
		},
		"broken": {
			drivers.ServerStatus{Status: drivers.ServerError, RestartCount: 2, LastError: "signal SIGKILL"},
			`{"status":"error","restartCount":2,"lastError":"signal SIGKILL"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, &server{Driver: mock.New(mock.Options{}), status: tt.status}, mock.New(mock.Options{}))
			var list struct {
				Agents []struct {
					ServerStatus json.RawMessage `json:"serverStatus"`
				} `json:"agents"`
			}
			if err := client.Call(t.Context(), "agents/list", nil, &list); err != nil || len(list.Agents) != 2 {
				t.Fatalf("agents %+v, %v", list, err)
			}
			if got := string(list.Agents[0].ServerStatus); got != tt.want {
				t.Errorf("server status %s, want %s", got, tt.want)
			}
			if other := list.Agents[1].ServerStatus; other != nil {
				t.Errorf("an agent without a server has the status %s", other)
			}
		})
	}
}

// The modes that users have added are listed, and can be asked for; those that
// every installation has are known without the agent.
func TestModesOfUsers(t *testing.T) {
	own := []drivers.Mode{{ID: "build", Name: "Build"}, {ID: "review", Name: "Review", Description: "Reads only"}}
	for name, tt := range map[string]struct{ listed, want []drivers.Mode }{
		"listed":   {own, own},
		"unlisted": {nil, mock.New(mock.Options{}).Info().Modes},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, &server{Driver: mock.New(mock.Options{}), modes: tt.listed})
			var got rpc.ModesResult
			if err := client.Call(t.Context(), "agents/modes", rpc.AgentParams{Agent: "mock"}, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Modes); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
		})
	}
}
