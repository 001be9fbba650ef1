// What sandbox-agent adds to OpenCode, beside the configuration that it hands
// over: rules that depend on the user's own configuration, and what the
// commands of a session find in their environment.

// Variables of the server that are nobody else's business.
const hidden = ["OPENCODE_SERVER_PASSWORD", "OPENCODE_CONFIG_CONTENT", "npm_config_offline"]

// denials keeps of the user's rules what they forbid.
const denials = (rules) => {
  if (!rules || typeof rules !== "object") return {}
  const kept = {}
  for (const [permission, rule] of Object.entries(rules)) {
    if (rule === "deny") kept[permission] = rule
    if (!rule || typeof rule !== "object") continue
    const patterns = Object.entries(rule).filter(([, action]) => action === "deny")
    if (patterns.length) kept[permission] = Object.fromEntries(patterns)
  }
  return kept
}

// under puts rules below others, which win.
const under = (rules, others) => {
  const all = { ...rules }
  for (const [permission, rule] of Object.entries(others)) {
    const base = all[permission]
    delete all[permission] // the later rule wins, also over "*"
    const patterns = (r) => (typeof r === "string" ? { "*": r } : r)
    all[permission] = base === undefined || typeof rule === "string" ? rule : { ...patterns(base), ...rule }
  }
  return all
}

// wantsHosted tells whether the user's configuration names the provider.
const wantsHosted = (cfg) =>
  [cfg.model, cfg.small_model].some((model) => model?.startsWith?.("opencode/")) ||
  cfg.provider?.opencode !== undefined ||
  cfg.enabled_providers?.includes("opencode")

export const SandboxAgent = async (_, options) => {
  // The runtime reads the environment that it was started with; this one is what
  // commands and tool servers get. A directory that the user has set stays.
  if (process.env.BUN_TMPDIR === options.libraries) delete process.env.BUN_TMPDIR

  return {
    config: async (cfg) => {
      cfg.permission = under(options.permission, denials(cfg.permission))
      cfg.agent ??= {}
      for (const agent of Object.values(cfg.agent)) {
        if (agent?.permission) agent.permission = denials(agent.permission)
      }
      for (const [name, rules] of Object.entries(options.agents)) {
        const agent = (cfg.agent[name] ??= {})
        agent.permission = under(rules, agent.permission ?? {})
      }
      if (!options.hosted && !wantsHosted(cfg)) {
        cfg.disabled_providers = [...(cfg.disabled_providers ?? []), "opencode"]
      }
      if (options.skills) {
        cfg.skills ??= {}
        cfg.skills.paths = [...(cfg.skills.paths ?? []), options.skills]
      }
      for (const server of Object.values(cfg.mcp ?? {})) {
        if (server?.type === "local") server.environment = { ...options.toolServers, ...server.environment }
      }
    },
    "shell.env": async (input, output) => {
      output.env[options.variable] = input.sessionID ?? ""
      for (const name of hidden) output.env[name] = undefined
    },
  }
}
