package claude

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sandbox-agent/sandbox-agent/universal"
)

// plan is the agent's task list. Two families of tools keep one: TodoWrite
// tells the whole list each time, TaskCreate and TaskUpdate change one task
// whose id only the result tells.
type plan struct {
	tasks []task
}

type task struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Status  string `json:"status"`
}

// planTwin is the structured result of any of the tools.
type planTwin struct {
	NewTodos []todo `json:"newTodos"`
	Task     *task  `json:"task"`
	Tasks    []task `json:"tasks"`
	Success  bool   `json:"success"`
}

type todo struct {
	Content string `json:"content"`
	Status  string `json:"status"`
}

// result takes the result of a tool and emits the list when it changed.
func (p *plan) result(c *converter, tool string, input, raw json.RawMessage) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	var change func(*planTwin, json.RawMessage) (bool, error)
	switch tool {
	case "TodoWrite":
		change = p.replaceTodos
	case "TaskCreate":
		change = p.create
	case "TaskUpdate":
		change = p.update
	case "TaskList":
		change = p.replaceTasks
	default:
		return
	}
	var twin planTwin
	err := json.Unmarshal(raw, &twin)
	changed := false
	if err == nil {
		changed, err = change(&twin, input)
	}
	if err != nil {
		c.unparsed("user/"+tool, fmt.Errorf("task list: %w", err))
		return
	}
	if changed {
		c.emit(universal.TypePlanUpdated, &universal.PlanData{Entries: p.entries()})
	}
}

// clear empties the list: a new conversation has its own.
func (p *plan) clear(c *converter) {
	if len(p.tasks) > 0 {
		p.tasks = nil
		c.emit(universal.TypePlanUpdated, &universal.PlanData{Entries: p.entries()})
	}
}

func (p *plan) replaceTodos(twin *planTwin, _ json.RawMessage) (bool, error) {
	p.tasks = p.tasks[:0]
	for _, t := range twin.NewTodos {
		p.tasks = append(p.tasks, task{Subject: t.Content, Status: t.Status})
	}
	return true, nil
}

func (p *plan) create(twin *planTwin, _ json.RawMessage) (bool, error) {
	if twin.Task == nil {
		return false, fmt.Errorf("no task in the result")
	}
	p.tasks = append(p.tasks, *twin.Task)
	return true, nil
}

func (p *plan) update(twin *planTwin, input json.RawMessage) (bool, error) {
	var change struct {
		ID      string `json:"taskId"`
		Status  string `json:"status"`
		Subject string `json:"subject"`
	}
	if err := json.Unmarshal(input, &change); err != nil {
		return false, err
	}
	if !twin.Success {
		return false, nil
	}
	for i := range p.tasks {
		t := &p.tasks[i]
		if t.ID != change.ID {
			continue
		}
		if change.Status == "deleted" {
			p.tasks = append(p.tasks[:i], p.tasks[i+1:]...)
			return true, nil
		}
		if change.Status != "" {
			t.Status = change.Status
		}
		if change.Subject != "" {
			t.Subject = change.Subject
		}
		return change.Status != "" || change.Subject != "", nil
	}
	return false, nil // of a list from before a resume; TaskList will tell it
}

// replaceTasks takes the list as the CLI has it; it is told only when it is
// not what was known.
func (p *plan) replaceTasks(twin *planTwin, _ json.RawMessage) (bool, error) {
	same := len(twin.Tasks) == len(p.tasks)
	for i := range twin.Tasks {
		same = same && twin.Tasks[i].normal() == p.tasks[i].normal()
	}
	p.tasks = append(p.tasks[:0], twin.Tasks...)
	return !same, nil
}

func (t task) normal() task {
	t.Status = string(planStatus(t.Status))
	return t
}

func (p *plan) entries() []universal.PlanEntry {
	entries := make([]universal.PlanEntry, len(p.tasks))
	for i, t := range p.tasks {
		entries[i] = universal.PlanEntry{Content: t.Subject, Status: planStatus(t.Status)}
	}
	return entries
}

func planStatus(native string) universal.PlanStatus {
	switch native {
	case "in_progress":
		return universal.PlanInProgress
	case "completed":
		return universal.PlanCompleted
	case "cancelled":
		return universal.PlanCancelled
	}
	return universal.PlanPending
}
