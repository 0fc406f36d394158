---A picker over all that is remembered: code, documents, notes, todos and conversations, in a split of its own.
---One line per hit, filters as pills in the winbar, the reasons of each hit on K; :help magray-memory.
local client = require('magray.client')
local M = {}

---@class magray.Hit a hit of magray/memory/search, or a record of magray/tasks/list
---@field id string
---@field kind string
---@field path string
---@field startLine integer
---@field symbol string
---@field location? lsp.Location
---@field snippet? string
---@field text? string
---@field why? string[]
---@field also? string[] places with the same text
---@field due? string
---@field overdue? boolean
---@field done? number|vim.NIL

---@class magray.Picker
---@field buffer integer
---@field window integer
---@field origin integer the window where hits are opened
---@field preview? integer
---@field load fun() ask again
---@field query string
---@field hits magray.Hit[]
---@field facets table<string, table<string, integer>>
---@field notices string[]
---@field filters table<string, string[]>

---@type magray.Picker?
M.current = nil

local FIELDS = { path = 'paths', kind = 'kinds', language = 'languages', tag = 'tags', source = 'sources', near = 'near' }
local KEYS = ' <CR> open  p preview  K why  f filter  r refine  c quickfix  q close '
local HEIGHT = 15
local space = vim.api.nvim_create_namespace('magray-memory')

---@param hit magray.Hit
local function text_of(hit)
  return vim.split(vim.trim(hit.text or hit.snippet or ''), '\n')[1]
end

---@param filters table<string, string[]>
local function words_of(filters)
  local words = {}
  for name, field in vim.spairs(FIELDS) do
    for _, value in ipairs(filters[field] or {}) do
      table.insert(words, name .. ':' .. value)
    end
  end
  return words
end

---@param text string such as `path:src/ kind:function`
---@return table<string, string[]>
local function filters_of(text)
  local filters = {}
  for word in text:gmatch('%S+') do
    local name, value = word:match('^(%a+):(.+)$')
    if FIELDS[name] then
      filters[FIELDS[name]] = vim.list_extend(filters[FIELDS[name]] or {}, { value })
    else
      vim.notify(('magray: %q is no filter; write path:, kind:, language:, tag:, source: or near:'):format(word), vim.log.levels.WARN)
    end
  end
  return filters
end

---@param hit magray.Hit
---@return string, [integer, integer, string][] marks begin, end and highlight of its parts
local function line_of(hit)
  local place = hit.path ~= '' and ('%s:%d'):format(hit.path, hit.startLine) or hit.kind
  local name = hit.symbol ~= '' and hit.path ~= '' and hit.symbol .. ' ' or ''
  local kind = hit.kind ~= '' and ('(%s) '):format(hit.kind) or ''
  local late = hit.overdue and 'overdue ' or hit.due and hit.due ~= '' and hit.due .. ' ' or ''
  local line, marks = '', {}
  for _, part in ipairs({ { place .. '  ', 'Directory' }, { name, 'Function' }, { kind, 'Comment' }, { late, 'WarningMsg' }, { text_of(hit) } }) do
    if part[2] then
      table.insert(marks, { #line, #line + #part[1], part[2] })
    end
    line = line .. part[1]
  end
  return line, marks
end

local function draw()
  local picker = assert(M.current)
  local lines = vim.tbl_map(line_of, picker.hits)
  vim.bo[picker.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(picker.buffer, 0, -1, false, #lines > 0 and lines or { 'nothing was found' })
  vim.bo[picker.buffer].modifiable = false
  for row, hit in ipairs(picker.hits) do
    for _, mark in ipairs(select(2, line_of(hit))) do
      vim.api.nvim_buf_set_extmark(picker.buffer, space, row - 1, mark[1], { end_col = mark[2], hl_group = mark[3] })
    end
  end
  local pills = vim.tbl_map(function(word)
    return ('%%#MagrayPill# %s %%*'):format((word:gsub('%%', '%%%%')))
  end, words_of(picker.filters))
  local told = vim.list_extend({ ('%d: %s'):format(#picker.hits, picker.query) }, picker.notices)
  vim.wo[picker.window].winbar = (' %s %s %%=%%<%s'):format(table.concat(told, ' · '):gsub('%%', '%%%%'), table.concat(pills, ' '), KEYS)
end

---@return magray.Hit?
local function at_cursor()
  local picker = assert(M.current)
  return picker.hits[vim.api.nvim_win_get_cursor(picker.window)[1]]
end

---@param hit magray.Hit
local function show_text(hit)
  vim.lsp.util.open_floating_preview(vim.split(hit.text or hit.snippet or '', '\n'), 'markdown', { focus_id = 'magray-memory' })
end

---Open the hit in the window from which the picker was called; what has no place shows its text.
function M.open()
  local picker, hit = assert(M.current), at_cursor()
  if hit and hit.location then
    M.close()
    if vim.api.nvim_win_is_valid(picker.origin) then
      vim.api.nvim_set_current_win(picker.origin)
    end
    vim.lsp.util.show_document(hit.location, 'utf-8', { focus = true })
  elseif hit then
    show_text(hit)
  end
end

local function close_preview()
  local window = assert(M.current).preview
  M.current.preview = nil
  if window and vim.api.nvim_win_is_valid(window) then
    vim.api.nvim_win_close(window, true)
  end
end

local function show_preview()
  local picker, hit = assert(M.current), at_cursor()
  if not (hit and hit.location and vim.api.nvim_win_is_valid(picker.origin)) then
    return close_preview()
  end
  local buffer = vim.uri_to_bufnr(hit.location.uri)
  vim.fn.bufload(buffer)
  if not (picker.preview and vim.api.nvim_win_is_valid(picker.preview)) then
    local width, height = vim.api.nvim_win_get_width(picker.origin), vim.api.nvim_win_get_height(picker.origin)
    picker.preview = vim.api.nvim_open_win(buffer, false, {
      relative = 'win', win = picker.origin, row = 0, col = 0, width = math.max(1, width - 2), height = math.max(1, height - 2), border = 'rounded',
    })
  end
  vim.api.nvim_win_set_buf(picker.preview, buffer)
  vim.bo[buffer].filetype = vim.bo[buffer].filetype ~= '' and vim.bo[buffer].filetype or vim.filetype.match({ buf = buffer }) or ''
  vim.api.nvim_win_set_config(picker.preview, { title = (' %s:%d '):format(hit.path, hit.startLine) })
  vim.wo[picker.preview].cursorline, vim.wo[picker.preview].number = true, true
  local last = vim.api.nvim_buf_line_count(buffer)
  vim.api.nvim_win_set_cursor(picker.preview, { math.min(math.max(1, hit.startLine), last), 0 })
  vim.api.nvim_win_call(picker.preview, function()
    vim.cmd('normal! zt')
  end)
end

---Show the hit in a float that follows the cursor, or take the float away.
function M.toggle_preview()
  if assert(M.current).preview then
    close_preview()
  else
    show_preview()
  end
end

---Why the hit is where it is, in the server's words.
function M.why()
  local hit = at_cursor()
  if hit and hit.why then
    local lines = vim.list_extend({ hit.path ~= '' and ('%s:%d'):format(hit.path, hit.startLine) or hit.kind, '' }, hit.why)
    if hit.also and #hit.also > 0 then
      vim.list_extend(lines, { '', 'the same text is in ' .. table.concat(hit.also, ', ') })
    end
    vim.lsp.util.open_floating_preview(lines, '', { focus_id = 'magray-why' })
  elseif hit then
    show_text(hit)
  end
end

---@param lead string
---@return string[] words that fit: names of filters, and what the hits have of each
function M.complete_filter(lead)
  local words = {}
  for name, field in vim.spairs(FIELDS) do
    table.insert(words, name .. ':')
    for value in vim.spairs((M.current or { facets = {} }).facets[field] or {}) do
      table.insert(words, name .. ':' .. value)
    end
  end
  local before, last = lead:match('^(.-)(%S*)$')
  return vim.iter(words):filter(function(word)
    return vim.startswith(word, last)
  end):map(function(word)
    return before .. word
  end):totable()
end

---Ask for filters, such as `path:src/ kind:function`; an empty line takes them away.
---@param text? string
function M.filter(text)
  local function set(words)
    if words and M.current then
      M.current.filters = filters_of(words)
      M.current.load()
    end
  end
  if text then
    return set(text)
  end
  local completion = "customlist,v:lua.require'magray.memory'.complete_filter"
  vim.ui.input({ prompt = 'Only: ', default = table.concat(words_of(assert(M.current).filters), ' '), completion = completion }, set)
end

---Ask something else with the same filters.
function M.refine()
  vim.ui.input({ prompt = 'Search memory: ', default = assert(M.current).query }, function(query)
    if query and query ~= '' and M.current then
      M.search(query)
    end
  end)
end

---@param hits magray.Hit[]
---@param title string
local function fill_quickfix(hits, title)
  local items = {}
  for _, hit in ipairs(hits) do
    if hit.location then
      local text = (hit.symbol ~= '' and hit.symbol .. ': ' or '') .. text_of(hit)
      table.insert(items, { filename = vim.uri_to_fname(hit.location.uri), lnum = math.max(1, hit.startLine), text = text })
    end
  end
  vim.fn.setqflist({}, ' ', { title = 'Magray: ' .. title, items = items })
  if #items == 0 then
    vim.notify('magray: nothing found for ' .. title, vim.log.levels.INFO)
  else
    vim.cmd('botright copen')
  end
end

---Put the picker's hits into the quickfix list.
function M.to_quickfix()
  local picker = assert(M.current)
  M.close()
  fill_quickfix(picker.hits, picker.query)
end

function M.close()
  local picker = M.current
  if picker then
    close_preview()
    M.current = nil
    if vim.api.nvim_win_is_valid(picker.window) then
      vim.api.nvim_win_close(picker.window, true)
    end
  end
end

---@param buffer integer
local function set_keys(buffer)
  local keys = {
    ['<CR>'] = M.open, p = M.toggle_preview, K = M.why, f = M.filter, r = M.refine, c = M.to_quickfix, q = M.close,
    x = function() require('magray.notes').done(at_cursor()) end,
    X = function() require('magray.notes').forget(at_cursor()) end,
  }
  for key, run in pairs(keys) do
    vim.keymap.set('n', key, function() run() end, { buffer = buffer, nowait = true, desc = 'Magray memory' })
  end
end

---@return magray.Picker
local function opened()
  if M.current and vim.api.nvim_win_is_valid(M.current.window) then
    return M.current
  end
  vim.api.nvim_set_hl(0, 'MagrayPill', { link = 'PmenuSel', default = true })
  local origin, buffer = vim.api.nvim_get_current_win(), vim.api.nvim_create_buf(false, true)
  local window = vim.api.nvim_open_win(buffer, true, { split = 'below', win = -1, height = HEIGHT })
  vim.bo[buffer].bufhidden, vim.bo[buffer].filetype = 'wipe', 'magray-memory'
  pcall(vim.api.nvim_buf_set_name, buffer, 'magray://memory') -- another may still be closing
  vim.wo[window].wrap, vim.wo[window].cursorline, vim.wo[window].number, vim.wo[window].winfixheight = false, true, false, true
  set_keys(buffer)
  vim.api.nvim_create_autocmd('CursorMoved', { buffer = buffer, callback = function()
    if M.current and M.current.preview then
      show_preview()
    end
  end })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = buffer, callback = vim.schedule_wrap(function()
    if M.current and M.current.buffer == buffer then
      M.close()
    end
  end) })
  M.current = { buffer = buffer, window = window, origin = origin, load = function() end, query = '', hits = {}, facets = {}, notices = {}, filters = {} }
  return M.current
end

---Fill the picker with hits; ``load`` asks for them again.
---@param title string
---@param found {hits: magray.Hit[], facets?: table, notices?: string[]}
---@param load fun()
function M.show(title, found, load)
  local picker = opened()
  picker.query, picker.hits, picker.facets, picker.notices, picker.load = title, found.hits, found.facets or {}, found.notices or {}, load
  draw()
end

local asked = 0

---A check whether no later question was asked: answers may come in any order.
---@return fun(): boolean
function M.asking()
  asked = asked + 1
  local own = asked
  return function()
    return own == asked
  end
end

---@param filters table<string, string[]>
---@return table<string, string[]> with files as the server wants them
local function scope_of(filters)
  local scope = vim.deepcopy(filters)
  local root = (client.find() or {}).root_dir or vim.fn.getcwd()
  scope.near = scope.near and vim.tbl_map(function(path)
    return vim.uri_from_fname(vim.fs.normalize(vim.startswith(path, '/') and path or root .. '/' .. path))
  end, scope.near)
  return scope
end

---Search everything; hits go to the picker or, with ``quickfix``, to the quickfix list.
---@param query string
---@param quickfix? boolean
function M.search(query, quickfix)
  if query == '' then
    return vim.ui.input({ prompt = 'Search memory: ', default = vim.fn.expand('<cword>') }, function(words)
      if words and words ~= '' then
        M.search(words, quickfix)
      end
    end)
  end
  local filters = (not quickfix and M.current) and M.current.filters or {}
  local params = vim.tbl_extend('force', { query = query, k = 50 }, scope_of(filters))
  local latest = M.asking()
  client.request('magray/memory/search', params, function(found)
    if quickfix then
      fill_quickfix(found.hits, query)
    elseif latest() then
      M.show(query, found, function()
        M.search(query)
      end)
    end
  end)
end

return M
