import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** By how much bulk work is nicer than what somebody waits for: where both want a core it gets a third of it, and so still moves. */
export const BACKGROUND = 5;
const MOST = 19;

/**
 * Lets a process stand back behind those that somebody waits for, where both want the same core. Called right after it was started, its later
 * threads inherit it. A system that refuses changes nothing but the speed.
 */
export function standBack(processId: number | undefined): void {
  if (processId === undefined) return;
  try {
    setPriority(processId, Math.min(MOST, getPriority() + BACKGROUND));
  } catch {
    // Ended already, or not allowed here.
  }
}

/** The same for the thread that calls this, and those that it starts from now on. Linux only: elsewhere priorities belong to processes. */
export function standBackThread(): void {
  try {
    // Linux gives each thread a number of its own, and takes it where a process's is expected.
    standBack(Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
  } catch {
    // Not Linux.
  }
}
