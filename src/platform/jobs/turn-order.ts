/** Organisations and operations remembered at most; those served longest ago are forgotten, and count as never served. */
const REMEMBERED = 500;

/** Who was served when, in this process: whoever waited longest goes first, and nobody's crowd of jobs holds another's single one back. */
export class TurnOrder {
  /** Organisations and operations, the latest served last. */
  readonly #served = new Map<string, number>();
  #count = 0;

  /** By id: the higher its number, the later one was served. */
  get served(): Record<string, number> {
    return Object.fromEntries(this.#served);
  }

  serve(ids: readonly string[]): void {
    this.#count += 1;
    for (const id of ids) {
      this.#served.delete(id);
      this.#served.set(id, this.#count);
    }
    for (const id of this.#served.keys()) {
      if (this.#served.size <= REMEMBERED) break;
      this.#served.delete(id);
    }
  }
}
