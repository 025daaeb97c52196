import { parseAssetFields } from '../../../src/library/assets/asset-fields.js';
import { formatGrants, type RightsGrant, spanOf } from '../../../src/library/assets/rights-grants.js';

const read = (grants: unknown, more: object = {}): RightsGrant[] =>
  parseAssetFields({ rights: { grants, ...more } }, 'fields').rights?.grants as RightsGrant[];
const grant = (given: Partial<RightsGrant>): RightsGrant => ({
  ...{ territories: null, channels: null, releases: null, startsOn: null, expiresOn: null },
  ...given,
});

it('reads grants as a list and as one cell of a table', () => {
  const list = [
    grant({ territories: ['de', 'at'], channels: ['web'], releases: ['model'], startsOn: '2026-01-01', expiresOn: '2026-12-31' }),
    grant({ territories: ['worldwide'], expiresOn: '2030-01-01' }),
    grant({ channels: ['print'] }),
    grant({}),
  ];
  expect(read(list)).toEqual(list);
  expect(read([{ territories: [' DE', 'de', 'At '], channels: [] }])).toEqual([grant({ territories: ['de', 'at'] })]);
  expect(formatGrants(list)).toBe('de, at | web | model | 2026-01-01..2026-12-31; worldwide |  |  | ..2030-01-01;  | print; |');
  expect(read(formatGrants(list))).toEqual(list);
  expect(read(' DE,AT|web ;')).toEqual([grant({ territories: ['de', 'at'], channels: ['web'] })]);
  expect(read('')).toEqual([]);
});

it('spans all grants, and has no end where one has none', () => {
  const [first, second] = [
    grant({ startsOn: '2026-05-01', expiresOn: '2026-06-01' }),
    grant({ startsOn: '2026-01-01', expiresOn: '2026-02-01' }),
  ];
  expect(spanOf([first, second])).toEqual({ startsOn: '2026-01-01', expiresOn: '2026-06-01' });
  expect(spanOf([first, grant({ startsOn: '2026-05-02' })])).toEqual({ startsOn: '2026-05-01', expiresOn: null });
  expect(spanOf([])).toEqual({ startsOn: null, expiresOn: null });
});

it.each([
  ['a day that is none', [{ startsOn: 'soon' }], '.0.startsOn', /"soon" is not a date/],
  ['reversed days', [{}, { startsOn: '2026-02-01', expiresOn: '2026-01-01' }], '.1.expiresOn', /lies before startsOn/],
  ['a name with a comma', [{ territories: ['fr', 'de, at'] }], '.0.territories.1', /"de, at" is not a name/],
  ['an empty name', [{ channels: [' '] }], '.0.channels.0', /is not a name/],
  ['an unknown field', [{ country: 'de' }], '.0.country', /country/],
  ['a cell with too many fields', 'de | web | model | 2026-01-01.. | more', '', /is not spelled/],
  ['a cell with days that are none', 'de | web | model | forever', '', /is not spelled/],
  ['a cell with a day that is none', 'de; at | web | | 2026-13-01..', '.1.startsOn', /"de; at .* is not a date/],
  ['too many', Array.from({ length: 51 }, () => ({})), '', /more than 50 grants/],
  ['a number', 5, '', /grants: 5/],
])('refuses %s, and says where', (_, grants, field, message) => {
  const fault = { code: 'BAD_USER_INPUT', field: `fields.rights.grants${field}`, message: expect.stringMatching(message) };
  expect(() => read(grants)).toThrow(expect.objectContaining(fault));
});

it('refuses days beside grants', () => {
  expect(() => read([{}], { expiresOn: '2026-01-01' })).toThrow(/each grant has days of its own/);
  expect(read([], { expiresOn: '2026-01-01' })).toEqual([]);
});
