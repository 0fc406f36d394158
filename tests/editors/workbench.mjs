// Drives a real VS Code workbench (code-server in headless Chromium) through the main job.
// node workbench.mjs URL WORKSPACE SHOTS: prints one line per step and exits with the number of steps that failed.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [url, workspace, shots, tools] = process.argv.slice(2);
const { chromium } = createRequire(path.join(tools, 'package.json'))('playwright-core');
fs.mkdirSync(shots, { recursive: true });

// Selectors of VS Code's own surfaces, in one place because they change with its versions.
class Workbench {
  constructor(page) { this.page = page; }

  async open() {
    await this.page.goto(`${url}/?folder=${workspace}`, { waitUntil: 'domcontentloaded' });
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 60000 });
  }

  async openFile(name) {
    await this.page.keyboard.press('Control+p');
    await this.quickInput().waitFor();
    await this.page.keyboard.type(name, { delay: 5 });
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: path.basename(name) }).first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tab', { hasText: path.basename(name) }).first().waitFor();
  }

  quickInput() { return this.page.locator('.quick-input-widget .input').first(); }

  async command(title) {
    await this.page.keyboard.press('F1');
    await this.quickInput().waitFor();
    await this.page.keyboard.type(title, { delay: 5 });
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  async answer(text) {
    await this.page.locator('.quick-input-widget .quick-input-title').waitFor();
    await this.quickInput().fill(text);
    await this.page.keyboard.press('Enter');
  }

  treeRow(text) { return this.page.locator('.pane-body .monaco-list-row', { hasText: text }).first(); }
  lens(text) { return this.page.locator('.codelens-decoration a', { hasText: text }).first(); }
  notice(text) { return this.page.locator('.notification-list-item-message', { hasText: text }).first(); }
  dialogButton(text) { return this.page.locator('.monaco-dialog-box .monaco-button', { hasText: text }).first(); }
  previewRow(text) { return this.page.locator('.bulk-edit-panel .monaco-list-row', { hasText: text }).first(); }
  previewButton(text) { return this.page.locator('.bulk-edit-panel .monaco-button', { hasText: text }).first(); }
  statusItem(text) { return this.page.locator('.statusbar-item', { hasText: text }).first(); }
  async shot(name) { await this.page.screenshot({ path: path.join(shots, `${name}.png`) }); }
  async clearNotices() { await this.command('Notifications: Clear All Notifications'); }
}

const read = name => fs.readFileSync(path.join(workspace, name), 'utf8');

async function until(what, condition, ms = 20000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise(done => setTimeout(done, 50))) {
    if (condition()) return;
  }
  throw new Error(`never: ${what}`);
}

// Policy asks before files change; say yes whether it comes as a modal dialog or not at all.
async function approve(bench, done) {
  const button = bench.dialogButton(/Apply|Undo/);
  await Promise.race([button.waitFor({ timeout: 20000 }).then(() => button.click()), done()]).catch(() => {});
  await done();
}

const scenario = {
  'the extension starts and indexes': async bench => {
    await bench.open();
    await bench.openFile('shop/prices.py');
    await bench.page.locator('.statusbar-item [aria-label*="check"], .statusbar-item .codicon-check').first().waitFor({ timeout: 60000 });
  },
  'hover explains from memory': async bench => {
    await bench.page.locator('.view-line', { hasText: 'def total_price' }).getByText('total_price').first().hover();
    await bench.page.locator('.monaco-hover', { hasText: 'Sum the prices of the items.' }).first().waitFor();
    await bench.shot('hover');
    await bench.page.keyboard.press('Escape');
  },
  'a goal becomes a plan document with lenses and a tree': async bench => {
    await bench.command('Magray: Plan a change');
    await bench.answer('rename total_price to sum_of_prices');
    await bench.page.locator('.tab', { hasText: '.plan.md' }).first().waitFor({ timeout: 60000 });
    await bench.lens('Apply').waitFor();
    await bench.treeRow('1 ').waitFor();
    await bench.shot('plan');
    if (!read('shop/prices.py').includes('def total_price')) throw new Error('planning changed a file');
  },
  'every change is in the multi-diff editor': async bench => {
    await bench.command('Magray: Preview every change');
    await bench.page.locator('.multiDiffEntry').first().waitFor();
    await bench.shot('multi-diff');
  },
  'apply and undo through the server': async bench => {
    await bench.command('Magray: Apply what is ticked');
    await approve(bench, () => until('applied', () => read('shop/prices.py').includes('def sum_of_prices')));
    await until('applied everywhere', () => read('shop/cart.py').includes('return sum_of_prices'));
    await bench.shot('applied');
    await bench.command('Magray: Undo the plan');
    await approve(bench, () => until('undone', () => read('shop/prices.py').includes('def total_price')));
    await until('undone everywhere', () => read('shop/cart.py').includes('return total_price'));
  },
  'the Refactor Preview shows the annotations and applies': async bench => {
    await bench.command('Magray: Plan a change');
    await bench.answer('rename Cart to Basket');
    await bench.treeRow('Basket').waitFor({ timeout: 60000 });
    await bench.command('Magray: Apply through the Refactor Preview');
    const button = bench.dialogButton('Apply');
    await Promise.race([button.waitFor().then(() => button.click()), bench.previewButton('Apply').waitFor()]).catch(() => {});
    await bench.previewButton('Apply').waitFor();
    await bench.page.locator('.panel .action-label[aria-label*="Group"]').first().click();
    await bench.previewRow('Cart').waitFor();
    await bench.shot('refactor-preview');
    const box = bench.page.locator('.bulk-edit-panel .edit-checkbox').first();
    if (!(await box.isChecked())) await box.click();
    await bench.previewButton('Apply').click();
    await until('applied', () => read('shop/cart.py').includes('class Basket'));
    await bench.command('Magray: Undo the plan');
    await approve(bench, () => until('undone', () => read('shop/cart.py').includes('class Cart')));
  },
};

const browser = await chromium.launch({
  executablePath: process.env.MAGRAY_CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
});
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
await context.route(to => to.protocol.startsWith('http') && to.hostname !== '127.0.0.1', route => route.abort());
const page = await context.newPage();
page.setDefaultTimeout(20000);
const bench = new Workbench(page);
let failed = 0;
for (const [name, run] of Object.entries(scenario)) {
  const started = Date.now();
  try {
    await run(bench);
    console.log(`ok   ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.message.split('\n').slice(0, 3).join(' | ')}`);
    const notices = await page.locator('.notification-list-item-message').allInnerTexts();
    console.log(`     notices: ${JSON.stringify(notices)}`);
    await bench.shot(`failed-${failed}`);
  }
}
await browser.close();
process.exit(failed);
