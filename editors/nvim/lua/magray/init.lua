---Magray for Neovim: one :Magray command over the server's requests. No feature lives here that both editors need.
local client = require('magray.client')
local config = require('magray.config')
local M = {}

---The plan that commands without an id mean: the last one made or shown.
---@type string?
M.plan_id = nil

---@param options? magray.Options
function M.setup(options)
  config.set(options)
end

---@param id? string
---@return string?
local function plan_or_last(id)
  local name = vim.api.nvim_buf_get_name(0):match('([^/]+)%.plan%.md$')
  local chosen = (id ~= '' and id) or name or M.plan_id
  if not chosen then
    vim.notify('magray: there is no plan yet; make one with :Magray plan GOAL', vim.log.levels.WARN)
  end
  return chosen
end

---@param outcome {plan: string, status: string, applied: integer[], refused: {step: integer, path: string, reason: string}[]}
local function show_outcome(outcome)
  local lines = { ('magray: plan %s is %s'):format(outcome.plan, outcome.status) }
  for _, refusal in ipairs(outcome.refused or {}) do
    table.insert(lines, ('  step %d %s: %s'):format(refusal.step, refusal.path, refusal.reason))
  end
  vim.notify(table.concat(lines, '\n'), vim.log.levels.INFO)
end

---Make a plan. The cursor, or the selected lines, say what "this" is.
---@param goal string
---@param range? {line1: integer, line2: integer}
function M.plan(goal, range)
  local function make(words)
    if not words or words == '' then
      return
    end
    local params = { goal = words }
    local server = client.find()
    if server and vim.lsp.buf_is_attached(0, server.id) then
      local encoding = server.offset_encoding
      local at = range and vim.lsp.util.make_given_range_params({ range.line1, 0 }, { range.line2, 999999 }, 0, encoding)
        or vim.lsp.util.make_range_params(0, encoding)
      params.textDocument, params.range = at.textDocument, at.range
    end
    client.request('magray/plan', params, function(plan)
      M.plan_id = plan.id
      vim.notify(('magray: plan %s: %s'):format(plan.id, plan.summary), vim.log.levels.INFO)
      if config.options.open_plan then
        M.show(plan.id)
      end
    end)
  end
  if goal == '' then
    vim.ui.input({ prompt = 'Magray goal: ', default = 'rename ' .. vim.fn.expand('<cword>') .. ' to ' }, make)
  else
    make(goal)
  end
end

local function show_lenses()
  if vim.lsp.codelens.enable then -- 0.12
    vim.lsp.codelens.enable(true, { bufnr = 0 })
  else
    vim.lsp.codelens.refresh({ bufnr = 0 })
  end
end

---Open the plan document: check boxes choose, lenses act.
---@param id? string
function M.show(id)
  local plan = plan_or_last(id)
  if plan then
    client.request('magray/plan/get', { plan = plan }, function(view)
      M.plan_id = view.id
      vim.cmd.edit(vim.fn.fnameescape(vim.uri_to_fname(view.uri)))
      vim.bo.autoread = true
      show_lenses()
    end)
  end
end

---See every change side by side before it is made; :help magray-preview.
---@param id? string
function M.preview(id)
  local plan = plan_or_last(id)
  if plan then
    require('magray.preview').open(plan)
  end
end

---Apply what is accepted. ``steps`` such as "1,3" names steps whatever their check boxes say.
---@param steps? string
---@param id? string
function M.apply(steps, id)
  local plan = plan_or_last(id)
  if plan then
    local chosen = vim.tbl_map(tonumber, vim.split(steps or '', '[,%s]+', { trimempty = true }))
    client.request('magray/plan/apply', { plan = plan, steps = #chosen > 0 and chosen or nil, approved = true }, show_outcome)
  end
end

---@param step? string
function M.undo(step)
  local plan = plan_or_last()
  if plan then
    client.request('magray/plan/undo', { plan = plan, step = tonumber(step) }, show_outcome)
  end
end

function M.redo()
  local plan = plan_or_last()
  if plan then
    client.request('magray/plan/redo', { plan = plan }, show_outcome)
  end
end

---Search memory; hits go to the quickfix list.
---@param query string
function M.search(query)
  client.request('magray/search', { query = query, k = 30 }, function(result)
    local items = vim.tbl_map(function(hit)
      local symbol = hit.symbol ~= '' and hit.symbol .. ': ' or ''
      local first_line = vim.split(hit.snippet, '\n')[1]
      return { filename = vim.uri_to_fname(hit.location.uri), lnum = hit.startLine, text = symbol .. first_line }
    end, result.hits)
    vim.fn.setqflist({}, ' ', { title = 'Magray: ' .. query, items = items })
    if #items == 0 then
      vim.notify('magray: nothing found for ' .. query, vim.log.levels.INFO)
    else
      vim.cmd('botright copen')
    end
  end)
end

---The whole explanation of what is under the cursor, in a scratch window.
function M.explain()
  local server = client.find()
  if server then
    client.request('magray/explain', vim.lsp.util.make_position_params(0, server.offset_encoding), function(answer)
      vim.lsp.util.open_floating_preview(vim.split(answer.markdown, '\n'), 'markdown', { focus_id = 'magray' })
    end)
  end
end

---Choose among the workspace's plans.
function M.plans()
  client.request('magray/plan/list', vim.empty_dict(), function(answer)
    vim.ui.select(answer.plans, {
      prompt = 'Magray plans',
      format_item = function(plan)
        return ('%s  %-14s %s'):format(plan.id, plan.status, plan.goal)
      end,
    }, function(plan)
      if plan then
        M.show(plan.id)
      end
    end)
  end)
end

local subcommands = {
  plan = function(rest, call)
    M.plan(rest, call.range > 0 and call or nil)
  end,
  show = function(id)
    M.show(id)
  end,
  preview = function(id)
    M.preview(id)
  end,
  apply = function(steps)
    M.apply(steps)
  end,
  undo = function(step)
    M.undo(step)
  end,
  redo = function()
    M.redo()
  end,
  search = function(query)
    M.search(query)
  end,
  explain = function()
    M.explain()
  end,
  plans = function()
    M.plans()
  end,
  memory = function(query)
    require('magray.memory').search(query)
  end,
  ['memory!'] = function(query)
    require('magray.memory').search(query, true)
  end,
  note = function(text)
    require('magray.notes').note(text)
  end,
  todo = function(text)
    require('magray.notes').todo(text)
  end,
  todos = function()
    require('magray.notes').todos()
  end,
  graph = function(about)
    require('magray.notes').graph(about, 'text')
  end,
  ['graph!'] = function(about)
    require('magray.notes').graph(about, 'html')
  end,
  pause = function()
    require('magray.notes').pause(true)
  end,
  resume = function()
    require('magray.notes').pause(false)
  end,
}

---@param call vim.api.keyset.create_user_command.command_args
function M.command(call)
  local name, rest = call.args:match('^(%S*)%s*(.-)%s*$')
  local run = subcommands[name == '' and 'plans' or name]
  if run then
    run(rest, call)
  else
    vim.notify(('magray: there is no :Magray %s; try :help magray-commands'):format(name), vim.log.levels.WARN)
  end
end

---@param lead string
---@param line string
function M.complete(lead, line)
  if line:match('^%S+%s+%S*$') then
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, vim.fn.sort(vim.tbl_keys(subcommands)))
  end
  return {}
end

return M
