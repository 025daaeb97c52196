import { canonicalJson } from '../../../src/exchange/reports/canonical-json.js';
import { toTrend, trendStart } from '../../../src/exchange/reports/trend.js';

describe('a trend', () => {
  it('walks back from today, day by day, through days on which nothing happened', () => {
    const change = { applicable: 0, judged: 0, passed: 0, failed: 0, opened: 0, closed: 0 };
    const changes = [
      { ...change, day: '2026-02-27', cause: 'NEW_ASSETS' as const, applicable: 10, judged: 10, passed: 6, failed: 4, opened: 4 },
      { ...change, day: '2026-03-01', cause: 'CHANGED_RULES' as const, passed: 3, failed: -3, closed: 3 },
      { ...change, day: '2026-03-01', cause: 'CHANGED_MODEL' as const, passed: -1, failed: 1, opened: 1 },
    ];
    const days = toTrend({ applicable: 10, judged: 10, passed: 8, failed: 2 }, changes, new Date('2026-03-02T01:00:00Z'));
    expect(days.map(({ day, passed, failed, opened, closed }) => [day, passed, failed, opened, closed])).toEqual([
      ['2026-02-27', 6, 4, { NEW_ASSETS: 4 }, {}],
      ['2026-02-28', 6, 4, {}, {}],
      ['2026-03-01', 8, 2, { CHANGED_MODEL: 1 }, { CHANGED_RULES: 3 }],
      ['2026-03-02', 8, 2, {}, {}],
    ]);
    expect(toTrend({ applicable: 0, judged: 0, passed: 0, failed: 0 }, [], new Date('2026-03-02T01:00:00Z'))).toHaveLength(1);
    expect(trendStart(new Date('2026-03-02T23:59:59Z'), 30).toISOString()).toBe('2026-02-01T00:00:00.000Z');
  });
});

describe('canonical JSON', () => {
  it('has one spelling for each value', () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'ä', c: undefined, d: new Date(0) })).toBe(
      '{"a":"ä","b":[{"a":null,"z":1}],"d":"1970-01-01T00:00:00.000Z"}',
    );
  });
});
