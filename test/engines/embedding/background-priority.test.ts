import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { BACKGROUND, standBack } from '../../../src/background-priority.js';
import { openEmbedder } from '../../../src/engines/embedding/embedder.js';
import { writeTinyClip } from '../../support/tiny-clip.js';

/** Niceness of each thread of this process, as the kernel sees it: the 19th field, counted from behind the name in brackets. */
function niceness(): number[] {
  return readdirSync('/proc/self/task').map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

const isLinux = process.platform === 'linux';
const onLinux = isLinux ? it : it.skip;

describe('bulk work stands back', () => {
  it('as a process, and one that has ended is no error', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      standBack(child.pid);
      expect(getPriority(child.pid!)).toBe(getPriority() + BACKGROUND);
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    expect(() => standBack(child.pid)).not.toThrow();
  });

  onLinux(
    `as the threads of the model that sees pictures, while those of texts and requests do not${isLinux ? '' : ' (skipped: only Linux gives threads priorities)'}`,
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-priority-'));
      await writeTinyClip(folder, {});
      const nicer = () => niceness().filter((nice) => nice === getPriority() + BACKGROUND).length;
      const before = nicer();
      const embedder = await openEmbedder({ modelFolder: folder, provider: 'cpu', threads: 1 });
      try {
        await embedder.embedTexts(['a lamp'], 'interactive');
        expect(nicer()).toBeGreaterThan(before);
        expect(niceness().filter((nice) => nice === getPriority()).length).toBeGreaterThan(1);
      } finally {
        await embedder.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
