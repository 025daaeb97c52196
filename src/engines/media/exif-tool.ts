import { createRequire } from 'node:module';
import { VitrineError } from '../../errors.js';
import { runTool, type ToolRun } from './system-tool.js';

const MAX_MEMORY_KIB = 1024 * 1024;
/** Limits of the system hold even when everybody who would end the tool has been killed. Not every system knows the second one. */
const LIMITED = 'ulimit -t "$1"; ulimit -v "$2" 2>/dev/null; shift 2; exec perl "$@"';

/**
 * Runs ExifTool, a program of its own, without a configuration of the machine's user.
 * @throws VitrineError METADATA_TOOL_MISSING; MEDIA_CORRUPT when it fails, what it said as the cause
 */
export async function runExifTool(args: readonly string[], limits: { timeoutMs: number; maxByteSize: number }): Promise<ToolRun> {
  const system = [Math.ceil(limits.timeoutMs / 1000), MAX_MEMORY_KIB].map(String);
  try {
    return await runTool('/bin/sh', ['-c', LIMITED, 'sh', ...system, program(), '-config', '', ...args], limits, 'METADATA_TOOL_MISSING');
  } catch (error) {
    if (error instanceof VitrineError && /perl: (command )?not found/.test(String(error.cause)))
      throw missing('Perl, which ExifTool needs,');
    throw error;
  }
}

/** Path of the program in its package, which is left out on systems without Perl. */
function program(): string {
  try {
    return createRequire(import.meta.url)('exiftool-vendored.pl') as string;
  } catch {
    throw missing('ExifTool');
  }
}

function missing(what: string): VitrineError {
  return new VitrineError('METADATA_TOOL_MISSING', `${what} is not installed where Vitrine runs: no metadata can be written into files.`);
}
