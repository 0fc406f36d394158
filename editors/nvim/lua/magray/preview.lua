---Before and after of each file of a plan in Neovim's own diff mode, with keys to accept, refuse and apply.
---Neovim applies a server's edit without showing it, so this is where the person looks first.
local client = require('magray.client')
local M = {}

---@class magray.PreviewFile
---@field path string
---@field newPath string|vim.NIL
---@field before string|vim.NIL
---@field after string|vim.NIL
---@field steps integer[]
---@field accepted boolean

---@class magray.Preview
---@field plan string
---@field files magray.PreviewFile[]
---@field at integer
---@field tab integer
---@field windows integer[]

---@type magray.Preview?
M.current = nil

---@param file magray.PreviewFile
local function name_after(file)
  return file.newPath ~= vim.NIL and file.newPath or file.path
end

local function winbar(preview)
  local file = preview.files[preview.at]
  local mark = file.accepted and '[x]' or '[ ]'
  local steps = table.concat(vim.tbl_map(tostring, file.steps), ',')
  local name = name_after(file) == file.path and file.path or (file.path .. ' → ' .. file.newPath)
  return (' %s %d/%d %s  step %s  %%<—  x: toggle  ]f [f  A: apply  q'):format(
    mark, preview.at, #preview.files, name:gsub('%%', '%%%%'), steps)
end

---@param text string|vim.NIL nothing where the file is created or deleted
---@param name string
local function scratch(text, name)
  local buffer = vim.api.nvim_create_buf(false, true)
  local lines = text ~= vim.NIL and vim.split(text:gsub('\r\n', '\n'), '\n') or {}
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable, vim.bo[buffer].bufhidden = false, 'wipe'
  vim.bo[buffer].syntax = vim.filetype.match({ filename = name }) or ''
  return buffer
end

local function draw()
  local preview = assert(M.current)
  local file = preview.files[preview.at]
  local sides = { file.before, file.after }
  for side, window in ipairs(preview.windows) do
    vim.api.nvim_win_set_buf(window, scratch(sides[side], name_after(file)))
    vim.wo[window].winbar = side == 1 and ' before' or winbar(preview)
    vim.wo[window].winhighlight = (side == 2 and not file.accepted) and 'WinBar:DiffDelete' or ''
    M.set_keys(vim.api.nvim_win_get_buf(window))
    vim.api.nvim_win_call(window, function()
      vim.cmd('diffthis')
    end)
  end
  vim.api.nvim_win_call(preview.windows[2], function()
    vim.cmd('silent! normal! gg]c')
  end)
end

---@param by integer
function M.go(by)
  local preview = assert(M.current)
  preview.at = (preview.at - 1 + by) % #preview.files + 1
  draw()
end

---Accept or refuse this file; remembered by the server, so the plan document shows it too.
function M.toggle()
  local preview = assert(M.current)
  local file = preview.files[preview.at]
  local files = vim.tbl_map(function(step)
    return { step = step, path = file.path, accepted = not file.accepted }
  end, file.steps)
  client.request('magray/plan/choose', { plan = preview.plan, files = files }, function()
    file.accepted = not file.accepted
    draw()
  end)
end

function M.close()
  local preview = M.current
  M.current = nil
  if preview and vim.api.nvim_tabpage_is_valid(preview.tab) then
    vim.cmd('tabclose ' .. vim.api.nvim_tabpage_get_number(preview.tab))
  end
end

function M.apply()
  local plan = assert(M.current).plan
  M.close()
  require('magray').apply(nil, plan)
end

---@param buffer integer
function M.set_keys(buffer)
  local keys = {
    x = M.toggle,
    A = M.apply,
    q = M.close,
    [']f'] = function()
      M.go(1)
    end,
    ['[f'] = function()
      M.go(-1)
    end,
  }
  for key, run in pairs(keys) do
    vim.keymap.set('n', key, run, { buffer = buffer, nowait = true, desc = 'Magray preview' })
  end
end

---What will be applied comes first, in the server's order.
---@param files magray.PreviewFile[]
local function accepted_first(files)
  local function is(accepted)
    return vim.tbl_filter(function(file)
      return file.accepted == accepted
    end, files)
  end
  return vim.list_extend(is(true), is(false))
end

---@param plan string
function M.open(plan)
  client.request('magray/plan/preview', { plan = plan }, function(view)
    if #view.files == 0 then
      vim.notify('magray: the plan changes no file', vim.log.levels.INFO)
      return
    end
    M.close()
    vim.cmd('tabnew')
    local right = vim.api.nvim_get_current_win()
    vim.cmd('leftabove vsplit')
    local left = vim.api.nvim_get_current_win()
    local tab = vim.api.nvim_get_current_tabpage()
    M.current = { plan = view.plan, files = accepted_first(view.files), at = 1, tab = tab, windows = { left, right } }
    vim.api.nvim_set_current_win(right)
    draw()
  end)
end

return M
