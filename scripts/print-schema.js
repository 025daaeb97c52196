// Writes schema.graphql from the resolvers, and the JSON Schema of guideline files, as `npm run schema`. Tests compare them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../dist/app.js';
import { guidelineFileSchema } from '../dist/judging/guidelines/guideline-document.js';
import { readConfig } from '../dist/config.js';
import { printSchemaSorted } from '../dist/platform/graphql/schema.js';
import { createLogger } from '../dist/log.js';

const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-schema-'));
const app = await createApp(readConfig({ VITRINE_DATA: folder }), createLogger('error'));
await writeFile(path.join(import.meta.dirname, '..', 'schema.graphql'), printSchemaSorted(app.schema));
await writeFile(
  path.join(import.meta.dirname, '..', 'docs', 'guideline.schema.json'),
  `${JSON.stringify(guidelineFileSchema(), null, 2)}\n`,
);
await app.stop();
await rm(folder, { recursive: true, force: true });
