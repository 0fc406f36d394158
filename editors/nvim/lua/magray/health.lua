---:checkhealth magray
local config = require('magray.config')
local M = {}

function M.check()
  vim.health.start('magray')
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.error('Neovim 0.11 or newer is needed')
  end
  local command = config.options.command[1]
  if vim.fn.executable(command) == 0 then
    vim.health.error(('%q is not on your PATH'):format(command), {
      'install Magray (pipx install magray), or',
      "require('magray').setup{ command = { '/path/to/magray', 'serve' } }",
    })
    return
  end
  vim.health.ok(vim.trim(vim.fn.system({ command, '--version' })) .. ' at ' .. vim.fn.exepath(command))
  local clients = vim.lsp.get_clients({ name = 'magray' })
  if #clients == 0 then
    vim.health.info('the server is not running; open a file of a workspace')
  end
  for _, client in ipairs(clients) do
    vim.health.ok(('running for %s (%s)'):format(client.root_dir or 'no folder', client.offset_encoding))
  end
  local status = require('magray.client').index_status
  if status then
    vim.health.info(('index: %s, %d files, %s'):format(status.state, status.files, status.message))
    if status.embedding then
      vim.health.info(require('magray.notes').embedding_words(status.embedding))
    end
  end
end

return M
