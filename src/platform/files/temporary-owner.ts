import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Process ids mean something on one machine, and in one container there. */
const machine = createHash('sha256').update(`${hostname()} ${pidNamespace()}`).digest('hex').slice(0, 12);
/** A later process may have the same id. */
const start = randomBytes(6).toString('hex');

/** Part of a temporary file's name that says whose it is. */
export const OWNER = `${machine}-${process.pid}-${start}`;

/** Whether the process that began this file is provably gone; false where nobody can tell: another machine may share the folder. */
export function isOwnerGone(fileName: string): boolean {
  const [, itsMachine, itsProcess, itsStart] = /\.([0-9a-f]{12})-(\d+)-([0-9a-f]{12})\./.exec(fileName) ?? [];
  if (itsMachine !== machine) return false;
  return Number(itsProcess) === process.pid ? itsStart !== start : !isRunning(Number(itsProcess));
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, of somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
