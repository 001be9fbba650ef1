package claude

import (
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/drivers/internal/oneline"
	"github.com/sandbox-agent/sandbox-agent/universal"
)

// commands are the slash commands that a client can use. The CLI lists all that
// it has when it starts; which of them do something in a terminal only, it tells
// with the first turn.
type commands struct {
	hidden   []string            // by name; nil while unknown
	untested []universal.Command // the list, until that is known
}

// internalCommand begins the names of commands that the CLI calls itself.
const internalCommand = "__"

// listed takes the CLI's list and returns what of it is for clients.
func (c *commands) listed(i *initialized) []universal.Command {
	list := []universal.Command{}
	for _, command := range i.Commands {
		if !strings.HasPrefix(command.Name, internalCommand) && !slices.Contains(c.hidden, command.Name) {
			list = append(list, universal.Command{Name: command.Name, Description: oneline.Text(command.Description)})
		}
	}
	if c.hidden == nil {
		c.untested = list
	}
	return list
}

// hide takes the names of the commands that clients can't use. It returns the
// list without them, once, and nil where it stays as it was told.
func (c *commands) hide(names []string) []universal.Command {
	if c.hidden != nil || names == nil {
		return nil
	}
	c.hidden = names
	told := c.untested
	c.untested = nil
	left := slices.DeleteFunc(slices.Clone(told), func(command universal.Command) bool { return slices.Contains(names, command.Name) })
	if len(left) == len(told) {
		return nil
	}
	return left
}
