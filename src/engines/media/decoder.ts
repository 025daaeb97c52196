import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { standBack } from '../../background-priority.js';
import type { DecoderReply, DecoderRequest } from './decoder-protocol.js';

export interface DecoderOptions {
  /** Resident memory from which the process ends itself. */
  maxMemoryBytes: number;
  /** For what somebody waits for, and nothing else: the others stand back behind it. */
  isReserve: boolean;
  onReply(reply: DecoderReply): void;
  /** Called once. @param complaint the last that it wrote to its error output */
  onExit(complaint: string): void;
}

const program = fileURLToPath(new URL('./decoder.process.js', import.meta.url));

/** The server's handle on one decoder process. */
export class Decoder<Job> {
  readonly exited: Promise<void>;
  readonly isReserve: boolean;
  isReady = false;
  job: Job | null = null;
  readonly #child: ChildProcess;
  #timer: NodeJS.Timeout | null = null;

  constructor({ maxMemoryBytes, isReserve, onReply, onExit }: DecoderOptions) {
    this.isReserve = isReserve;
    this.#child = fork(program, [String(maxMemoryBytes)], {
      serialization: 'advanced',
      // As many decoders as cores: a collector's helper threads would only wait for each other.
      execArgv: ['--max-old-space-size=256', '--single-threaded-gc'],
      // No secrets of the server's environment near untrusted files; fewer arenas keep freed memory from piling up.
      env: { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    if (!isReserve) standBack(this.#child.pid);
    let complaint = '';
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2_000);
    });
    this.exited = new Promise<void>((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    this.#child.on('message', onReply);
    void this.exited.then(() => onExit(complaint));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isIdle(): boolean {
    return this.isReady && this.job === null;
  }

  /** Whether somebody else ended it, and not a fault of its own. */
  get wasKilled(): boolean {
    return this.#child.signalCode === 'SIGKILL';
  }

  /** A send that fails means that the process is gone: its exit is told. */
  send(request: DecoderRequest): void {
    this.#child.send(request, () => undefined);
  }

  /** Runs `then` after a while, unless {@link release} comes first; replaces what was to run. */
  after(ms: number, then: () => void): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  /** Takes the file away from it and stops its clock. */
  release(): Job | null {
    const { job } = this;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.job = null;
    return job;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
