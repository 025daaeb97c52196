import sharp from 'sharp';
import { RENDITION_PRESETS } from '../../../src/exchange/delivery/presets.js';
import { RenditionService } from '../../../src/exchange/delivery/rendition.service.js';
import { sql } from '../../../src/platform/database/sql.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let keys: Record<'VIEWER' | 'EDITOR' | 'ADMIN', string>;
let organizationId: string;
let picture: string;
let drawing: string;
let text: string;
const TOMORROW = () => new Date(Date.now() + 86_400_000).toISOString();
const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  test = await openTestApp();
  ({ keys, id: organizationId } = test.organizations.main!);
  const photo = await sharp({ create: { width: 1500, height: 1000, channels: 3, background: '#c02a5a' } })
    .jpeg()
    .toBuffer();
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#123456"/></svg>';
  const uploads = await stageFiles(test, keys.EDITOR, [
    { fileName: 'Süd photo.jpg', content: photo },
    { fileName: 'mark.svg', content: Buffer.from(svg) },
    { fileName: 'notes.txt', content: Buffer.from('words') },
  ]);
  const { items } = await runImport(test, keys.EDITOR, { source: { uploads: uploads.map((upload) => ({ upload })) } });
  [picture, drawing, text] = items.map(({ assetId }) => assetId as string) as [string, string, string];
}, 60_000);
afterAll(() => test?.close());

const RENDITION = 'url expiresAt mediaType width height';
async function linkTo(asset: string, args: string) {
  const data = await test.ask(`query ($id: ID!) { asset(id: $id) { rendition${args} { ${RENDITION} } } }`, { id: asset }, keys.VIEWER);
  return data.asset.rendition;
}
async function mutate(name: string, input: object, selection: string, key = keys.EDITOR) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
    { input },
    key,
  );
  return data[name];
}
const createLink = async (input: object) =>
  (await mutate('deliveryLinkCreate', input, 'deliveryLink { id url preset isOriginal revokedAt }')).deliveryLink;
const rows = (what: string) =>
  test.app.database.asOrganization(organizationId, (tx) =>
    tx.query<{ recipe_key: string; created_at: Date }>(
      what === ''
        ? sql`SELECT recipe_key, created_at FROM rendition`
        : sql`SELECT recipe_key, created_at FROM rendition WHERE preset = ${what}`,
    ),
  );

it('lists presets that are all real', async () => {
  const { renditionPresets } = await test.ask(
    '{ renditionPresets { key channel width height fit format colorSpace densityDpi } }',
    {},
    keys.VIEWER,
  );
  expect(renditionPresets.map(({ key }: { key: string }) => key)).toEqual(RENDITION_PRESETS.map(({ key }) => key));
  for (const { key } of renditionPresets) {
    const link = await linkTo(drawing, `(preset: "${key}")`);
    const answer = await fetch(link.url);
    expect(`${key} ${answer.status} ${answer.headers.get('content-type')}`).toBe(`${key} 200 ${link.mediaType}`);
    expect(await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).toMatchObject({ width: link.width, height: link.height });
  }
}, 60_000);

it('makes a rendition once, at the first click, and delivers it with a strong validator', async () => {
  const link = await linkTo(picture, '(preset: "social-square")');
  expect(link).toMatchObject({ mediaType: 'image/jpeg', width: 1000, height: 1000 });
  expect(new Date(link.expiresAt).getTime()).toBeGreaterThan(Date.now() + 3_500_000);
  const before = (await rows('')).length;
  // Ten at once, through two links that name the same picture.
  const other = await linkTo(picture, '(preset: "social-square")');
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => fetch(n % 2 ? link.url : other.url)));
  const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(bodies.map((body) => body.toString('base64'))).size).toBe(1);
  expect((await rows('')).length).toBe(before + 1);

  const etag = answers[0]?.headers.get('etag') as string;
  expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
  expect((await fetch(link.url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  const part = await fetch(link.url, { headers: { range: 'bytes=10-19' } });
  expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, bodies[0]?.subarray(10, 20)]);
  expect(answers[0]?.headers.get('content-disposition')).toContain("filename*=UTF-8''S%C3%BCd%20photo-1000x1000.jpg");
});

it('gives pages the same addresses again, and lets browsers keep what cannot change behind them', async () => {
  const query = `query ($id: ID!) { asset(id: $id) {
    thumbnailUrl originalUrl describedOriginalUrl
    cut: rendition(preset: "social-square") { url expiresAt }
    whole: rendition(recipe: { width: 64, height: 64, fit: PAD, format: PNG }) { url expiresAt }
  } }`;
  const { asset: first } = await test.ask(query, { id: picture }, keys.VIEWER);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await test.ask(query, { id: picture }, keys.EDITOR)).asset).toEqual(first);
  const cacheOf = async (url: string) => (await fetch(url)).headers.get('cache-control');
  for (const url of [first.thumbnailUrl, first.originalUrl, first.whole.url])
    expect(await cacheOf(url)).toBe('private, max-age=86400, immutable');
  // A cut follows the focal point, and texts are changed.
  for (const url of [first.cut.url, first.describedOriginalUrl]) expect(await cacheOf(url)).toBe('private, no-cache');
  const link = await createLink({ asset: picture, preset: 'preview', expiresAt: TOMORROW() });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const { deliveryLinks } = await test.ask(
    'query ($id: ID!) { deliveryLinks(asset: $id) { edges { node { id url } } } }',
    { id: picture },
    keys.EDITOR,
  );
  expect(deliveryLinks.edges.map(({ node }: { node: object }) => node)).toContainEqual({ id: link.id, url: link.url });
});

it('answers parts of a thumbnail too', async () => {
  const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { thumbnailUrl } }', { id: picture }, keys.VIEWER);
  const whole = Buffer.from(await (await fetch(asset.thumbnailUrl)).arrayBuffer());
  const part = await fetch(asset.thumbnailUrl, { headers: { range: 'bytes=4-' } });
  expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, whole.subarray(4)]);
});

it('makes a rendition anew when its file is gone', async () => {
  const link = await linkTo(picture, '(recipe: { width: 96, height: 96, format: PNG })');
  const first = Buffer.from(await (await fetch(link.url)).arrayBuffer());
  const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { currentVersion { sha256 } } }', { id: picture }, keys.VIEWER);
  const { rm } = await import('node:fs/promises');
  const { sha256 } = asset.currentVersion;
  await rm(`${test.dataFolder}/renditions/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`, { recursive: true });
  const again = await fetch(link.url);
  expect(again.status).toBe(200);
  expect(Buffer.from(await again.arrayBuffer()).equals(first)).toBe(true);
});

it('follows the focal point', async () => {
  const halves = await sharp({ create: { width: 800, height: 400, channels: 3, background: '#ff0000' } })
    .composite([
      {
        input: await sharp({ create: { width: 400, height: 400, channels: 3, background: '#0000ff' } })
          .png()
          .toBuffer(),
        left: 400,
        top: 0,
      },
    ])
    .removeAlpha()
    .png()
    .toBuffer();
  const [upload] = await stageFiles(test, keys.EDITOR, [{ fileName: 'halves.png', content: halves }]);
  const { items } = await runImport(test, keys.EDITOR, { source: { uploads: [{ upload }] } });
  const asset = items[0]?.assetId as string;
  const link = await linkTo(asset, '(recipe: { width: 64, height: 64, fit: COVER, format: PNG })');
  const colors = async () => {
    const { data } = await sharp(Buffer.from(await (await fetch(link.url)).arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    return [data.subarray(0, 3).toString('hex'), data.subarray(63 * 3, 64 * 3).toString('hex')];
  };
  expect(await colors()).toEqual(['ff0000', '0000ff']);
  const set = await mutate('assetFocalPointSet', { asset, focalPoint: { x: 0.9, y: 0.5 } }, 'asset { focalPoint { x y } }');
  expect(set).toEqual({ asset: { focalPoint: { x: 0.9, y: 0.5 } }, userErrors: [] });
  expect(await colors()).toEqual(['0000ff', '0000ff']);
  await mutate('assetFocalPointSet', { asset, focalPoint: null }, 'asset { id }');
  expect(await colors()).toEqual(['ff0000', '0000ff']);
});

it('refuses what is not on the ladder, and the 41st size of a file', async () => {
  const refusals: [string, string][] = [
    ['(preset: "poster")', 'preset'],
    ['(preset: "preview", recipe: { width: 64, height: 64 })', 'preset'],
    ['(recipe: { width: 65, height: 64 })', 'recipe.width'],
    ['(recipe: { width: 64, height: 64, quality: 81 })', 'recipe.quality'],
    ['(recipe: { width: 64, height: 64, background: "red" })', 'recipe.background'],
  ];
  for (const [args, field] of refusals) {
    const answer = await test.graphql(`query ($id: ID!) { asset(id: $id) { rendition${args} { url } } }`, { id: picture }, keys.VIEWER);
    expect(answer.errors.map(({ extensions }) => [extensions.code, extensions.field])).toEqual([['BAD_USER_INPUT', field]]);
  }
  expect(await linkTo(text, '(preset: "preview")')).toBeNull();
  const edges = [64, 96, 128, 192, 256, 320, 384];
  const statuses: number[] = [];
  for (const width of edges) {
    for (const height of edges.slice(0, 6)) {
      const link = await linkTo(drawing, `(recipe: { width: ${width}, height: ${height}, fit: COVER, quality: 50 })`);
      statuses.push((await fetch(link.url)).status);
    }
  }
  expect(statuses).toEqual([...Array(40).fill(200), 409, 409]);
  // What is made already stays available, and so do the presets.
  expect((await fetch((await linkTo(drawing, '(recipe: { width: 64, height: 64, fit: COVER, quality: 50 })')).url)).status).toBe(200);
  expect((await fetch((await linkTo(drawing, '(preset: "web-small")')).url)).status).toBe(200);
}, 60_000);

describe('a delivery link', () => {
  it('delivers the original, or a rendition, without an API key, and asks caches to come back', async () => {
    const original = await createLink({ asset: picture, expiresAt: TOMORROW(), note: 'For the printer' });
    expect(original).toMatchObject({ preset: null, isOriginal: true, revokedAt: null });
    const answer = await fetch(original.url);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'image/jpeg',
      'private, no-cache',
    ]);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    const rendition = await createLink({ asset: picture, preset: 'print-a5', expiresAt: TOMORROW() });
    const print = await fetch(rendition.url);
    expect(await sharp(Buffer.from(await print.arrayBuffer())).metadata()).toMatchObject({ format: 'tiff', space: 'cmyk', density: 300 });
  });

  it('looks at the rights on the day of every click', async () => {
    const { url } = await createLink({ asset: picture, preset: 'preview', expiresAt: TOMORROW() });
    const rights = (startsOn: string | null, expiresOn: string | null) =>
      mutate('assetUpdate', { id: picture, fields: { rights: { startsOn, expiresOn } } }, 'asset { id }');
    const click = async () => {
      const answer = await fetch(url);
      return answer.ok ? 'delivered' : (await answer.json()).error.code;
    };
    await rights(null, day(-1));
    expect(await click()).toBe('RIGHTS_NOT_VALID');
    await rights(day(0), day(0));
    expect(await click()).toBe('delivered');
    await rights(day(1), null);
    expect(await click()).toBe('RIGHTS_NOT_VALID');
    await rights(null, null);
    expect(await click()).toBe('delivered');
  });

  it('delivers for a place and a channel only while a grant covers both', async () => {
    const input = { asset: picture, preset: 'preview', expiresAt: TOMORROW() };
    const [any, german, french] = [
      await createLink(input),
      await createLink({ ...input, territory: ' DE', channel: 'web' }),
      await createLink({ ...input, territory: 'fr' }),
    ];
    const rights = (given: object | null) => mutate('assetUpdate', { id: picture, fields: { rights: given } }, 'asset { id }');
    const clicks = () =>
      Promise.all(
        [any, german, french].map(async ({ url }) => {
          const answer = await fetch(url);
          return answer.ok ? 'delivered' : (await answer.json()).error.message;
        }),
      );
    const notRecorded = (use: string) => `This file has no rights for ${use}; today it is not delivered.`;
    expect(await clicks()).toEqual(['delivered', notRecorded('web in de'), notRecorded('fr')]);
    await rights({
      grants: [
        { territories: ['de'], channels: ['web'], expiresOn: day(0) },
        { territories: ['fr'], startsOn: day(1) },
      ],
    });
    expect(await clicks()).toEqual(['delivered', 'delivered', `This file may be used from ${day(1)} on; today it is not delivered.`]);
    await rights({
      grants: [
        { territories: ['worldwide'], channels: ['print'] },
        { territories: ['de'], channels: ['all'], expiresOn: day(-1) },
      ],
    });
    expect(await clicks()).toEqual(['delivered', `This file could be used until ${day(-1)}; today it is not delivered.`, 'delivered']);
    await rights(null);
    const refused = await mutate('deliveryLinkCreate', { ...input, channel: 'web, print' }, 'deliveryLink { id }');
    expect(refused.userErrors).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'input.channel' }]);
  });

  it('is for approved files alone where the organisation says so, unless its maker says otherwise', async () => {
    const make = async (more: object) =>
      (await mutate('deliveryLinkCreate', { asset: picture, expiresAt: TOMORROW(), ...more }, 'deliveryLink { onlyApproved }')).deliveryLink
        .onlyApproved;
    const defaults = async () => (await test.ask('{ deliveryDefaults { onlyApproved setBy setAt } }', {}, keys.VIEWER)).deliveryDefaults;
    const set = (onlyApproved: boolean, key: string) =>
      mutate('deliveryDefaultsSet', { onlyApproved }, 'deliveryDefaults { onlyApproved setBy }', key);
    expect(await defaults()).toEqual({ onlyApproved: false, setBy: null, setAt: null });
    await expect(set(true, keys.EDITOR)).rejects.toThrow(/needs the role ADMIN/);
    expect(await make({})).toBe(false);
    expect(await set(true, keys.ADMIN)).toMatchObject({
      deliveryDefaults: { onlyApproved: true, setBy: expect.stringContaining('ADMIN') },
    });
    expect(await defaults()).toMatchObject({ onlyApproved: true });
    expect([await make({}), await make({ onlyApproved: false }), await make({ onlyApproved: null })]).toEqual([true, false, true]);
    await set(false, keys.ADMIN);
    expect([await make({}), await make({ onlyApproved: true })]).toEqual([false, true]);
  });

  it('looks at the release of the current file at every click', async () => {
    const asset = picture;
    const any = await createLink({ asset, expiresAt: TOMORROW() });
    const approved = await createLink({ asset, preset: 'preview', onlyApproved: true, expiresAt: TOMORROW() });
    const clicks = async () => {
      const answers = await Promise.all([any, approved].map(({ url }) => fetch(url)));
      return Promise.all(answers.map(async (answer) => (answer.ok ? 'delivered' : (await answer.json()).error.code)));
    };
    expect(await clicks()).toEqual(['delivered', 'NOT_RELEASED']);
    await mutate('assetApprove', { asset }, 'release { state }');
    expect(await clicks()).toEqual(['delivered', 'delivered']);
    const broken = (at: Date | null) =>
      test.app.database.asOrganization(organizationId, (tx) => tx.execute(sql`UPDATE version_release SET broken_at = ${at}::timestamptz`));
    await broken(new Date());
    expect(await clicks()).toEqual(['delivered', 'NOT_RELEASED']);
    await broken(null);
    await mutate('assetWithdraw', { asset, reason: 'Recalled' }, 'release { state }');
    expect(await clicks()).toEqual(['NOT_RELEASED', 'NOT_RELEASED']);
    await mutate('assetApprove', { asset }, 'release { state }');
    expect(await clicks()).toEqual(['delivered', 'delivered']);
  });

  it('stops when the clock breaks the approval', async () => {
    const { brandCreate } = await test.ask(
      'mutation { brandCreate(input: { key: "clocked", name: "Clocked" }) { brand { id } userErrors { message } } }',
      {},
      keys.ADMIN,
    );
    const brand = brandCreate.brand.id;
    const { guideline } = await mutate('guidelineCreate', { brand, name: 'Rights' }, 'guideline { id }', keys.ADMIN);
    const input = {
      guideline: guideline.id,
      key: 'rights',
      title: 'Rights',
      kind: 'RIGHTS_EXPIRY',
      severity: 'BLOCKER',
      parameters: { warnDays: 0 },
    };
    const { rule } = await mutate('ruleCreate', input, 'rule { id }', keys.ADMIN);
    await mutate('rulePublish', { id: rule.id }, 'rule { id }', keys.ADMIN);
    const [upload] = await stageFiles(test, keys.EDITOR, [
      {
        fileName: 'clock.png',
        content: await sharp({ create: { width: 40, height: 40, channels: 3, background: '#abcdef' } })
          .png()
          .toBuffer(),
      },
    ]);
    const { items } = await runImport(test, keys.EDITOR, { source: { uploads: [{ upload, fields: { brand: 'clocked' } }] } });
    const asset = items[0]?.assetId as string;
    expect((await mutate('assetApprove', { asset }, 'release { state }')).release).toEqual({ state: 'APPROVED' });
    const { url } = await createLink({ asset, onlyApproved: true, expiresAt: TOMORROW() });
    expect((await fetch(url)).status).toBe(200);
    // Time is not waited for: the finding ends now, and what it was made of has ended before.
    await test.app.database.asOrganization(organizationId, async (tx) => {
      await tx.execute(
        sql`UPDATE finding SET valid_until = now() - interval '1 minute' WHERE rule_id IN (SELECT id FROM rule WHERE key = 'rights')`,
      );
      await tx.execute(sql`UPDATE rule SET parameters = parameters || '{"requireDates": true}' WHERE key = 'rights'`);
    });
    const answer = await fetch(url);
    expect([answer.status, (await answer.json()).error.code]).toEqual([403, 'NOT_RELEASED']);
  }, 60_000);

  it('delivers the current file', async () => {
    const green = await sharp({ create: { width: 500, height: 500, channels: 3, background: '#00aa00' } })
      .png()
      .toBuffer();
    const [first] = await stageFiles(test, keys.EDITOR, [
      { fileName: 'one.png', content: await sharp(green).resize(300).png().toBuffer() },
    ]);
    const { items } = await runImport(test, keys.EDITOR, { source: { uploads: [{ upload: first, fields: { externalId: 'follow' } }] } });
    const { url } = await createLink({ asset: items[0]?.assetId as string, preset: 'preview', expiresAt: TOMORROW() });
    const width = async () => (await sharp(Buffer.from(await (await fetch(url)).arrayBuffer())).metadata()).width;
    expect(await width()).toBe(300);
    const [second] = await stageFiles(test, keys.EDITOR, [{ fileName: 'two.png', content: green }]);
    await runImport(test, keys.EDITOR, { source: { uploads: [{ upload: second, fields: { externalId: 'follow' } }] } });
    expect(await width()).toBe(500);
  });

  it('can be revoked, and is listed', async () => {
    const { id, url } = await createLink({ asset: drawing, expiresAt: TOMORROW() });
    const kept = await createLink({ asset: drawing, preset: 'preview', expiresAt: TOMORROW() });
    expect((await mutate('deliveryLinkRevoke', { id }, 'deliveryLink { url revokedAt }')).deliveryLink).toEqual({
      url: null,
      revokedAt: expect.any(String),
    });
    const answer = await fetch(url);
    expect([answer.status, (await answer.json()).error.code]).toEqual([403, 'LINK_REVOKED']);
    const list = async (after: string | null) =>
      (
        await test.ask(
          'query ($asset: ID!, $after: String) { deliveryLinks(asset: $asset, first: 1, after: $after) { totalCount edges { cursor node { id url createdBy } } } }',
          { asset: drawing, after },
          keys.EDITOR,
        )
      ).deliveryLinks;
    const page = await list(null);
    expect(page).toMatchObject({
      totalCount: 2,
      edges: [{ node: { id: kept.id, url: expect.stringContaining('/files/'), createdBy: 'main EDITOR' } }],
    });
    expect((await list(page.edges[0].cursor)).edges).toMatchObject([{ node: { id, url: null } }]);
  });

  it('refuses bad input by name, and viewers', async () => {
    const errors = async (input: object) =>
      (await mutate('deliveryLinkCreate', input, 'deliveryLink { id }')).userErrors.map(
        ({ code, field }: { code: string; field: string }) => `${code} ${field}`,
      );
    expect(await errors({ asset: picture, expiresAt: '2001-01-01T00:00:00Z' })).toEqual(['BAD_USER_INPUT input.expiresAt']);
    expect(await errors({ asset: picture, expiresAt: '2101-01-01T00:00:00Z' })).toEqual(['BAD_USER_INPUT input.expiresAt']);
    expect(await errors({ asset: picture, preset: 'poster', expiresAt: TOMORROW() })).toEqual(['BAD_USER_INPUT input.preset']);
    expect(await errors({ asset: picture, note: 'x'.repeat(501), expiresAt: TOMORROW() })).toEqual(['BAD_USER_INPUT input.note']);
    const gone = Buffer.from('Asset:00000000-0000-4000-8000-000000000000').toString('base64url');
    expect(await errors({ asset: gone, expiresAt: TOMORROW() })).toEqual(['NOT_FOUND input.asset']);
    const point = await mutate('assetFocalPointSet', { asset: picture, focalPoint: { x: 2, y: 0 } }, 'asset { id }');
    expect(point.userErrors).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'input.focalPoint.x' }]);
    const answer = await test.graphql(
      'mutation ($input: DeliveryLinkCreateInput!) { deliveryLinkCreate(input: $input) { userErrors { code } } }',
      { input: { asset: picture, expiresAt: TOMORROW() } },
      keys.VIEWER,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

it('keeps no half-made picture when the decoder fails', async () => {
  const { database } = test.app;
  const failing = { inLane: () => ({ render: () => Promise.reject(new Error('decoder gone')) }) };
  const files = {
    findRenditionByteSize: async () => null,
    withLocalFile: (_: string, use: (path: string) => Promise<unknown>) => use('/nowhere'),
  };
  const service = new RenditionService(database, files as never, failing as never);
  const before = (await rows('')).length;
  const version = { id: '00000000-0000-4000-8000-000000000000', file_name: 'x.png', sha256: 'a'.repeat(64), focal_x: null, focal_y: null };
  await expect(service.provide(organizationId, version as never, { preset: 'web-hero' }, 'interactive')).rejects.toThrow('decoder gone');
  // The failure is not remembered: the next request tries again.
  await expect(service.provide(organizationId, version as never, { preset: 'web-hero' }, 'interactive')).rejects.toThrow('decoder gone');
  expect((await rows('')).length).toBe(before);
});
