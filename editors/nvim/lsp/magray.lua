-- Found by vim.lsp.enable('magray'). Every file type: the index, search and plans are not tied to a language.
local client = require('magray.client')

---@type vim.lsp.Config
return {
  cmd = client.start,
  root_markers = { '.magray', '.git', 'pyproject.toml' },
  workspace_required = false,
  handlers = client.handlers,
  commands = client.commands,
  capabilities = client.capabilities(),
  init_options = { lspRequest = true },
}
