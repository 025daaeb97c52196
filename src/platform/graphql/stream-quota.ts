const MAX_STREAMS = 1000;
const MAX_STREAMS_PER_ORGANIZATION = 100;

/** How many streams may be open at a time, in all and for one organisation: each costs memory for as long as its client likes. */
export class StreamQuota {
  readonly #perOrganization = new Map<string, number>();
  readonly #limits: { total: number; perOrganization: number };
  #total = 0;

  constructor(limits = { total: MAX_STREAMS, perOrganization: MAX_STREAMS_PER_ORGANIZATION }) {
    this.#limits = limits;
  }

  /** @returns what gives the place back, once; null when there is none */
  take(organizationId: string): (() => void) | null {
    const open = this.#perOrganization.get(organizationId) ?? 0;
    if (this.#total >= this.#limits.total || open >= this.#limits.perOrganization) return null;
    this.#total += 1;
    this.#perOrganization.set(organizationId, open + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#total -= 1;
      const left = (this.#perOrganization.get(organizationId) as number) - 1;
      if (left > 0) this.#perOrganization.set(organizationId, left);
      else this.#perOrganization.delete(organizationId);
    };
  }
}
