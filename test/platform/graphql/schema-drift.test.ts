import { readFile } from 'node:fs/promises';
import { printSchemaSorted } from '../../../src/platform/graphql/schema.js';
import { openTestApp } from '../../support/test-app.js';

it('schema.graphql is what the program serves (npm run schema writes it)', async () => {
  const test = await openTestApp();
  try {
    expect(printSchemaSorted(test.app.schema)).toBe(await readFile('schema.graphql', 'utf8'));
  } finally {
    await test.close();
  }
});
