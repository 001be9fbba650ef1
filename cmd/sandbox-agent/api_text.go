package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-agent/sandbox-agent/cmd/sandbox-agent/terminal"
)

// printText shows an answer to a person: a list as a table, an object as its
// members. What is nested is left to JSON.
func printText(w io.Writer, body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	if object, ok := value.(map[string]any); ok {
		list, ok := onlyList(object)
		if !ok {
			return printMembers(w, object)
		}
		value = list
	}
	list, ok := value.([]any)
	if !ok {
		_, err := fmt.Fprintln(w, terminal.CleanLine(fmt.Sprint(value)))
		return err
	}
	return printList(w, list)
}

// onlyList is the list in an answer that is about one.
func onlyList(object map[string]any) (list []any, ok bool) {
	for _, value := range object {
		if l, isList := value.([]any); isList {
			if ok {
				return nil, false
			}
			list, ok = l, true
		}
	}
	return list, ok
}

// columns are the members of a list's entries that a table has room for.
var columns = []string{
	"id", "sessionId", "name", "agent", "status", "installed", "version", "model", "title", "eventCount",
	"entryType", "size", "modified", "description",
}

// printList writes a table of the members that are worth a column.
func printList(w io.Writer, list []any) error {
	found := map[string]bool{}
	for _, entry := range list {
		object, ok := entry.(map[string]any)
		if !ok {
			_, err := fmt.Fprintln(w, terminal.CleanLine(fmt.Sprint(entry)))
			if err != nil {
				return err
			}
			continue
		}
		for _, name := range columns {
			if text, ok := word(object[name]); ok && text != "" {
				found[name] = true
			}
		}
	}
	names := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return !found[name] })
	if len(names) == 0 {
		return nil
	}
	heading := make([]string, len(names))
	for i, name := range names {
		heading[i] = strings.ToUpper(name)
	}
	rows := [][]string{heading}
	for _, entry := range list {
		object, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		row := make([]string, len(names))
		for i, name := range names {
			row[i], _ = word(object[name])
		}
		rows = append(rows, row)
	}
	return table(w, rows...)
}

func printMembers(w io.Writer, object map[string]any) error {
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		text, ok := word(object[name])
		if !ok {
			nested, err := json.Marshal(object[name])
			if err != nil {
				return err
			}
			text = terminal.CleanLine(string(nested))
		}
		if text != "" {
			rows = append(rows, []string{name, text})
		}
	}
	return table(w, rows...)
}

// word is a value that fits a cell.
func word(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return terminal.CleanLine(v), true
	case bool, json.Number:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}
