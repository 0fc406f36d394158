---The connection to the server: how it starts, what it may ask of Neovim, and how Lua asks it things.
local config = require('magray.config')
local M = {}

---@param dispatchers vim.lsp.rpc.Dispatchers
---@param resolved? vim.lsp.ClientConfig
function M.start(dispatchers, resolved)
  local cwd = resolved and resolved.root_dir or nil
  return vim.lsp.rpc.start(config.options.command, dispatchers, cwd and { cwd = cwd } or nil)
end

function M.capabilities()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.general.positionEncodings = { 'utf-8', 'utf-16' }
  capabilities.workspace.workspaceEdit.documentChanges = true -- Neovim applies them but does not say so
  return capabilities
end

---The client of a buffer, or any running one: plans belong to the workspace, not to a buffer.
---@param buffer? integer
---@return vim.lsp.Client?
function M.find(buffer)
  local attached = vim.lsp.get_clients({ name = 'magray', bufnr = buffer or 0 })[1]
  return attached or vim.lsp.get_clients({ name = 'magray' })[1]
end

---Ask the server; the answer comes on the main loop. Errors are shown in one line with their hint.
---@param method string
---@param params table
---@param on_result fun(result: any)
---@return fun()? cancel
function M.request(method, params, on_result)
  local client = M.find()
  if not client then
    vim.notify('magray: the server is not running here; see :checkhealth magray', vim.log.levels.WARN)
    return nil
  end
  local _, id = client:request(method, params, function(err, result)
    if err then
      M.show_error(err)
    else
      on_result(result)
    end
  end, vim.api.nvim_get_current_buf())
  return function()
    client:cancel_request(id)
  end
end

---@param err lsp.ResponseError
function M.show_error(err)
  local data = type(err.data) == 'table' and err.data or {}
  local lines = { 'magray: ' .. err.message }
  for _, detail in ipairs(vim.list_slice(data.differences or data.suggestions or {}, 1, 5)) do
    table.insert(lines, '  ' .. detail)
  end
  if data.hint and data.hint ~= '' then
    table.insert(lines, 'hint: ' .. data.hint)
  end
  vim.notify(table.concat(lines, '\n'), vim.log.levels.WARN)
end

---Neovim gives a created file whose text ends in a line end one empty line too many; see it gone.
---@param edit lsp.WorkspaceEdit
local function trim_created(edit)
  local created = {}
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.kind == 'create' then
      created[change.uri] = true
    elseif change.textDocument and created[change.textDocument.uri] then
      local buffer = vim.uri_to_bufnr(change.textDocument.uri)
      local text = change.edits[1] and change.edits[1].newText or ''
      local n_lines = vim.api.nvim_buf_line_count(buffer)
      local last = vim.api.nvim_buf_get_lines(buffer, n_lines - 1, n_lines, false)[1]
      if vim.endswith(text, '\n') and n_lines > 1 and last == '' then
        vim.api.nvim_buf_set_lines(buffer, n_lines - 1, n_lines, false, {})
      end
    end
  end
end

---Neovim would name the step again for every file, and wait for a key; the preview has shown it.
---@param edit lsp.WorkspaceEdit
local function without_annotations(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    for _, one in ipairs(change.edits or {}) do
      one.annotationId = nil
    end
  end
  edit.changeAnnotations = nil
end

---Write what the edit touched, so that the disk, other tools and the server's journal agree.
---@param edit lsp.WorkspaceEdit
local function save_touched(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    local uri = change.newUri or change.uri or (change.textDocument and change.textDocument.uri)
    if uri and change.kind ~= 'delete' then
      local buffer = vim.uri_to_bufnr(uri)
      if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].modified then
        vim.api.nvim_buf_call(buffer, function()
          vim.cmd('silent keepalt update')
        end)
      end
    end
  end
end

M.handlers = {
  ['workspace/applyEdit'] = function(err, params, context)
    without_annotations(params.edit)
    local answer = vim.lsp.handlers['workspace/applyEdit'](err, params, context)
    if not err and answer and answer.applied then
      trim_created(params.edit)
      if config.options.save then
        save_touched(params.edit)
      end
    end
    return answer
  end,

  -- Ask the other servers of this buffer; the first that answers is believed.
  ['magray/client/lspRequest'] = function(_, params, context)
    local document = (params.params or {}).textDocument or {}
    local buffer = document.uri and vim.uri_to_bufnr(document.uri) or 0
    for _, client in ipairs(vim.lsp.get_clients({ bufnr = buffer, method = params.method })) do
      if client.id ~= context.client_id then
        local answer = client:request_sync(params.method, params.params, params.timeoutMs or 5000, buffer)
        if answer and answer.result then
          return { result = answer.result, server = client.name, positionEncoding = client.offset_encoding }
        end
      end
    end
    return { result = vim.NIL }
  end,

  ['magray/plan/changed'] = function(_, params)
    vim.schedule(function()
      vim.cmd('silent! checktime')
      vim.api.nvim_exec_autocmds('User', { pattern = 'MagrayPlanChanged', data = params })
    end)
  end,

  ['magray/index/status'] = function(_, params)
    M.index_status = params
    vim.schedule(function()
      vim.api.nvim_exec_autocmds('User', { pattern = 'MagrayIndexStatus', data = params })
    end)
  end,
}

---Code lens and code action commands that are nicer here than on the server.
M.commands = {
  ['magray.plan.preview'] = function(command)
    require('magray.preview').open((command.arguments or {})[1])
  end,
}

return M
