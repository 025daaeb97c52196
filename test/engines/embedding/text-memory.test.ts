import type { Embedder } from '../../../src/engines/embedding/embedder.js';
import { EmbedderPool } from '../../../src/engines/embedding/embedder-pool.js';
import { EmbeddingService } from '../../../src/engines/embedding/embedding.service.js';
import { sql } from '../../../src/platform/database/sql.js';
import { insertOrganization } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let owner: string;
let other: string;
beforeAll(async () => {
  test = await openTestDatabase();
  owner = await insertOrganization(test.database, 'owner');
  other = await insertOrganization(test.database, 'other');
});
afterAll(() => test?.close());

/** A process with an empty memory; `asked` is what its model was asked. */
async function start(): Promise<{ embedding: EmbeddingService; asked: string[] }> {
  const asked: string[] = [];
  const info = {
    modelId: 'hand-made',
    revision: 'text-memory',
    dimensions: 3,
    modelType: 'clip',
    logitScale: 10,
    logitBias: null,
    precision: 'fp32',
    folder: '',
  };
  const embedder = {
    info,
    embedTexts: async (texts: string[]) => {
      asked.push(...texts);
      return texts.map((text) => ({ vector: Float32Array.of(0.6, 0.8, 0), tokenCount: text.length, truncated: text.length > 20 }));
    },
  } as unknown as Embedder;
  return { embedding: await EmbeddingService.create(test.database, EmbedderPool.of(embedder)), asked };
}

const rows = (organizationId: string) =>
  test.database.asOrganization(organizationId, (tx) =>
    tx.query<{ text: string; purpose: string }>(sql`SELECT text, purpose FROM text_embedding ORDER BY text`),
  );

describe('vectors of queries', () => {
  it('are made once, in whatever spelling, and are the caller’s own', async () => {
    const { embedding, asked } = await start();
    const model = await embedding.modelOf(owner);
    const first = await model.embedQuery('a red car');
    first.vector.fill(0);
    expect([...(await model.embedQuery('a  red\ncar ')).vector]).toEqual([...Float32Array.of(0.6, 0.8, 0)]);
    expect(asked).toEqual(['a red car']);
    await expect(model.embedQuery(' \0 ')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await embedding.close();
  });

  it('outlive the process, with what was said about them, and only for their organisation', async () => {
    const before = await start();
    await (await before.embedding.modelOf(owner)).embedQuery('a text that is longer than the model reads');
    await before.embedding.close();
    const { embedding, asked } = await start();
    const again = await (await embedding.modelOf(owner)).embedQuery('a text that is longer than the model reads');
    expect(again.truncated).toBe(true);
    expect(again.vector[0]).toBeCloseTo(0.6, 3);
    expect(asked).toEqual([]);
    await embedding.close();
    const elsewhere = await start();
    await (await elsewhere.embedding.modelOf(other)).embedQuery('a text that is longer than the model reads');
    expect(elsewhere.asked).toHaveLength(1);
    await elsewhere.embedding.close();
    expect((await rows(owner)).map((row) => row.text)).toEqual(['a red car', 'a text that is longer than the model reads']);
    expect(await rows(other)).toHaveLength(1);
  });

  it('stay for good once a rule needs them, and otherwise go after 90 days without a question', async () => {
    const { embedding } = await start();
    await embedding.ensureTextVectors(owner, ['a red car']);
    await test.database.asOrganization(owner, (tx) => tx.execute(sql`UPDATE text_embedding SET used_at = now() - interval '91 days'`));
    await embedding.tidy(owner);
    expect(await rows(owner)).toEqual([{ text: 'a red car', purpose: 'PROMPT' }]);
    await embedding.close();
  });

  it('are not kept where the text is longer than the column', async () => {
    const { embedding, asked } = await start();
    const long = 'word '.repeat(150);
    await (await embedding.modelOf(owner)).embedQuery(long);
    await (await embedding.modelOf(owner)).embedQuery(long);
    expect(asked).toHaveLength(1);
    await embedding.close();
    expect((await rows(owner)).map((row) => row.text)).toEqual(['a red car']);
  });
});
