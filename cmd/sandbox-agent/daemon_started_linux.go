package main

import (
	"bytes"
	"os"
	"strconv"
)

// startField is where /proc/PID/stat has the time of the start, counted from
// behind the program's name, which may hold anything.
const startField = 19

// startedAt tells when a process was started, in a form that only compares;
// "" if there is none, or if it has ended and its parent hasn't noticed yet.
func startedAt(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= startField || string(fields[0]) == "Z" {
		return ""
	}
	return string(fields[startField])
}
