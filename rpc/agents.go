package rpc

import (
	"context"
	"sync"

	"github.com/sandbox-agent/sandbox-agent/drivers"
	"github.com/sandbox-agent/sandbox-agent/rpc/session"
)

// AgentParams name an agent.
type AgentParams struct {
	Agent string `json:"agent"`
}

// AgentInfo describes an agent on this machine.
type AgentInfo struct {
	ID                   string               `json:"id"`
	Name                 string               `json:"name"`
	Installed            bool                 `json:"installed"`
	CredentialsAvailable bool                 `json:"credentialsAvailable"`
	Version              string               `json:"version,omitempty"`
	Path                 string               `json:"path,omitempty"`
	Capabilities         drivers.Capabilities `json:"capabilities"`
	// Login says in words where the login comes from or how to get one.
	Login string `json:"login,omitempty"`
	// Problem says why the agent cannot be used, and what to do.
	Problem string `json:"problem,omitempty"`
	// ServerStatus is there for agents whose sessions share a server.
	ServerStatus *drivers.ServerStatus `json:"serverStatus,omitempty"`
}

// AgentsResult lists the agents.
type AgentsResult struct {
	Agents []AgentInfo `json:"agents"`
}

// ModesResult lists the modes of an agent.
type ModesResult struct {
	Modes []drivers.Mode `json:"modes"`
}

// InstallParams say which agent to install.
type InstallParams struct {
	Agent string `json:"agent"`
	session.InstallOptions
}

// agentsList looks at all agents at the same time.
func agentsList(ctx context.Context, s *Server, _ *Empty) (AgentsResult, error) {
	all := s.sessions.Drivers()
	agents := make([]AgentInfo, len(all))
	var wg sync.WaitGroup
	for i, d := range all {
		wg.Go(func() { agents[i] = agentInfo(ctx, d) })
	}
	wg.Wait()
	return AgentsResult{Agents: agents}, nil
}

func agentInfo(ctx context.Context, d drivers.Driver) AgentInfo {
	info, probe := d.Info(), d.Probe(ctx)
	agent := AgentInfo{
		ID: info.ID, Name: info.Name, Capabilities: info.Capabilities,
		Installed: probe.Installed, Version: probe.Version, Path: probe.Path, Problem: probe.Problem,
		CredentialsAvailable: probe.Login == drivers.LoginYes, Login: probe.LoginDetail,
	}
	if server, ok := d.(drivers.ServerReporter); ok {
		status := server.ServerStatus()
		agent.ServerStatus = &status
	}
	return agent
}

func agentsInstall(ctx context.Context, s *Server, p *InstallParams) (Empty, error) {
	return Empty{}, s.sessions.Install(ctx, p.Agent, p.InstallOptions)
}

func agentsModes(ctx context.Context, s *Server, p *AgentParams) (ModesResult, error) {
	d, err := s.sessions.Driver(p.Agent)
	if err != nil {
		return ModesResult{}, err
	}
	if lister, ok := d.(drivers.ModeLister); ok {
		modes, err := lister.ListModes(ctx)
		if err == nil {
			return ModesResult{Modes: modes}, nil
		}
		// Those that every installation has are known all the same.
		s.logger.Debug("listing the modes failed", "agent", p.Agent, "error", err)
	}
	return ModesResult{Modes: d.Info().Modes}, nil
}

func agentsModels(ctx context.Context, s *Server, p *AgentParams) (drivers.Models, error) {
	d, err := s.sessions.Driver(p.Agent)
	if err != nil {
		return drivers.Models{}, err
	}
	models, err := d.Models(ctx)
	if models.Models == nil {
		models.Models = []drivers.Model{} // a list, as clients expect, and not null
	}
	return models, err
}
