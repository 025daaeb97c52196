import 'reflect-metadata';
import { jest } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import { SigningKeys } from '../../../src/platform/http/signing-keys.js';
import { recordingLog } from '../../support/recording-log.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(60_000);

let test: TestDatabase;
let folders: string[];
const opened: SigningKeys[] = [];
beforeAll(async () => {
  test = await openTestDatabase();
  folders = await Promise.all([0, 1].map(() => mkdtemp(path.join(tmpdir(), 'vitrine-keys-'))));
});
beforeEach(() => test.database.asOwner('TRUNCATE signing_key'));
afterEach(() => Promise.all(opened.splice(0).map((keys) => keys.close())));
afterAll(async () => {
  await test.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** As a process of its own, with its own data folder. */
async function startProcess(folder = folders[0] as string, ownSecrets: string[] = []): Promise<SigningKeys> {
  const keys = await SigningKeys.open({ database: test.database, log: recordingLog().log, dataFolder: folder, ownSecrets });
  opened.push(keys);
  return keys;
}

/** As versions before keys had names signed. */
function oldLink(secret: Buffer, payload: object): string {
  const content = Buffer.from(JSON.stringify([Math.floor(Date.now() / 1000) + 600, payload])).toString('base64url');
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

describe('keys of links', () => {
  it('are one for all processes, whoever starts first and however many at once', async () => {
    const processes = await Promise.all(Array.from({ length: 6 }, (_, index) => startProcess(folders[index % 2])));
    expect(await processes[0]!.list()).toHaveLength(1);
    const token = processes[0]!.signer.sign({ file: 'a' }, 60);
    for (const { signer } of processes) expect(await signer.verify(token)).toEqual({ file: 'a' });
  });

  it('are rotated with an overlap: both keys are accepted, the new one signs, other processes follow', async () => {
    const [one, two] = [await startProcess(), await startProcess(folders[1])];
    const before = one.signer.sign({ n: 1 }, 60);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await one.rotate(3600)).map(({ state }) => state)).toEqual(['SIGNS', 'ACCEPTED']);
    const after = one.signer.sign({ n: 2 }, 60);
    expect(after.split('.')[0]).not.toBe(before.split('.')[0]);
    for (const { signer } of [one, two]) expect([await signer.verify(before), await signer.verify(after)]).toEqual([{ n: 1 }, { n: 2 }]);
    // Without one, what was signed before ends at once, also what an earlier overlap would have kept.
    expect((await one.rotate(0)).map(({ state }) => state)).toEqual(['SIGNS', 'RETIRED', 'RETIRED']);
    expect([await one.signer.verify(before), await one.signer.verify(after)]).toEqual([null, null]);
    const rows = await test.database.asSystem((tx) => tx.query(sql`SELECT count(*)::int AS n FROM signing_key WHERE secret IS NOT NULL`));
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('take in the secrets that older versions left in the data folders, and give them up for good at a rotation', async () => {
    const secrets = [randomBytes(32), randomBytes(32)];
    for (const [index, secret] of secrets.entries()) await writeFile(path.join(folders[index] as string, 'signing-secret'), secret);
    const [one, two] = [await startProcess(folders[0]), await startProcess(folders[1])];
    const third = await startProcess(folders[0]);
    const links = secrets.map((secret, index) => oldLink(secret, { index }));
    await one.list();
    for (const { signer } of [two, third])
      expect(await Promise.all(links.map((link) => signer.verify(link)))).toEqual([{ index: 0 }, { index: 1 }]);
    // New links have the name of a key that no folder knows.
    expect(one.signer.sign({}, 60).split('.')).toHaveLength(3);
    await two.rotate(0);
    const later = await startProcess(folders[0]);
    expect(await Promise.all(links.map((link) => later.signer.verify(link)))).toEqual([null, null]);
  });

  it('can be brought along: the first signs, all are accepted, and so is what the database has', async () => {
    const [old, fresh] = ['o'.repeat(32), 'n'.repeat(40)];
    const stored = (await startProcess()).signer.sign({ from: 'database' }, 60);
    const before = (await startProcess(folders[0], [old])).signer.sign({ from: 'old' }, 60);
    const own = await startProcess(folders[1], [fresh, old]);
    const after = own.signer.sign({ from: 'new' }, 60);
    for (const [token, from] of [
      [stored, 'database'],
      [before, 'old'],
      [after, 'new'],
    ] as const)
      expect(await own.signer.verify(token)).toEqual({ from });
    expect(await (await startProcess(folders[0], [fresh])).signer.verify(before)).toBeNull();
    await expect(own.rotate(0)).rejects.toMatchObject({ code: 'CONFLICT', field: 'VITRINE_SIGNING_SECRET' });
  });

  it('are out of reach for what serves an organisation', async () => {
    await startProcess();
    await expect(
      test.database.asOrganization('00000000-0000-0000-0000-000000000001', (tx) => tx.query(sql`SELECT * FROM signing_key`)),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
