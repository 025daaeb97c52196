/** How often a report is made. Times are UTC. */
export interface Rhythm {
  every: 'DAY' | 'WEEK' | 'MONTH';
  /** ISO weekday (1 Monday to 7) for WEEK, day of the month (1 to 28) for MONTH, null for DAY. */
  day: number | null;
  hour: number;
}

/** The first moment of the rhythm after `after`. */
export function nextRun({ every, day, hour }: Rhythm, after: Date): Date {
  const at = new Date(Date.UTC(after.getUTCFullYear(), after.getUTCMonth(), after.getUTCDate(), hour));
  const fits = (date: Date): boolean => every === 'DAY' || (every === 'WEEK' ? (date.getUTCDay() || 7) === day : date.getUTCDate() === day);
  while (at <= after || !fits(at)) at.setUTCDate(at.getUTCDate() + 1);
  return at;
}
