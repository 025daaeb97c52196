// Writes schema.graphql from the resolvers, as `npm run schema`. A test compares the two.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../dist/app.js';
import { readConfig } from '../dist/config.js';
import { printSchemaSorted } from '../dist/graphql/schema.js';
import { createLogger } from '../dist/log.js';

const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-schema-'));
const app = await createApp(readConfig({ VITRINE_DATA: folder }), createLogger('error'));
await writeFile(path.join(import.meta.dirname, '..', 'schema.graphql'), printSchemaSorted(app.schema));
await app.stop();
await rm(folder, { recursive: true, force: true });
