import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const SOURCE = path.resolve('web/src');

type Messages = { [name: string]: string | ((...args: never[]) => string) | Messages };

async function catalogue(language: string): Promise<Messages> {
  const file = (await import(path.join(SOURCE, 'messages', `${language}.ts`))) as Record<string, Messages>;
  return file[language] as Messages;
}

/** Ways to every message: `library.sorts.newest`. */
const waysOf = (messages: Messages, before = ''): string[] =>
  Object.entries(messages).flatMap(([name, message]) =>
    typeof message === 'object' ? waysOf(message, `${before}${name}.`) : [before + name],
  );

describe('the messages of the Studio', () => {
  it('are all used: by their name, or in a table that is looked up by a name of the API', async () => {
    const names = (await readdir(SOURCE, { recursive: true })).filter((name) => /\.tsx?$/.test(name) && !/^messages\/..\.ts$/.test(name));
    const code = (await Promise.all(names.map((name) => readFile(path.join(SOURCE, name), 'utf8')))).join('\n');
    const ways = waysOf(await catalogue('en'));
    expect(ways.length).toBeGreaterThan(150);
    const isUsed = (way: string) => {
      const named = new RegExp(`\\bm\\.${way.replaceAll('.', '\\.')}\\b`).test(code);
      const table = way.split('.').slice(0, -1).join('\\.');
      return named || new RegExp(`\\bm\\.${table}(?:\\[|[ ,)]| as )`).test(code);
    };
    expect(ways.filter((way) => !isUsed(way))).toEqual([]);
  });

  it('are the same in every language, and none is empty', async () => {
    const languages = (await readdir(path.join(SOURCE, 'messages')))
      .filter((name) => /^..\.ts$/.test(name))
      .map((name) => name.slice(0, 2));
    expect(languages).toContain('de');
    const english = waysOf(await catalogue('en')).sort();
    for (const language of languages) {
      const messages = await catalogue(language);
      expect([language, waysOf(messages).sort()]).toEqual([language, english]);
      expect(JSON.stringify(messages)).not.toContain('""');
    }
  });
});

describe('the bundle', () => {
  it('sends at most 150 kB of compressed JavaScript for the first screen', async () => {
    const html = await readFile('dist/web/index.html', 'utf8');
    const first = [...html.matchAll(/(?:src|href)="\.\/(static\/[^"]+\.js)"/g)].map(([, name]) => name as string);
    const loaded = new Set(first);
    // What these import at once belongs to them; what is imported late does not.
    for (const name of loaded) {
      const code = await readFile(path.join('dist/web', name), 'utf8');
      for (const [, other] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) loaded.add(`static/${other}`);
    }
    let size = 0;
    for (const name of loaded) size += gzipSync(await readFile(path.join('dist/web', name)), { level: 9 }).length;
    expect(loaded.size).toBeGreaterThan(0);
    expect(size).toBeGreaterThan(50_000);
    expect(size).toBeLessThanOrEqual(150_000);
  });
});
