# Completion of sandbox-agent for fish.
# sandbox-agent completion fish > ~/.config/fish/completions/sandbox-agent.fish

function __sandbox_agent_complete
    set -l asked (commandline -opc) # as typed, not expanded
    set asked[1] (string replace -r '^~/' "$HOME/" -- $asked[1])
    set -l current (commandline -ct)
    if string match -q -- '-*' $current
        set -a asked $current
    end
    set -l found ($asked --generate-shell-completion 2>/dev/null </dev/null)
    if test -z "$found"
        __fish_complete_path $current
        return
    end
    for line in $found
        string replace -a '`' '' -- $line | string replace ':' \t
    end
end

complete -c sandbox-agent -e
complete -c sandbox-agent -f -a '(__sandbox_agent_complete)'
