// A real VS Code workbench (code-server in headless Chromium) as a page object, and the player of its scenes.
// node DRIVER.mjs URL WORKSPACE SHOTS TOOLS: prints one JSON line per scene, up to the first that fails.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [url, folder, shots, tools] = process.argv.slice(2);
export const workspace = folder;
const { chromium } = createRequire(path.join(tools, 'package.json'))('playwright-core');
fs.mkdirSync(shots, { recursive: true });

export const PATIENCE_MS = 30000;

// Selectors of VS Code's own surfaces, in one place because they change with its versions.
class Workbench {
  constructor(page) { this.page = page; }

  async trust() {
    await this.status('Restricted Mode').waitFor();
    await this.command('Workspaces: Manage Workspace Trust');
    await this.button('Trust').click();
    await this.status('Magray: ready').waitFor({ timeout: 2 * PATIENCE_MS });
    await this.page.keyboard.press('Escape');
  }
  async open() {
    await this.page.goto(`${url}/?folder=${workspace}`, { waitUntil: 'domcontentloaded' });
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
  }

  // Quick input
  quickInput() { return this.page.locator('.quick-input-widget input.input').first(); }
  quickTitle(text) { return this.page.locator('.quick-input-widget .quick-input-title', { hasText: text }); }
  goalInput() { return this.quickTitle('What Should Change?'); }
  quickRow(text) { return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first(); }
  quickAction(label) { return this.page.locator(`.quick-input-list .action-label[aria-label*="${label}"]`).first(); }
  async palette(title) {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.quickInput().waitFor();
    await this.quickInput().fill(`>${title}`);
  }
  async command(title) {
    await this.palette(title);
    await this.quickRow(title).click();
  }
  async answer(text, title = 'What Should Change?') {
    await this.quickTitle(title).waitFor();
    await this.quickInput().fill(text);
    await this.page.keyboard.press('Enter');
  }

  // Editors
  tab(name) { return this.page.locator('.tabs-container .tab', { hasText: name }).first(); }
  activeEditor() { return this.page.locator('.editor-group-container.active .monaco-editor').first(); }
  word(line, text) { return this.page.locator('.monaco-editor .view-line', { hasText: line }).first().getByText(text, { exact: true }).first(); }
  line(text) { return this.activeEditor().locator('.view-line', { hasText: text }).first(); }
  lens(text) { return this.page.locator('.codelens-decoration a', { hasText: text }).first(); }
  hover(text) { return this.page.locator('.monaco-hover', { hasText: text }).first(); }
  async openFile(name) {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('Control+p');
    await this.quickInput().waitFor();
    await this.quickInput().fill(name);
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label^="${path.basename(name)}"]`).first().click();
    await this.page.locator(`.tabs-container .tab.active[data-resource-name="${path.basename(name)}"]`).waitFor();
    await this.activeEditor().locator('.view-line').first().waitFor();
  }
  async goTo(line, column) {
    await this.page.keyboard.press('Control+g');
    await this.quickInput().waitFor();
    await this.quickInput().fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.statusbar-item', { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  // The plan view
  treeRow(text) { return this.page.locator('.tree-explorer-viewlet-tree-view .monaco-list-row', { hasText: text }).first(); }
  async ticked(text, wanted) {
    await until(`the box of ${text} is ${wanted}`, async () => await this.treeBox(text).getAttribute('aria-checked') === String(wanted));
  }
  treeBox(text) { return this.treeRow(text).locator('[role=checkbox], .monaco-custom-toggle').first(); }
  planState(text) { return this.page.locator('.tree-explorer-viewlet-tree-view .message', { hasText: text }).first(); }

  rows(text) { return this.page.locator('.tree-explorer-viewlet-tree-view .monaco-list-row', { hasText: text }); }
  async tooltip(row, text) {
    await until(`the tooltip ${text} shows`, async () => {
      await this.page.mouse.move(700, 300);
      await row.hover();
      return this.hover(text).waitFor({ timeout: 3000 }).then(() => true, () => false);
    });
  }
  pill(label) { return this.page.locator('.monaco-list-row[aria-label^="Filter:"]', { hasText: label }); }
  // A button of a row shows only while the pointer is over the row.
  async press(row, label) {
    await row.hover();
    await row.locator(`.action-label[aria-label*="${label}"]`).first().click();
  }
  async contextMenu(target, label) {
    const item = this.page.locator('.context-view .action-label', { hasText: label }).first();
    await target.click({ button: 'right' });
    await item.waitFor();
    await until(`the menu takes ${label}`, async () => { // a menu that has only just opened does not
      await item.click({ timeout: 1000 }).catch(() => {});
      return !await item.isVisible();
    }, PATIENCE_MS, 200);
  }
  dialogButton(text) { return this.page.locator('.monaco-dialog-box .monaco-button', { hasText: text }).first(); }
  webview(selector) { return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame').locator(selector); }

  // Diffs and previews
  diffOf(name) { return this.page.locator('.multiDiffEntry', { hasText: path.basename(name) }).first(); }
  previewRow(text) { return this.page.locator('.bulk-edit-panel .monaco-list-row', { hasText: text }).first(); }
  previewBoxes() { return this.page.locator('.bulk-edit-panel .edit-checkbox'); }
  // Ticking a file ticks its edits a moment later, so one box at a time, each seen to be ticked.
  async tickAll() {
    for (let at = 0; at < await this.previewBoxes().count(); at += 1) {
      const box = this.previewBoxes().nth(at);
      await until(`box ${at} is ticked`, async () => {
        if (await box.isChecked()) return true;
        await box.click();
        return false;
      }, PATIENCE_MS, 500);
    }
  }
  previewButton(text) { return this.page.locator('.bulk-edit-panel .monaco-button', { hasText: text }).first(); }
  groupByKind() { return this.page.locator('.panel .action-label[aria-label*="Group Changes By Type"]').first(); }

  // Menus, notices, status
  action(text) { return this.page.locator('.action-widget .monaco-list-row', { hasText: text }).first(); }
  // An editor that has just been given the focus may not hear the first key.
  async menu(keys, row) {
    await until(`the menu of ${keys} shows`, async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press(keys);
      return row.waitFor({ timeout: 5000 }).then(() => true, () => false);
    });
  }
  showDisabled() { return this.page.locator('.action-widget .action-label', { hasText: 'Show Disabled' }).first(); }
  disabledAction(text) { return this.page.locator('.action-widget .monaco-list-row[aria-label*="Disabled Reason"]', { hasText: text }).first(); }
  button(text) { return this.page.locator('.monaco-button', { hasText: text }).first(); }
  notice(text) { return this.page.locator('.notification-list-item-message', { hasText: text }).first(); }
  status(text) { return this.page.locator(`.statusbar-item[aria-label*="${text}"], .statusbar-item [aria-label*="${text}"]`).first(); }
  async clearNotices() {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.page.locator('.notification-toast').first().waitFor({ state: 'detached' });
  }
  async photo(name) { await this.page.screenshot({ path: path.join(shots, `${name}.png`) }); }
  async shot(name) {
    await this.clearNotices();
    await this.page.mouse.move(5, 5);
    await this.photo(name);
  }
}

export const read = name => fs.readFileSync(path.join(workspace, name), 'utf8');

export async function until(what, condition, ms = PATIENCE_MS, every = 50) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise(done => setTimeout(done, every))) {
    if (await condition()) return;
  }
  throw new Error(`never: ${what}`);
}

export async function play(scenes) {
  const browser = await chromium.launch({
    executablePath: process.env.MAGRAY_CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.route(to => to.protocol.startsWith('http') && to.hostname !== '127.0.0.1', route => route.abort());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const bench = new Workbench(page);
  for (const [scene, run] of Object.entries(scenes)) {
    const started = Date.now();
    let problem = null;
    try {
      await run(bench);
    } catch (error) {
      const notices = await page.locator('.notification-list-item-message').allInnerTexts();
      problem = `${error.message}\nnotices: ${JSON.stringify(notices)}`;
      await page.screenshot({ path: path.join(shots, `failed-${scene.replace(/\W+/g, '-')}.png`) });
    }
    console.log(JSON.stringify({ scene, problem, ms: Date.now() - started }));
    if (problem) break;
  }
  await browser.close();
}
