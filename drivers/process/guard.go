package process

// guardVariable asks a program to be the guard of the bridge that it names. It
// is never in the environment of anything else.
const guardVariable = "SANDBOX_AGENT_GUARD"
