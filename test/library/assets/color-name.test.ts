import { labOfHex } from '../../../src/engines/pixels/color.js';
import { sql } from '../../../src/platform/database/sql.js';
import { COLOR_NAMES } from '../../../src/vocabulary/color-name.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

async function namesOf(hexes: readonly string[]): Promise<string[]> {
  const colors = hexes.map((hex, n) => ({ n, ...labOfHex(hex) }));
  const rows = await test.database.asSystem((tx) =>
    tx.query<{ name: string }>(sql`SELECT color_name("L", a, b) AS name FROM jsonb_to_recordset(${JSON.stringify(colors)}::jsonb)
      AS r (n int, "L" float8, a float8, b float8) ORDER BY n`),
  );
  return rows.map(({ name }) => name);
}

it.each([
  ['blue', ['#0000ff', '#000080', '#78c0f2', '#add8e6', '#4682b4', '#87ceeb', '#b0e0e6', '#01153e', '#95d0fc', '#191970', '#5a7d9a']],
  ['turquoise', ['#40e0d0', '#008080', '#00ffff', '#06c2ac']],
  ['green', ['#008000', '#00ff00', '#90ee90', '#808000', '#06470c', '#89fe05', '#556b2f']],
  ['yellow', ['#ffff00', '#ffd700', '#ffff84', '#ceb301']],
  ['orange', ['#ffa500', '#f97306', '#ff5b00', '#c65102', '#ffb07c']],
  ['brown', ['#653700', '#3b2314', '#8b4513', '#d2b48c', '#ad8150', '#341c02']],
  ['red', ['#ff0000', '#dc143c', '#800000', '#8c000f', '#b22222']],
  ['pink', ['#ffc0cb', '#ff69b4', '#ff1493', '#ffd1df', '#fa8072']],
  ['purple', ['#800080', '#9a0eea', '#c79fef', '#4b0082', '#ff00ff', '#dda0dd']],
  ['white', ['#ffffff', '#fafafa', '#ffffe4', '#f0f8ff']],
  ['grey', ['#808080', '#d8dcd6', '#363737', '#2f4f4f', '#c0c0c0', '#708090']],
  ['black', ['#000000', '#0f0f11', '#080208']],
])('people call these %s', async (name, hexes) => {
  expect((await namesOf(hexes)).map((found, n) => `${hexes[n]} ${found}`)).toEqual(hexes.map((hex) => `${hex} ${name}`));
});

it('every colour has one of the names, and every name is had', async () => {
  const steps = [0, 51, 102, 153, 204, 255];
  const hexes = steps.flatMap((r) =>
    steps.flatMap((g) => steps.map((b) => `#${[r, g, b].map((c) => c.toString(16).padStart(2, '0')).join('')}`)),
  );
  expect([...new Set(await namesOf(hexes))].sort()).toEqual([...COLOR_NAMES].sort());
});
