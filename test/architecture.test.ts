import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkArchitecture, readImports, roomOf } from './support/architecture-rules.js';

const SOURCE = path.resolve('src');
const PACKAGES = new Set([
  'sharp',
  'pg',
  'pg-boss',
  'graphql',
  'type-graphql',
  '@apollo/server',
  'onnxruntime-node',
  '@prisma/adapter-pg',
  'typedi',
]);

async function readSource(): Promise<Map<string, string>> {
  const names = (await readdir(SOURCE, { recursive: true })).map((name) => name.split(path.sep).join('/'));
  const own = names.filter((name) => name.endsWith('.ts') && !name.startsWith('platform/database/prisma-client/')).sort();
  return new Map(await Promise.all(own.map(async (name) => [name, await readFile(path.join(SOURCE, name), 'utf8')] as const)));
}

describe('the architecture', () => {
  it('holds in every source file', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: Record<string, string> };
    const files = await readSource();
    expect(files.size).toBeGreaterThan(100);
    const violations = checkArchitecture(files, new Set(Object.keys(manifest.dependencies)));
    expect(violations.map(({ file, rule, detail }) => `${file}: ${rule}: ${detail}`).sort()).toEqual([]);
  });

  it('is drawn in docs/architecture.md: every room once, and none that is not there', async () => {
    const drawn = [...(await readFile('docs/architecture.md', 'utf8')).matchAll(/^\| (\w+) \| ((?:`[\w-]+\/`,? ?)+)\|/gm)].flatMap(
      ([, floor, rooms]) => [...(rooms as string).matchAll(/`([\w-]+)\/`/g)].map(([, room]) => `${floor}/${room}`),
    );
    const standing = new Set([...(await readSource()).keys()].filter((file) => file.split('/').length > 2).map(roomOf));
    expect(drawn.sort()).toEqual([...standing].sort());
  });

  it('keeps the front end apart: it speaks GraphQL and knows nothing of the server, which knows nothing of it', async () => {
    const names = (await readdir('web/src', { recursive: true })).filter((name) => /\.tsx?$/.test(name));
    expect(names.length).toBeGreaterThan(15);
    const leaving: string[] = [];
    for (const name of names) {
      for (const [, from] of (await readFile(path.join('web/src', name), 'utf8')).matchAll(/(?:from|import\()\s*'(\.[^']*)'/g)) {
        if (path.relative('web/src', path.join('web/src', path.dirname(name), from as string)).startsWith('..'))
          leaving.push(`${name}: ${from}`);
      }
    }
    for (const [file, text] of await readSource()) if (/from '[./]*web\//.test(text)) leaving.push(file);
    expect(leaving).toEqual([]);
  });

  it('has no import that the reader of import lines misses', async () => {
    for (const [file, text] of await readSource()) {
      // Counted the crude way: every `from '…'` at the end of a line, in code.
      const crude = text.split('\n').filter((line) => /^(import\b.*|export\b.*|\}) from '[^']+';$/.test(line)).length;
      const sideEffects = text.split('\n').filter((line) => /^import '[^']+';$/.test(line)).length;
      const dynamic = [...text.matchAll(/[^f] import\('/g)].length;
      expect(`${file} ${readImports(file, text).length}`).toBe(`${file} ${crude + sideEffects + dynamic}`);
    }
  });
});

describe('the rules', () => {
  const lines = (...imports: string[]) => imports.join('\n');
  const sqlTag = "import { sql } from '../../platform/database/sql.js';";

  it.each<[string, Record<string, string>, string, string]>([
    [
      'the ONNX runtime outside its session',
      { 'engines/embedding/other.ts': "import * as ort from 'onnxruntime-node';" },
      'engines/embedding/other.ts',
      'one owner',
    ],
    ['sharp outside media', { 'program/samples/draw.ts': "import sharp from 'sharp';" }, 'program/samples/draw.ts', 'one owner'],
    [
      'types of sharp outside media',
      { 'program/samples/draw.ts': "import type { Sharp } from 'sharp';" },
      'program/samples/draw.ts',
      'one owner',
    ],
    [
      'sharp loaded by require',
      { 'program/samples/draw.ts': "const sharp = createRequire(import.meta.url)('x'); require('sharp');" },
      'program/samples/draw.ts',
      'one owner',
    ],
    [
      'sharp imported late',
      { 'program/samples/draw.ts': "const { default: sharp } = await import('sharp');" },
      'program/samples/draw.ts',
      'one owner',
    ],
    ['pg in a job', { 'platform/jobs/job-queue.ts': "import pg from 'pg';" }, 'platform/jobs/job-queue.ts', 'one owner'],
    [
      'Prisma in a service',
      { 'library/tags/tag.service.ts': "import { PrismaPg } from '@prisma/adapter-pg';" },
      'library/tags/tag.service.ts',
      'one owner',
    ],
    [
      'the Prisma client in queries',
      { 'library/tags/tag.queries.ts': "import { Prisma } from '../../platform/database/prisma-client/client.js';" },
      'library/tags/tag.queries.ts',
      'one owner',
    ],
    [
      'the queue outside jobs',
      { 'exchange/imports/plan.job.ts': "import PgBoss from 'pg-boss';" },
      'exchange/imports/plan.job.ts',
      'one owner',
    ],
    [
      'Apollo in a room',
      { 'library/tags/tag.resolver.ts': "import { ApolloServer } from '@apollo/server';" },
      'library/tags/tag.resolver.ts',
      'one owner',
    ],
    ['the environment', { 'platform/files/store.ts': 'const folder = process.env.HOME;' }, 'platform/files/store.ts', 'one owner'],
    ['the environment, taken apart', { 'platform/files/store.ts': 'const { env } = process;' }, 'platform/files/store.ts', 'one owner'],
    ['config that knows a room', { 'config.ts': "import { x } from './engines/media/x.js';" }, 'config.ts', 'floors'],
    [
      'a resolver with queries',
      { 'library/tags/tag.resolver.ts': "import { listTags } from './tag.queries.js';" },
      'library/tags/tag.resolver.ts',
      'layers',
    ],
    [
      'a resolver with a handle',
      { 'library/tags/tag.resolver.ts': "import type { Database } from '../../platform/database/database.js';" },
      'library/tags/tag.resolver.ts',
      'layers',
    ],
    [
      "a resolver with another room's service",
      { 'library/a/a.resolver.ts': "import type { BService } from '../b/b.service.js';" },
      'library/a/a.resolver.ts',
      'layers',
    ],
    [
      "a service with another room's queries",
      { 'library/a/a.service.ts': "import { find } from '../b/b.queries.js';" },
      'library/a/a.service.ts',
      'layers',
    ],
    [
      'queries with a service',
      { 'library/a/a.queries.ts': "import { AService } from './a.service.js';" },
      'library/a/a.queries.ts',
      'layers',
    ],
    ['types with a service', { 'library/a/a.types.ts': "import { AService } from './a.service.js';" }, 'library/a/a.types.ts', 'layers'],
    [
      'a service that opens databases',
      { 'library/a/a.service.ts': "import { openDatabase } from '../../platform/database/open-database.js';" },
      'library/a/a.service.ts',
      'layers',
    ],
    [
      'a room that knows resolvers',
      { 'library/a/a.service.ts': "import { AResolver } from './a.resolver.js';" },
      'library/a/a.service.ts',
      'layers',
    ],
    [
      'a database that knows a room',
      { 'platform/database/x.ts': "import { y } from '../../library/tags/label.js';" },
      'platform/database/x.ts',
      'floors',
    ],
    ['SQL in a service', { 'library/a/a.service.ts': sqlTag }, 'library/a/a.service.ts', 'SQL in its place'],
    [
      'SQL in a rule-like folder elsewhere',
      { 'library/a/rules/x.ts': "import { type Sql, sql } from '../../../platform/database/sql.js';" },
      'library/a/rules/x.ts',
      'SQL in its place',
    ],
    [
      'a job as owner of the database',
      { 'library/a/a.job.ts': 'await database.asOwner(`DELETE FROM asset`);' },
      'library/a/a.job.ts',
      'tenancy',
    ],
    [
      'a floor that knows the one above it',
      { 'library/tags/x.ts': "import { y } from '../../finding/search/plan.js';" },
      'library/tags/x.ts',
      'floors',
    ],
    ['a command that knows the start', { 'program/cli/x.ts': "import { y } from '../../main.js';" }, 'program/cli/x.ts', 'floors'],
    ['a folder beside the house', { 'app.ts': "import { y } from './extras/y.js';" }, 'app.ts', 'floors'],
    ['a grab bag', { 'library/tags/utils.ts': '' }, 'library/tags/utils.ts', 'no grab bags'],
    ['a folder of grab bags', { 'common/tag-name.ts': '' }, 'common/tag-name.ts', 'no grab bags'],
    [
      'a barrel',
      { 'library/tags/tag-room.ts': "export { TagService } from './tag.service.js';" },
      'library/tags/tag-room.ts',
      'no barrels',
    ],
    [
      'a barrel of everything',
      { 'library/tags/tag-room.ts': "export * from './tag.service.js';" },
      'library/tags/tag-room.ts',
      'no barrels',
    ],
    ['camel case', { 'library/tags/tagName.ts': '' }, 'library/tags/tagName.ts', 'names'],
    ['an unknown role', { 'library/tags/tag.manager.ts': '' }, 'library/tags/tag.manager.ts', 'names'],
    ['a container', { 'app.ts': "import { Container } from 'typedi';" }, 'app.ts', 'no DI framework'],
    [
      'a package that nobody installed',
      { 'library/a/a.service.ts': "import _ from 'lodash';" },
      'library/a/a.service.ts',
      'known packages',
    ],
    ['a built-in without its prefix', { 'library/a/a.service.ts': "import fs from 'fs';" }, 'library/a/a.service.ts', 'known packages'],
  ])('report %s', (_, files, file, rule) => {
    const found = checkArchitecture(new Map(Object.entries(files)), PACKAGES);
    expect(found.map((violation) => [violation.file, violation.rule])).toContainEqual([file, rule]);
  });

  it('report a cycle once, with its way round', () => {
    const files = new Map([
      ['library/a/one.ts', "import { two } from './two.js';"],
      ['library/a/two.ts', lines("import type { Three } from '../b/three.js';", "import { four } from '../b/four.js';")],
      ['library/b/three.ts', lines('import {', '  one,', "} from '../a/one.js';")],
      ['library/b/four.ts', ''],
    ]);
    expect(checkArchitecture(files, PACKAGES)).toEqual([
      {
        file: 'library/a/one.ts',
        rule: 'no cycles',
        detail: 'library/a/one.ts > library/a/two.ts > library/b/three.ts > library/a/one.ts',
      },
      { file: 'library/a', rule: 'no circle of rooms', detail: 'library/a > library/b > library/a' },
    ]);
  });

  it('report a circle of rooms in which no file stands twice', () => {
    const files = new Map([
      ['library/a/one.ts', "import { four } from '../b/four.js';"],
      ['library/a/two.ts', ''],
      ['library/b/three.ts', "import { two } from '../a/two.js';"],
      ['library/b/four.ts', ''],
    ]);
    expect(checkArchitecture(files, PACKAGES)).toEqual([
      { file: 'library/a', rule: 'no circle of rooms', detail: 'library/a > library/b > library/a' },
    ]);
  });

  it('allow what the design allows', () => {
    const files = new Map([
      ['engines/embedding/onnx-session.ts', lines("import * as ort from 'onnxruntime-node';", "require('onnxruntime-node/package.json');")],
      ['engines/media/decode.ts', "import sharp from 'sharp';"],
      [
        'platform/jobs/job-queue.ts',
        lines("import PgBoss from 'pg-boss';", "import type pg from 'pg';", 'database.asOwner(text, values);'),
      ],
      ['config.ts', lines("import { VitrineError } from './errors.js';", 'read(process.env);')],
      ['errors.ts', '// process.env is read in config.ts'],
      [
        'library/a/a.resolver.ts',
        lines(
          "import type { AService } from './a.service.js';",
          "import { B } from '../b/b.types.js';",
          "import { Ctx } from 'type-graphql';",
        ),
      ],
      [
        'library/a/a.service.ts',
        lines(
          "import { find } from './a.queries.js';",
          "import type { BService } from '../b/b.service.js';",
          "import type { Row } from '../b/b.queries.js';",
          "import type { Database } from '../../platform/database/database.js';",
        ),
      ],
      ['library/a/a.queries.ts', lines(sqlTag, "import type { Page } from './a.types.js';")],
      ['judging/rules/palette.ts', "import { type Sql, sql } from '../../platform/database/sql.js';"],
      [
        'app.ts',
        lines(
          "import { openDatabase } from './platform/database/open-database.js';",
          "import { AResolver } from './library/a/a.resolver.js';",
        ),
      ],
    ]);
    expect(checkArchitecture(files, PACKAGES)).toEqual([]);
  });
});
