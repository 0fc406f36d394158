// Drives VS Code through the main job: trust, plan, preview, accept in part, apply, undo.
import fs from 'node:fs';
import path from 'node:path';
import { play, read, until, workspace } from './bench.mjs';

const tree = () => Object.fromEntries(['shop/__init__.py', 'shop/prices.py', 'shop/cart.py', 'shop/report.py', 'tests/test_prices.py', 'pyproject.toml']
  .map(name => [name, read(name)]));
const original = tree();
const asBefore = () => JSON.stringify(tree()) === JSON.stringify(original);
const plans = path.join(workspace, '.magray/artifacts/plans');
const document = () => {
  const newest = fs.readdirSync(plans).filter(name => name.endsWith('.plan.md'))
    .map(name => [fs.statSync(path.join(plans, name)).mtimeMs, name]).sort((a, b) => b[0] - a[0])[0];
  return fs.readFileSync(path.join(plans, newest[1]), 'utf8');
};

const scenes = {
  'nothing runs in a folder that is not trusted': async bench => {
    await bench.open();
    await bench.status('Restricted Mode').waitFor();
    await bench.palette('Magray: Plan a Change');
    await bench.quickRow(/No matching commands|similar commands/).waitFor();
    if (await bench.quickRow('Magray').count()) throw new Error('the extension is enabled');
    await bench.page.keyboard.press('Escape');
    if (fs.existsSync(path.join(workspace, '../started'))) throw new Error('a server was started');
    if (fs.existsSync(path.join(workspace, '.magray'))) throw new Error('the folder was touched');
  },
  'trusting the folder starts the server, which indexes': async bench => {
    await bench.trust();
    if (!fs.existsSync(path.join(workspace, '../started'))) throw new Error('the server that runs is not the one that was set');
  },
  'hover explains from memory': async bench => {
    await bench.openFile('shop/prices.py');
    await until('the hover shows', async () => {
      await bench.page.mouse.move(5, 5);
      await bench.word('def total_price', 'total_price').hover();
      return bench.hover('Sum the prices of the items.').waitFor({ timeout: 3000 }).then(() => true, () => false);
    });
  },
  'a goal becomes a document with lenses and a tree with check boxes': async bench => {
    await bench.command('Magray: Plan a Change');
    await bench.answer('rename total_price to sum_of_prices');
    await bench.tab('.plan.md').waitFor();
    await bench.lens('Apply').waitFor();
    await bench.lens('Preview').waitFor();
    await bench.ticked('1. Rename', true);
    await bench.ticked('2. Rename', false);
    await bench.ticked('tests/test_prices.py', true);
    await bench.shot('vscode-plan');
    if (!asBefore()) throw new Error('planning changed a file');
  },
  'a file is left out by unticking it in the tree': async bench => {
    await bench.treeBox('tests/test_prices.py').click();
    await bench.ticked('tests/test_prices.py', false);
    await until('the document says so', () => document().includes('- [ ] [tests/test_prices.py]'));
  },
  'a file is left out by unticking it in the plan document': async bench => {
    await bench.tab('.plan.md').click();
    const lineOf = start => 1 + document().split('\n').findIndex(one => one.startsWith(start));
    await bench.goTo(lineOf('- [ ] [tests/test_prices.py]'), 1);
    await bench.line('- [ ] [tests/test_prices.py]').waitFor();
    await bench.goTo(lineOf('- [x] [shop/report.py]'), 4);
    await bench.page.keyboard.press('Shift+ArrowRight');
    await bench.page.keyboard.type(' ');
    await bench.page.keyboard.press('Control+s');
    await bench.ticked('shop/report.py', false);
  },
  'what is ticked is previewed in the multi-diff editor': async bench => {
    await bench.command('Magray: Preview What Is Ticked');
    await bench.diffOf('shop/prices.py').waitFor();
    await bench.diffOf('shop/cart.py').waitFor();
    await bench.page.locator('.multiDiffEntry', { hasText: 'sum_of_prices' }).first().waitFor();
    if (await bench.diffOf('shop/report.py').count()) throw new Error('a file that was left out is shown');
    await bench.shot('vscode-multi-diff');
  },
  'what is ticked is applied, and nothing else': async bench => {
    await bench.command('Magray: Apply What Is Ticked');
    await bench.notice('partly applied').waitFor();
    const now = tree();
    if (!now['shop/prices.py'].includes('def sum_of_prices')) throw new Error('not applied');
    if (!now['shop/cart.py'].includes('return sum_of_prices')) throw new Error('not applied everywhere');
    for (const name of ['shop/report.py', 'tests/test_prices.py']) {
      if (now[name] !== original[name]) throw new Error(`${name} was left out and yet changed`);
    }
    await bench.planState('partly applied').waitFor();
    if (!document().includes('**Status: partly applied**')) throw new Error('the document does not say so');
    await bench.clearNotices();
  },
  'undo refuses where something was typed since, and says where': async bench => {
    await bench.openFile('shop/cart.py');
    await bench.goTo(1, 1);
    await bench.page.keyboard.type('# typed since\n');
    await bench.line('typed since').waitFor();
    await bench.command('Magray: Undo the Plan');
    await bench.notice('shop/cart.py').waitFor();
    if (!read('shop/prices.py').includes('def sum_of_prices')) throw new Error('it was undone in part');
    await bench.line('typed since').waitFor();
    await bench.command('File: Revert File');
    await bench.line('typed since').waitFor({ state: 'detached' });
    await bench.clearNotices();
  },
  'undo gives every byte back': async bench => {
    await bench.command('Magray: Undo the Plan');
    await bench.notice('is undone').waitFor();
    if (!asBefore()) throw new Error('a file is not as it was');
    await bench.planState('undone').waitFor();
    await bench.clearNotices();
  },
  'the Refactor Preview shows one annotation per step, and applies': async bench => {
    await bench.command('Magray: Plan a Change');
    await bench.answer('rename total_price to price_sum');
    await bench.treeRow('1. Rename function shop.prices.total_price to price_sum').waitFor();
    await bench.treeBox('2. Rename').click();
    await bench.ticked('2. Rename', true);
    await bench.command('Magray: Apply through the Refactor Preview');
    await bench.previewButton('Apply').waitFor();
    await bench.groupByKind().click();
    await bench.command('View: Toggle Maximized Panel'); // rows out of sight are not in the page
    await bench.previewRow('1. Rename function').waitFor();
    await bench.previewRow('2. Rename').waitFor();
    await bench.tickAll();
    await bench.shot('vscode-refactor-preview');
    await bench.previewButton('Apply').click();
    await bench.notice('is applied').waitFor();
    if (!read('shop/cart.py').includes('# price_sum includes')) throw new Error('the words were not changed');
    if (!read('shop/report.py').includes('prices.price_sum(items)')) throw new Error('not applied everywhere');
    await bench.command('Magray: Undo the Plan');
    await bench.notice('is undone').waitFor();
    if (!asBefore()) throw new Error('a file is not as it was');
    await bench.clearNotices();
  },
  'the menu at a symbol offers refactorings, and says why one is not possible': async bench => {
    await bench.openFile('shop/prices.py');
    await bench.goTo(4, 6);
    await bench.menu('Control+.', bench.action('Move function total_price'));
    await bench.action('Rename total_price').click();
    await bench.goalInput().waitFor();
    await until('the goal is begun', async () => await bench.quickInput().inputValue() === 'rename total_price to ');
    await bench.page.keyboard.press('Escape');
    await bench.goTo(6, 7);
    await bench.menu('Control+Shift+r', bench.showDisabled());
    await bench.showDisabled().click();
    await bench.disabledAction('Rename return… – return is a keyword').waitFor();
    await bench.page.keyboard.press('Escape');
  },
  'a goal that is not understood says what would be': async bench => {
    await bench.command('Magray: Plan a Change');
    await bench.answer('make it nicer');
    await bench.notice('rename total_price to new_name').waitFor();
    await bench.button('Try Again').click();
    await bench.goalInput().waitFor();
    await bench.page.keyboard.press('Escape');
  },
};

await play(scenes);
