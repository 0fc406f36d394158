if vim.g.loaded_magray then
  return
end
vim.g.loaded_magray = 1

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('magray: needs Neovim 0.11 or newer', vim.log.levels.WARN)
  return
end

vim.api.nvim_create_user_command('Magray', function(call)
  require('magray').command(call)
end, {
  nargs = '*',
  range = true,
  desc = 'Search, remember, plan, preview, apply and undo with Magray',
  complete = function(lead, line)
    return require('magray').complete(lead, line)
  end,
})

-- Set vim.g.magray_autostart = false to start it yourself with vim.lsp.enable('magray').
if vim.g.magray_autostart ~= false then
  vim.lsp.enable('magray')
end
