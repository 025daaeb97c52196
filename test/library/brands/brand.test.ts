import { labOfHex, readHexColor } from '../../../src/engines/pixels/color.js';
import { viewerAs } from '../../support/asset-rows.js';
import { type Compliance, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'brands');
});
afterAll(() => test.close());

describe('colours', () => {
  it('reads #rgb and #rrggbb in any case, and no broken ones', () => {
    expect([readHexColor('#F0a', 'x'), readHexColor(' #AbCdEf ', 'x')]).toEqual(['#ff00aa', '#abcdef']);
    for (const wrong of ['', 'reddish', '#12', '#12345', '#1234567', '123456', '#12345g', '#ffff\0f']) {
      expect(() => readHexColor(wrong, 'input.hex')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'input.hex' }));
    }
  });

  it('gives CIELAB under D65', () => {
    // sRGB red, by the definition in IEC 61966-2-1 and CIE 15
    const { L, a, b } = labOfHex('#ff0000');
    expect([L, a, b].map((value) => Math.round(value * 10) / 10)).toEqual([53.2, 80.1, 67.2]);
    expect(labOfHex('#ffffff').L).toBeCloseTo(100, 2);
  });
});

describe('brands', () => {
  it('are made, changed, found and paged by key', async () => {
    const make = (key: string) =>
      room.brands.createBrand(room.admin, { key, name: key.toUpperCase(), palette: [{ name: ' Red ', hex: '#F00' }] });
    const made = [await make('b'), await make('a'), await make('c')];
    expect(made[0]).toMatchObject({ key: 'b', name: 'B', palette: [{ name: 'Red', hex: '#ff0000' }] });
    const first = await room.brands.listBrands(room.admin, 2);
    expect(first.edges.map(({ node }) => node.key)).toEqual(['a', 'b']);
    const second = await room.brands.listBrands(room.admin, 2, first.pageInfo.endCursor);
    expect(second).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect(second.edges.map(({ node }) => node.key)).toEqual(['c']);
    const id = made[0]!.id;
    expect(await room.brands.updateBrand(room.admin, id, { name: 'Better', palette: [] })).toMatchObject({ name: 'Better', palette: [] });
    expect(await room.brands.updateBrand(room.admin, id, {})).toMatchObject({ name: 'Better', palette: [] });
    expect(await room.brands.findBrands(room.admin, [made[2]!.id, '00000000-0000-4000-8000-000000000000', id])).toMatchObject([
      { key: 'c' },
      null,
      { key: 'b' },
    ]);
  });

  it('says which field is wrong', async () => {
    const create = (changes: object) => room.brands.createBrand(room.admin, { key: 'new', name: 'New', palette: [], ...changes });
    await expect(create({ key: 'a' })).rejects.toMatchObject({ code: 'CONFLICT', field: 'input.key' });
    await expect(create({ key: 'No' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.key' });
    await expect(create({ name: '  ' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.name' });
    const red = { name: 'Red', hex: '#f00' };
    await expect(create({ palette: [red, { name: '', hex: '#0f0' }] })).rejects.toMatchObject({ field: 'input.palette[1].name' });
    await expect(create({ palette: [red, red] })).rejects.toMatchObject({
      field: 'input.palette[1].hex',
      message: expect.stringMatching(/already at input.palette\[0\]/),
    });
    await expect(create({ palette: Array.from({ length: 65 }, () => red) })).rejects.toMatchObject({ field: 'input.palette' });
    await expect(room.brands.updateBrand(room.admin, '00000000-0000-4000-8000-000000000000', {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.id',
    });
    await expect(
      room.brands.createBrand(viewerAs(room.admin.organizationId, 'EDITOR'), { key: 'x', name: 'X', palette: [] }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
