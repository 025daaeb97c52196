import { spawn } from 'node:child_process';
import { type ErrorCode, VitrineError } from '../../errors.js';

/** Programs of the system; names are looked for in the usual places, paths are taken as they are. */
export interface VideoTools {
  ffmpeg: string;
  ffprobe: string;
}

export interface ToolRun {
  stdout: Buffer;
  stderr: string;
  /** Whether it was stopped: out of time, or after more output than allowed. What it had written is there. */
  wasStopped: boolean;
}

const USUAL_PLACES = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';
const MAX_COMPLAINT = 64 * 1024;

/**
 * Runs a tool with these arguments, without a shell, standard input or environment, for so long and so much output at most.
 * Throws MEDIA_CORRUPT when it fails of itself, with what it said last as the cause, and `missing` when it is not there.
 */
export function runTool(
  tool: string,
  args: readonly string[],
  limits: { timeoutMs: number; maxByteSize: number },
  missing: ErrorCode = 'VIDEO_TOOL_MISSING',
): Promise<ToolRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: USUAL_PLACES }, shell: false });
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = '';
    let wasStopped = false;
    const stop = () => {
      wasStopped = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(stop, limits.timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.maxByteSize) stop();
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < MAX_COMPLAINT) stderr += chunk.toString('latin1');
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const isMissing = error.code === 'ENOENT' || error.code === 'EACCES';
      reject(isMissing ? new VitrineError(missing, `${tool} is not installed where Vitrine runs.`, { value: tool }) : error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === 0 || wasStopped) resolve({ stdout: Buffer.concat(chunks), stderr, wasStopped });
      else
        reject(new VitrineError('MEDIA_CORRUPT', 'its content is damaged', { cause: stderr.trim().split('\n').pop() || `code ${code}` }));
    });
  });
}
