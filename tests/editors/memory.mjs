// Drives VS Code through the memory view on a real project: search, filters, notes, todos, the graph, forgetting.
import fs from 'node:fs';
import path from 'node:path';
import { play, read, workspace } from './bench.mjs';

const QUESTION = 'where are command line options parsed';
const memory = () => fs.readdirSync(path.join(workspace, '.magray/memory')).filter(name => name.startsWith('memory.db')).map(name => read(`.magray/memory/${name}`)).join('');

const scenes = {
  'searching while typing names places, kinds and reasons': async bench => {
    await bench.open();
    await bench.trust();
    await bench.command('Magray: Search Memory');
    await bench.quickTitle('Search Memory').waitFor();
    await bench.quickInput().fill(QUESTION);
    await bench.quickRow('src/click/parser.py').waitFor();
    await bench.quickAction('Why It Is Number 1').waitFor({ state: 'attached' });
    await bench.photo('vscode-memory-search');
    await bench.page.keyboard.press('Enter');
    await bench.tab('parser.py').waitFor();
  },
  'the rest stands in the view, by file, and says why': async bench => {
    await bench.command('Magray: Focus on Memory View');
    await bench.rows(`“${QUESTION}”`).waitFor();
    await bench.tooltip(bench.rows('_OptionParser.parse_args').first(), 'Why it is number 1');
    await bench.page.mouse.move(5, 5);
  },
  'a note and a todo are taken at the cursor': async bench => {
    await bench.openFile('src/click/parser.py');
    await bench.goTo(224, 8);
    await bench.command('Magray: Add a Note Here');
    await bench.answer('kept only for old subclasses, goes away with 9.0', 'Add a Note');
    await bench.rows('kept only for old subclasses').waitFor();
    await bench.goTo(298, 8);
    await bench.contextMenu(bench.word('def parse_args', 'parse_args'), 'Add a Todo Here');
    await bench.answer('cover interspersed arguments with a test', 'Add a Todo');
    await bench.rows('cover interspersed arguments').filter({ hasText: 'src/click/parser.py:298' }).waitFor();
  },
  'filters stand as pills, narrow what is found, and go away': async bench => {
    await bench.command('Magray: Filter Memory');
    await bench.quickTitle('Filter Memory').waitFor();
    await bench.quickInput().fill('docs/');
    await bench.quickRow('docs/').click();
    await bench.pill('docs/').waitFor();
    await bench.rows('parser.py').waitFor({ state: 'detached' });
    await bench.rows('options.md').first().waitFor();
    await bench.press(bench.pill('docs/'), 'Remove a Filter');
    await bench.rows('_OptionParser.parse_args').first().waitFor();
    await bench.contextMenu(bench.rows('_OptionParser.parse_args').first(), 'Search Memory Only in This Folder');
    await bench.quickTitle('only src/click/').waitFor();
    await bench.quickRow('src/click/parser.py').waitFor();
    await bench.page.keyboard.press('Escape');
    await bench.pill('src/click/').waitFor();
    await bench.shot('vscode-memory');
  },
  'what is around the cursor is drawn, and a node opens its file': async bench => {
    await bench.openFile('src/click/parser.py');
    await bench.goTo(224, 8);
    await bench.command('Magray: Show What Is Around This');
    const node = bench.webview('g.node[data-path="src/click/core.py"]').first();
    await node.waitFor();
    await bench.photo('vscode-memory-graph');
    await node.click();
    await bench.tab('core.py').waitFor();
  },
  'embedding is paused and resumed': async bench => {
    await bench.command('Magray: Pause Embedding');
    await bench.planState('embedding is paused').waitFor();
    await bench.command('Magray: Resume Embedding');
    await bench.planState('embedding is paused').waitFor({ state: 'detached' });
  },
  'a todo is done, a note is forgotten, and nothing of it is left': async bench => {
    await bench.command('Magray: Clear the Search and Its Filters');
    await bench.rows(QUESTION).waitFor({ state: 'detached' });
    await bench.press(bench.rows('cover interspersed arguments'), 'Mark a Todo as Done');
    await bench.rows('cover interspersed arguments').waitFor({ state: 'detached' });
    if (!memory().includes('kept only for old subclasses')) throw new Error('the note is not where it is looked for');
    await bench.contextMenu(bench.rows('kept only for old subclasses'), 'Forget');
    await bench.dialogButton('Forget').click();
    await bench.notice('nothing of it is left').waitFor();
    await bench.rows('kept only for old subclasses').waitFor({ state: 'detached' });
    if (memory().includes('kept only for old subclasses')) throw new Error('some of it is left');
  },
};

await play(scenes);
