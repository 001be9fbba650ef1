package main

// The error codes that clients know. They are spelled out here, since to take
// them from the program's own table would test nothing.
const (
	codeParse             = -32700
	codeInvalidMessage    = -32600
	codeNotFound          = -32601
	codeInvalidParams     = -32602
	codeUnsupportedAgent  = -32003
	codeModeNotSupported  = -32004
	codeAgentNotInstalled = -32005
	codeSessionNotFound   = -32006
	codeSessionExists     = -32007
	codeSessionBusy       = -32008
	codeSessionEnded      = -32009
	codeAgentExited       = -32013
	codeCancelled         = -32800
)
