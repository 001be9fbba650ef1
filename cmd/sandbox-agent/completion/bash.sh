# Completion of sandbox-agent for bash 3.2 and later; it needs nothing else.
# In ~/.bashrc: source <(sandbox-agent completion bash)

_sandbox_agent() {
	local current=${COMP_WORDS[COMP_CWORD]} line
	# The words go to the program as they were typed: to expand them here would
	# run whatever commands they hold.
	local asked=("${COMP_WORDS[@]:0:COMP_CWORD}")
	if [[ $current == -* ]]; then
		asked+=("$current")
	fi
	COMPREPLY=()
	while IFS= read -r line; do
		line=${line%%:*} # a description follows
		if [[ -n $line && $line == "$current"* ]]; then
			COMPREPLY+=("$line")
		fi
	done < <("${asked[@]/#\~\//$HOME/}" --generate-shell-completion 2>/dev/null </dev/null)
}

complete -o bashdefault -o default -F _sandbox_agent sandbox-agent
