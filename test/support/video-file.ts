import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Whether this machine can make and read videos. */
export const hasFfmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    execFileSync('ffprobe', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

let made = 0;
/** A video that shows each PNG for a second, at 10 frames a second. */
export function makeVideo(pictures: readonly Buffer[], extension: 'mp4' | 'webm' | 'mkv' | 'mov' = 'mp4'): Buffer {
  const name = path.join(tmpdir(), `vitrine-video-${process.pid}-${made++}`);
  const files = pictures.map((_, index) => `${name}-${index}.png`);
  try {
    for (const [index, picture] of pictures.entries()) writeFileSync(files[index]!, picture);
    const inputs = files.flatMap((file) => ['-loop', '1', '-t', '1', '-framerate', '10', '-i', file]);
    const filter = `${files.map((_, index) => `[${index}:v]`).join('')}concat=n=${files.length}:v=1,format=yuv420p`;
    const codec = extension === 'webm' ? ['-c:v', 'libvpx', '-deadline', 'realtime', '-b:v', '1M'] : ['-c:v', 'mpeg4', '-q:v', '3'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...inputs, '-filter_complex', filter, ...codec, `${name}.${extension}`]);
    return readFileSync(`${name}.${extension}`);
  } finally {
    for (const file of [...files, `${name}.${extension}`]) rmSync(file, { force: true });
  }
}

/** What ffmpeg makes of these arguments; the name of the file to make comes last. `inputs` are files that they name by `{0}`, `{1}` … */
export function ffmpegFile(args: readonly string[], extension: string, inputs: readonly Buffer[] = []): Buffer {
  const name = path.join(tmpdir(), `vitrine-video-${process.pid}-${made++}`);
  const files = inputs.map((_, index) => `${name}-${index}`);
  try {
    for (const [index, input] of inputs.entries()) writeFileSync(files[index]!, input);
    const named = args.map((arg) => arg.replace(/\{(\d)\}/g, (_, index: string) => files[Number(index)]!));
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...named, `${name}.${extension}`]);
    return readFileSync(`${name}.${extension}`);
  } finally {
    for (const file of [...files, `${name}.${extension}`]) rmSync(file, { force: true });
  }
}
