---The options of setup(), with defaults. Everything works without calling setup().
local M = {}

---@class magray.Options
---@field command? string[] how the server is started
---@field save? boolean write the files that a plan changed, so that command line and server agree
---@field open_plan? boolean show the plan document after :Magray plan
---@type magray.Options
local defaults = { command = { 'magray', 'serve' }, save = true, open_plan = true }

---@type magray.Options
M.options = vim.deepcopy(defaults)

---@param options? magray.Options
function M.set(options)
  vim.validate('options', options, 'table', true)
  for name in pairs(options or {}) do
    if defaults[name] == nil then
      vim.notify(('magray: there is no option %q; see :help magray-options'):format(name), vim.log.levels.WARN)
    end
  end
  M.options = vim.tbl_extend('force', vim.deepcopy(defaults), options or {})
end

return M
