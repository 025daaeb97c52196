import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** The real program, serving and working, in a process of its own. */
export class VitrineProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #output = '';

  /** @param environment the only variables that the program sees beside PATH, HOME and TMPDIR */
  constructor(environment: Record<string, string>, args: readonly string[] = ['serve']) {
    const { PATH, HOME, TMPDIR } = process.env;
    const given = Object.entries({ PATH, HOME, TMPDIR, ...environment }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    this.#child = spawn(process.execPath, [path.resolve('dist/main.js'), ...args], {
      env: { ...Object.fromEntries(given), VITRINE_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    this.#exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Waits for a line and gives its first group. */
  async waitFor(pattern: RegExp, timeoutMs = 60_000): Promise<string> {
    for (const began = Date.now(); Date.now() - began < timeoutMs; await pause(20)) {
      const found = pattern.exec(this.#output);
      if (found) return found[1] as string;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) break;
    }
    throw new Error(`the program ended or said nothing like ${pattern}:\n${this.#output}`);
  }

  url(): Promise<string> {
    return this.waitFor(/ at (http:\S+)/);
  }

  /** kill -9, and nothing else: its decoders must notice by themselves. @returns the process ids of its children */
  async kill(): Promise<number[]> {
    const children = await childrenOf(this.#child.pid as number);
    this.#child.kill('SIGKILL');
    await this.#exited;
    return children;
  }

  /** Process ids of its children: the decoders. */
  children(): Promise<number[]> {
    return childrenOf(this.#child.pid as number);
  }

  /** When it has ended by itself. @returns its exit code */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether a process still runs. Only Linux tells; elsewhere the answer is false. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // What nobody has waited for yet is dead all the same.
  return stat !== '' && !/\) [ZX] /.test(stat);
}

async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.trim().split(/\s+/).filter(Boolean).map(Number);
}
