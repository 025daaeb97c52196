/** `interactive`: somebody waits for the answer. `bulk`: imports and rebuilds. */
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

  push(lane: Lane, item: T): void {
    this.lanes[lane].push(item);
    if (lane === 'bulk') this.bulkWaitingSinceMs ??= this.now();
  }

  /** The next batch, of one lane only, at most `most` items; empty where nothing waits. */
  take(most: number): T[] {
    const bulkIsDue = this.bulkWaitingSinceMs !== null && this.now() - this.bulkWaitingSinceMs >= MAX_BULK_WAIT_MS;
    const lane: Lane = this.lanes.interactive.length > 0 && !(bulkIsDue && this.lanes.bulk.length > 0) ? 'interactive' : 'bulk';
    const batch = this.lanes[lane].splice(0, Math.max(1, most));
    if (lane === 'bulk') this.bulkWaitingSinceMs = this.lanes.bulk.length > 0 ? this.now() : null;
    return batch;
  }
}
