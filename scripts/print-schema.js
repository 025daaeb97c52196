// Writes schema.graphql from the resolvers, and the JSON Schema of guideline files, as `npm run schema`. Tests compare them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../dist/config.js';
import { guidelineFileSchema } from '../dist/judging/guidelines/guideline-document.js';
import { printSchemaSorted } from '../dist/platform/graphql/schema.js';
import { makeRooms } from '../dist/rooms.js';
import { buildSchema } from '../dist/schema.js';

// Rooms open nothing while they are made, so the world outside may be missing.
const ground = { config: readConfig({}), files: {}, embedding: {}, media: {}, database: {}, queue: {} };
const write = (text, ...place) => writeFile(path.join(import.meta.dirname, '..', ...place), text);
await write(printSchemaSorted(buildSchema(makeRooms(ground))), 'schema.graphql');
await write(`${JSON.stringify(guidelineFileSchema(), null, 2)}\n`, 'docs', 'guideline.schema.json');
