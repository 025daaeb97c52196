/** `interactive`: somebody waits for the answer. `bulk`: imports, scans and rebuilds. */
export type Lane = 'interactive' | 'bulk';

/** How long uninterrupted interactive work may hold back bulk work before one bulk batch is let through. */
const MAX_BULK_WAIT_MS = 2_000;

/** Work waiting in two lanes: interactive goes first, first come first served within a lane. */
export class LaneQueue<T> {
  private readonly lanes: Record<Lane, T[]> = { interactive: [], bulk: [] };
  private readonly now: () => number;
  private bulkWaitingSinceMs: number | null = null;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  get size(): number {
    return this.lanes.interactive.length + this.lanes.bulk.length;
  }

  /** How many wait in one lane. */
  waitingIn(lane: Lane): number {
    return this.lanes[lane].length;
  }

  push(lane: Lane, item: T): void {
    this.lanes[lane].push(item);
    if (lane === 'bulk') this.bulkWaitingSinceMs ??= this.now();
  }

  /** Puts what was taken at the head of its lane again. */
  putBack(lane: Lane, item: T): void {
    this.lanes[lane].unshift(item);
    if (lane === 'bulk') this.bulkWaitingSinceMs ??= this.now();
  }

  /** The next batch, of one lane only, at most `most` items; empty where nothing waits. */
  take(most: number): T[] {
    const bulkIsDue = this.bulkWaitingSinceMs !== null && this.now() - this.bulkWaitingSinceMs >= MAX_BULK_WAIT_MS;
    const lane: Lane = this.lanes.interactive.length > 0 && !(bulkIsDue && this.lanes.bulk.length > 0) ? 'interactive' : 'bulk';
    return this.takeFrom(lane, most);
  }

  /** The next of one lane, whatever waits in the other. */
  takeFrom(lane: Lane, most: number): T[] {
    const batch = this.lanes[lane].splice(0, Math.max(1, most));
    if (lane === 'bulk') this.bulkWaitingSinceMs = this.lanes.bulk.length > 0 ? this.now() : null;
    return batch;
  }

  /** Empties both lanes. */
  takeAll(): T[] {
    return [...this.takeFrom('interactive', Infinity), ...this.takeFrom('bulk', Infinity)];
  }

  /** Takes one item out that nobody waits for any more; one that was taken already stays so. */
  remove(lane: Lane, item: T): boolean {
    const at = this.lanes[lane].indexOf(item);
    if (at < 0) return false;
    this.lanes[lane].splice(at, 1);
    if (lane === 'bulk' && this.lanes.bulk.length === 0) this.bulkWaitingSinceMs = null;
    return true;
  }
}
