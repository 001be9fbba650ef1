#compdef sandbox-agent
# Completion of sandbox-agent for zsh.
# In ~/.zshrc, after compinit: source <(sandbox-agent completion zsh)

_sandbox_agent() {
	local -a asked found
	# The words are those that were typed, and are not expanded.
	asked=("${(@)words[1,CURRENT-1]}")
	asked[1]=${asked[1]/#\~\//$HOME/}
	if [[ ${words[CURRENT]} == -* ]]; then
		asked+=("${words[CURRENT]}")
	fi
	found=("${(@f)$("${asked[@]}" --generate-shell-completion 2>/dev/null </dev/null)}")
	found=("${(@)found//\`/}")
	if [[ -n ${found[1]} ]]; then
		_describe 'sandbox-agent' found
	else
		_files
	fi
}

if [[ ${funcstack[1]} == _sandbox_agent ]]; then
	_sandbox_agent # a file in the fpath, which is the function itself
else
	compdef _sandbox_agent sandbox-agent
fi
