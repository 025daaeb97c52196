import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkArchitecture, readImports } from './support/architecture-rules.js';

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
  const sqlTag = "import { sql } from '../database/sql.js';";

  it.each<[string, Record<string, string>, string, string]>([
    [
      'the ONNX runtime outside its session',
      { 'embedding/other.ts': "import * as ort from 'onnxruntime-node';" },
      'embedding/other.ts',
      'one owner',
    ],
    ['sharp outside media', { 'samples/draw.ts': "import sharp from 'sharp';" }, 'samples/draw.ts', 'one owner'],
    ['types of sharp outside media', { 'samples/draw.ts': "import type { Sharp } from 'sharp';" }, 'samples/draw.ts', 'one owner'],
    [
      'sharp loaded by require',
      { 'samples/draw.ts': "const sharp = createRequire(import.meta.url)('x'); require('sharp');" },
      'samples/draw.ts',
      'one owner',
    ],
    ['sharp imported late', { 'samples/draw.ts': "const { default: sharp } = await import('sharp');" }, 'samples/draw.ts', 'one owner'],
    ['pg in a job', { 'jobs/job-queue.ts': "import pg from 'pg';" }, 'jobs/job-queue.ts', 'one owner'],
    [
      'Prisma in a service',
      { 'tags/tag.service.ts': "import { PrismaPg } from '@prisma/adapter-pg';" },
      'tags/tag.service.ts',
      'one owner',
    ],
    [
      'the Prisma client in queries',
      { 'tags/tag.queries.ts': "import { Prisma } from '../database/prisma-client/client.js';" },
      'tags/tag.queries.ts',
      'one owner',
    ],
    ['the queue outside jobs', { 'imports/plan.job.ts': "import PgBoss from 'pg-boss';" }, 'imports/plan.job.ts', 'one owner'],
    ['Apollo in a room', { 'tags/tag.resolver.ts': "import { ApolloServer } from '@apollo/server';" }, 'tags/tag.resolver.ts', 'one owner'],
    ['the environment', { 'files/store.ts': 'const folder = process.env.HOME;' }, 'files/store.ts', 'one owner'],
    ['the environment, taken apart', { 'files/store.ts': 'const { env } = process;' }, 'files/store.ts', 'one owner'],
    ['config that knows a room', { 'config.ts': "import { x } from './media/x.js';" }, 'config.ts', 'foundations'],
    [
      'a resolver with queries',
      { 'tags/tag.resolver.ts': "import { listTags } from './tag.queries.js';" },
      'tags/tag.resolver.ts',
      'layers',
    ],
    [
      'a resolver with a handle',
      { 'tags/tag.resolver.ts': "import type { Database } from '../database/database.js';" },
      'tags/tag.resolver.ts',
      'layers',
    ],
    [
      "a resolver with another room's service",
      { 'a/a.resolver.ts': "import type { BService } from '../b/b.service.js';" },
      'a/a.resolver.ts',
      'layers',
    ],
    [
      "a service with another room's queries",
      { 'a/a.service.ts': "import { find } from '../b/b.queries.js';" },
      'a/a.service.ts',
      'layers',
    ],
    ['queries with a service', { 'a/a.queries.ts': "import { AService } from './a.service.js';" }, 'a/a.queries.ts', 'layers'],
    ['types with a service', { 'a/a.types.ts': "import { AService } from './a.service.js';" }, 'a/a.types.ts', 'layers'],
    [
      'a service that opens databases',
      { 'a/a.service.ts': "import { openDatabase } from '../database/open-database.js';" },
      'a/a.service.ts',
      'layers',
    ],
    ['a room that knows resolvers', { 'a/a.service.ts': "import { AResolver } from './a.resolver.js';" }, 'a/a.service.ts', 'layers'],
    ['a database that knows a room', { 'database/x.ts': "import { y } from '../tags/label.js';" }, 'database/x.ts', 'layers'],
    ['SQL in a service', { 'a/a.service.ts': sqlTag }, 'a/a.service.ts', 'SQL in its place'],
    [
      'SQL in a rule-like folder elsewhere',
      { 'a/rules/x.ts': "import { type Sql, sql } from '../../database/sql.js';" },
      'a/rules/x.ts',
      'SQL in its place',
    ],
    ['a job as owner of the database', { 'a/a.job.ts': 'await database.asOwner(`DELETE FROM asset`);' }, 'a/a.job.ts', 'tenancy'],
    ['a grab bag', { 'tags/utils.ts': '' }, 'tags/utils.ts', 'no grab bags'],
    ['a folder of grab bags', { 'common/tag-name.ts': '' }, 'common/tag-name.ts', 'no grab bags'],
    ['a barrel', { 'tags/tag-room.ts': "export { TagService } from './tag.service.js';" }, 'tags/tag-room.ts', 'no barrels'],
    ['a barrel of everything', { 'tags/tag-room.ts': "export * from './tag.service.js';" }, 'tags/tag-room.ts', 'no barrels'],
    ['camel case', { 'tags/tagName.ts': '' }, 'tags/tagName.ts', 'names'],
    ['an unknown role', { 'tags/tag.manager.ts': '' }, 'tags/tag.manager.ts', 'names'],
    ['a container', { 'app.ts': "import { Container } from 'typedi';" }, 'app.ts', 'no DI framework'],
    ['a package that nobody installed', { 'a/a.service.ts': "import _ from 'lodash';" }, 'a/a.service.ts', 'known packages'],
    ['a built-in without its prefix', { 'a/a.service.ts': "import fs from 'fs';" }, 'a/a.service.ts', 'known packages'],
  ])('report %s', (_, files, file, rule) => {
    const found = checkArchitecture(new Map(Object.entries(files)), PACKAGES);
    expect(found.map((violation) => [violation.file, violation.rule])).toContainEqual([file, rule]);
  });

  it('report a cycle once, with its way round', () => {
    const files = new Map([
      ['a/one.ts', "import { two } from './two.js';"],
      ['a/two.ts', lines("import type { Three } from '../b/three.js';", "import { four } from '../b/four.js';")],
      ['b/three.ts', lines('import {', '  one,', "} from '../a/one.js';")],
      ['b/four.ts', ''],
    ]);
    expect(checkArchitecture(files, PACKAGES)).toEqual([
      { file: 'a/one.ts', rule: 'no cycles', detail: 'a/one.ts > a/two.ts > b/three.ts > a/one.ts' },
    ]);
  });

  it('allow what the design allows', () => {
    const files = new Map([
      ['embedding/onnx-session.ts', lines("import * as ort from 'onnxruntime-node';", "require('onnxruntime-node/package.json');")],
      ['media/decode.ts', "import sharp from 'sharp';"],
      ['jobs/job-queue.ts', lines("import PgBoss from 'pg-boss';", "import type pg from 'pg';", 'database.asOwner(text, values);')],
      ['config.ts', lines("import { VitrineError } from './errors.js';", 'read(process.env);')],
      ['errors.ts', '// process.env is read in config.ts'],
      [
        'a/a.resolver.ts',
        lines(
          "import type { AService } from './a.service.js';",
          "import { B } from '../b/b.types.js';",
          "import { Ctx } from 'type-graphql';",
        ),
      ],
      [
        'a/a.service.ts',
        lines(
          "import { find } from './a.queries.js';",
          "import type { BService } from '../b/b.service.js';",
          "import type { Row } from '../b/b.queries.js';",
          "import type { Database } from '../database/database.js';",
        ),
      ],
      ['a/a.queries.ts', lines(sqlTag, "import type { Page } from './a.types.js';")],
      ['compliance/rules/palette.ts', "import { type Sql, sql } from '../../database/sql.js';"],
      ['app.ts', lines("import { openDatabase } from './database/open-database.js';", "import { AResolver } from './a/a.resolver.js';")],
    ]);
    expect(checkArchitecture(files, PACKAGES)).toEqual([]);
  });
});
