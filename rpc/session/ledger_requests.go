package session

import (
	"github.com/sandbox-agent/sandbox-agent/universal"
)

func (l *Ledger) permission(ev *universal.Event, d *universal.PermissionData) {
	if ev.Type == universal.TypePermissionResolved {
		l.ResolvePermission(d.PermissionID, universal.PermissionReject, d.Message)
		return
	}
	if r := l.findRequest(d.PermissionID, ""); r != nil {
		l.Dropped++
		return
	}
	turn := l.requestTurn(&d.ItemID)
	d.Status = universal.PermissionRequested
	l.request(ev, &ledgerRequest{permission: d, turn: turn})
}

func (l *Ledger) question(ev *universal.Event, d *universal.QuestionData) {
	if ev.Type == universal.TypeQuestionResolved {
		l.ResolveQuestion(d.QuestionID, nil, d.Message)
		return
	}
	if r := l.findRequest("", d.QuestionID); r != nil {
		l.Dropped++
		return
	}
	turn := l.requestTurn(&d.ItemID)
	d.Status, d.Response = universal.QuestionRequested, nil
	if d.Options == nil {
		d.Options = []string{}
	}
	l.request(ev, &ledgerRequest{question: d, turn: turn})
}

func (l *Ledger) request(ev *universal.Event, r *ledgerRequest) {
	l.put(ev, r.turn)
	r.sequence = l.sequence
	l.requests = append(l.requests, r)
}

// requestTurn replaces the key of the item that waits by its id and returns
// the turn that it waits in, "" for background work. What comes too late for its
// item's turn waits in the turn that runs: the agent may stand still until it is
// answered.
func (l *Ledger) requestTurn(item *string) string {
	it := l.items[*item]
	*item = ""
	if it != nil {
		*item = it.id
		switch {
		case it.subagent && it.answered:
			return "" // what the call started works on
		case it.turn == "" || it.turn == l.turn:
			return it.turn
		}
	}
	if l.turn == "" {
		l.openLooseTurn()
	}
	return l.turn
}

func (l *Ledger) findRequest(permissionID, questionID string) *ledgerRequest {
	for _, r := range l.requests {
		if permissionID != "" && r.permission != nil && r.permission.PermissionID == permissionID ||
			questionID != "" && r.question != nil && r.question.QuestionID == questionID {
			return r
		}
	}
	return nil
}

// OpenRequests returns what waits for a person, in order.
func (l *Ledger) OpenRequests() (permissions []universal.PermissionData, questions []universal.QuestionData) {
	permissions, questions = []universal.PermissionData{}, []universal.QuestionData{} // empty lists are lists too
	for _, r := range l.requests {
		if r.permission != nil {
			permissions = append(permissions, *r.permission)
		} else {
			questions = append(questions, *r.question)
		}
	}
	return permissions, questions
}

// ResolvePermission records the answer to an open permission request; false
// if there is none.
func (l *Ledger) ResolvePermission(id string, status universal.PermissionStatus, message string) bool {
	r := l.findRequest(id, "")
	if r == nil {
		l.Dropped++
		return false
	}
	l.requests = remove(l.requests, r)
	d := *r.permission
	d.Status, d.Message = status, message
	l.daemon(universal.TypePermissionResolved, r.turn, &d)
	l.endLooseTurn()
	return true
}

// ResolveQuestion records the answers to an open question, nil for a refusal;
// false if there is none.
func (l *Ledger) ResolveQuestion(id string, answers [][]string, message string) bool {
	r := l.findRequest("", id)
	if r == nil {
		l.Dropped++
		return false
	}
	l.requests = remove(l.requests, r)
	d := *r.question
	d.Status, d.Message = universal.QuestionRejected, message
	if answers != nil {
		d.Status = universal.QuestionAnswered
		d.Responses = maskSecrets(d.Questions, answers)
		if len(d.Responses) > 0 && len(d.Responses[0]) > 0 {
			d.Response = &d.Responses[0][0]
		}
	}
	l.daemon(universal.TypeQuestionResolved, r.turn, &d)
	l.endLooseTurn()
	return true
}

const masked = "********"

func maskSecrets(questions []universal.Question, answers [][]string) [][]string {
	shown := make([][]string, len(answers))
	for i, choices := range answers {
		shown[i] = append([]string{}, choices...)
		if i < len(questions) && questions[i].Secret {
			for j := range shown[i] {
				shown[i][j] = masked
			}
		}
	}
	return shown
}
