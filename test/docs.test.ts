import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { RuleKind } from '../src/vocabulary/compliance.js';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const texts = new Map(await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const)));

it('name only files and folders that are there', () => {
  const missing = [...texts].flatMap(([page, text]) => {
    const named = [...text.matchAll(/`((?:src|test|bench|scripts|prisma|models|docs)\/[\w./-]+?)\/?`/g)].map(([, name]) => name as string);
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, name]) => path.join(path.dirname(page), name as string));
    return [...named, ...linked].filter((name) => !existsSync(name)).map((name) => `${page}: ${name}`);
  });
  expect(missing).toEqual([]);
});

it('name only scripts that package.json has, and benches that are there', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const wrong = [...texts].flatMap(([page, text]) => [
    ...[...text.matchAll(/npm run ([\w:-]+)/g)].filter(([, name]) => !((name as string) in scripts)).map(([all]) => `${page}: ${all}`),
    ...[...text.matchAll(/npm run bench ([a-z-]+)/g)]
      .filter(([, name]) => !existsSync(`bench/${name}.js`))
      .map(([all]) => `${page}: ${all}`),
  ]);
  expect(wrong).toEqual([]);
});

it('count the kinds of rules as they are', () => {
  expect(/rules of \[(\d+) kinds\]/.exec(texts.get('README.md') as string)?.[1]).toBe(String(Object.keys(RuleKind).length));
});

it('name each kind of rule once in the table of docs/rules.md, and no other', () => {
  const table = (texts.get('docs/rules.md') as string).split('\n## ')[0] as string;
  const cells = [...table.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell as string);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, kind]) => kind as string));
  expect(named.sort()).toEqual(Object.keys(RuleKind).sort());
});
