import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROUNDS } from '../../support/fault-room.js';
import { emptyDatabase, nativeUrl } from '../../support/test-database.js';
import { VitrineProcess } from '../../support/vitrine-process.js';

(nativeUrl === undefined ? it.skip : it)(
  'two servers and two workers start at once on an empty database, again and again',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-first-starts-'));
    for (let round = 0; round < ROUNDS; round += 1) {
      const database = await emptyDatabase();
      const programs = [['serve', '--no-worker'], ['serve', '--no-worker'], ['worker'], ['worker']].map(
        (args, index) =>
          new VitrineProcess(
            { VITRINE_DATA: path.join(folder, `${round}-${index}`), DATABASE_URL: database.url, VITRINE_LOG_LEVEL: 'info' },
            args,
          ),
      );
      try {
        await Promise.all(programs.map((program) => program.waitFor(/(Vitrine serves|worker started)/, 180_000)));
        expect(await Promise.all(programs.map((program) => program.stop()))).toEqual([0, 0, 0, 0]);
        for (const { output } of programs) expect(output).not.toMatch(/"level":[56]0|deadlock|\n\s+at /);
      } finally {
        for (const program of programs) await program.kill();
        await database.remove();
      }
    }
    await rm(folder, { recursive: true, force: true });
  },
  1_200_000,
);
