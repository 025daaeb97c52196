import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { printSchemaSorted } from '../src/platform/graphql/schema.js';
import { declareJob, JobBook } from '../src/platform/jobs/job-declaration.js';
import { buildSchema } from '../src/schema.js';
import { declaredJobs, NOTHING, roomsAlone } from './support/rooms-alone.js';

it('make the schema as committed, without a database', async () => {
  expect(printSchemaSorted(buildSchema(roomsAlone))).toBe(await readFile('schema.graphql', 'utf8'));
});

it('are one of each kind: a type of node, a topic or a job has one owner', () => {
  const twice = { services: {}, nodes: { Brand: async () => [null] } };
  expect(() => buildSchema([...roomsAlone, twice])).toThrow('Brand belongs to two rooms');
  const again = declareJob({ kind: { name: 'import-batch', retryLimit: 1, expireInSeconds: 1 }, handler: () => ({}) as never });
  expect(() => new JobBook([...declaredJobs, again], NOTHING.database, NOTHING.queue)).toThrow('the job import-batch is declared twice');
});

it('declare every kind of job that is written down anywhere in src', async () => {
  const names = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(names.map((name) => readFile(path.join('src', name), 'utf8')));
  const written = texts.flatMap((text) => [...text.matchAll(/: JobKind<[^=]*> = \{\s*name: '([^']+)'/g)].map(([, name]) => name as string));
  expect(written.length).toBeGreaterThan(20);
  expect(declaredJobs.map(({ kind }) => kind.name).sort()).toEqual(written.sort());
});
