---What a person adds to the memory from the editor, and the graph around a place.
local client = require('magray.client')
local M = {}

---The cursor, or nothing in a buffer that the server does not know.
---@return table params with textDocument and position, perhaps empty
local function cursor()
  local server = client.find()
  local known = server and vim.lsp.buf_is_attached(0, server.id)
  return known and vim.lsp.util.make_position_params(0, server.offset_encoding) or {}
end

---@param method string
---@param prompt string
---@param text string
local function add(method, prompt, text)
  local at = cursor() -- before an input takes the focus
  local function keep(words)
    if words and vim.trim(words) ~= '' then
      client.request(method, vim.tbl_extend('force', { text = words }, at), function(made)
        local place = made.path ~= '' and ('%s:%d'):format(made.path, made.startLine) or 'no place'
        vim.notify(('magray: %s about %s'):format(made.kind, place), vim.log.levels.INFO)
      end)
    end
  end
  if text == '' then
    vim.ui.input({ prompt = prompt }, keep)
  else
    keep(text)
  end
end

---@param text string
function M.note(text)
  add('magray/memory/note', 'Note: ', text)
end

---@param text string
function M.todo(text)
  add('magray/tasks/add', 'Todo: ', text)
end

---The open todos in the picker; x marks one as done.
function M.todos()
  local memory = require('magray.memory')
  local filters = memory.current and memory.current.filters or {}
  local method, params = 'magray/tasks/list', vim.empty_dict() -- those that are due come first
  if filters.paths or filters.tags then
    method, params = 'magray/memory/list', { kinds = { 'todo' }, paths = filters.paths, tags = filters.tags }
  end
  local latest = memory.asking()
  client.request(method, params, function(answer)
    local open = vim.tbl_filter(function(record)
      return record.done == vim.NIL
    end, answer.tasks or answer.records)
    if latest() then
      memory.show('todos', { hits = open }, M.todos)
    end
  end)
end

---@param hit? magray.Hit
function M.done(hit)
  if hit and hit.kind == 'todo' then
    client.request('magray/tasks/done', { id = hit.id }, function()
      require('magray.memory').current.load()
    end)
  end
end

---Forget a record or a conversation; the server asks first, and searches for what may be left.
---@param hit? magray.Hit
function M.forget(hit)
  if hit and hit.id ~= '' then
    client.request('magray/memory/forget', { ids = { hit.id } }, function(gone)
      local left = #gone.proof.hits > 0 and 'some of it is still in ' .. table.concat(gone.proof.hits, ', ') or 'nothing of it is left'
      vim.notify(('magray: forgotten; %d files were searched, %s'):format(gone.proof.files, left), vim.log.levels.INFO)
      if require('magray.memory').current then
        require('magray.memory').current.load()
      end
    end)
  end
end

---What is around a file, a name, a note or the cursor: as text, where gF follows places, or as a page in the browser.
---@param about string
---@param picture 'text'|'html'
function M.graph(about, picture)
  local params = vim.tbl_extend('force', about ~= '' and { about = about } or cursor(), { picture = picture })
  client.request('magray/memory/graph', params, function(graph)
    if picture == 'html' then
      local file = vim.fn.tempname() .. '.html'
      vim.fn.writefile(vim.split(graph.picture, '\n'), file)
      local _, problem = vim.ui.open(file)
      if problem then
        vim.notify('magray: ' .. problem .. '; the page is ' .. file, vim.log.levels.WARN)
      end
      return
    end
    vim.cmd('botright new')
    vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile, vim.bo.filetype = 'nofile', 'wipe', false, 'magray-graph'
    pcall(vim.api.nvim_buf_set_name, 0, 'magray://graph') -- another may be open
    vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(vim.trim(graph.picture), '\n'))
    vim.bo.modifiable = false
    vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = true, nowait = true, desc = 'Magray graph' })
  end)
end

---@param paused boolean
function M.pause(paused)
  client.request('magray/index/pause', { paused = paused }, function(status)
    vim.notify('magray: ' .. M.embedding_words(status.embedding), vim.log.levels.INFO)
  end)
end

---@param embedding {paused: boolean, remaining: integer|vim.NIL, vectors: integer}
---@return string
function M.embedding_words(embedding)
  local left = type(embedding.remaining) == 'number' and embedding.remaining > 0 and (', %d chunks left'):format(embedding.remaining) or ''
  return ('embedding%s: %d chunks embedded%s'):format(embedding.paused and ' is paused' or '', embedding.vectors, left)
end

return M
