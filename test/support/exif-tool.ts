import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const program = createRequire(import.meta.url)('exiftool-vendored.pl') as string;

/** Writes into a file what other programs would: `Group:Tag=value`, or an option. Tags that its type has not are passed over. */
export function toldByExifTool(file: string, tags: readonly string[], options: readonly string[] = []): void {
  execFileSync(
    'perl',
    [program, '-config', '', '-overwrite_original', '-q', '-q', '-m', ...options, ...tags.map((tag) => `-${tag}`), file],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
    },
  );
}
