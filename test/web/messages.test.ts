import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const SOURCE = path.resolve('web/src');

/** Names of all messages, as they are used: `library.sorts.best`. A catalogue is plain TypeScript, one message a name. */
async function messagesOf(language: string): Promise<string[]> {
  const text = await readFile(path.join(SOURCE, 'messages', `${language}.ts`), 'utf8');
  const body = text.slice(text.indexOf('= {', text.indexOf('export const')) + 3);
  const names: string[] = [];
  const way: string[] = [];
  // Texts are taken out first, so that what looks like a name inside of one is none.
  const bare = body.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");
  for (const [token, name, open] of bare.matchAll(/(\w+):\s*(\{)?|\}/g)) {
    if (token === '}') way.pop();
    else if (open) way.push(name as string);
    else if (/^[a-z]|^[A-Z_]+$/.test(name as string) && !['number', 'string'].includes(name as string))
      names.push([...way, name].join('.'));
  }
  return names.filter((name) => !/\((?:[^)]*)$/.test(name)).sort();
}

describe('the messages of the Studio', () => {
  it('are all used, or belong to a table that is looked up by a name of the API', async () => {
    const files = (await readdir(SOURCE, { recursive: true })).filter(
      (name) => /\.tsx?$/.test(name) && !name.startsWith('messages/e') && !name.startsWith('messages/d'),
    );
    const code = (await Promise.all(files.map((name) => readFile(path.join(SOURCE, name), 'utf8')))).join('\n');
    const names = await messagesOf('en');
    expect(names.length).toBeGreaterThan(150);
    const used = (name: string) => {
      const parts = name.split('.');
      return parts.some((_, depth) => {
        const place = parts.slice(0, parts.length - depth).join('.');
        const whole = new RegExp(`\\bm\\.${place.replaceAll('.', '\\.')}(?![\\w.])`).test(code);
        // A table by its index, never a whole screen.
        return depth === 0
          ? whole
          : whole &&
              (parts.length - depth > 1 || /^[A-Z_]+$|^[a-z]+$/.test(parts.at(-1) as string)) &&
              new RegExp(`\\bm\\.${place}(\\[|\\b(?!\\.))`).test(code);
      });
    };
    expect(names.filter((name) => !used(name) && !/^count$|^value$|^name$|^label$/.test(name.split('.').at(-1) as string))).toEqual([]);
  });

  it('say something in every language, each in its own words', async () => {
    const english = await messagesOf('en');
    for (const language of ['de']) {
      const text = await readFile(path.join(SOURCE, 'messages', `${language}.ts`), 'utf8');
      expect(text).not.toMatch(/: ''/);
      const own = new Set(await messagesOf(language));
      // Parameters of English sentences carry types and look like names; what is missing is refused by the compiler as well.
      expect(
        english.filter(
          (name) =>
            name.includes('.') &&
            !own.has(name) &&
            !/\.(count|name|role|done|total|label|query|when|text|field|date|number|title|width|height|format|added|here|problems|share|verdict|rule|tag|value)$/.test(
              name,
            ),
        ),
      ).toEqual([]);
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
