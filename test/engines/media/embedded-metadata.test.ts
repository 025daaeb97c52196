import sharp from 'sharp';
import { completeFields } from '../../../src/library/assets/embedded-fields.js';
import { describeItself, type MetadataBlocks } from '../../../src/engines/media/embedded-metadata.js';
import { alternatives, bag, describedPicture, iptcBlock, xmpPacket } from '../../support/described-picture.js';

const embeddedIn = (blocks: Partial<MetadataBlocks>) => describeItself({ texts: null, ...blocks }).embedded;
const nothing = { title: null, description: null, altText: null, keywords: [], creator: null, credit: null, copyright: null };
const nowhere = { usageTerms: null, city: null, country: null, createdOn: null, xmp: null };

const RICH = xmpPacket(
  alternatives('dc:title', { de: 'Ein Titel', 'x-default': 'A title &amp; more' }) +
    alternatives('dc:description', { 'x-default': 'What it is' }) +
    bag('dc:subject', ['Red car', 'one, two', 'Red car']) +
    bag('dc:creator', ['Jane Doe', 'Joe']) +
    alternatives('dc:rights', { 'x-default': '© Jane' }) +
    alternatives('xmpRights:UsageTerms', { 'x-default': 'Editorial only' }) +
    alternatives('Iptc4xmpCore:AltTextAccessibility', { 'x-default': 'A red car seen from the front' }) +
    '<photoshop:City>Zürich</photoshop:City><photoshop:Country>Switzerland</photoshop:Country><photoshop:DateCreated>2024-05-06T10:11:12</photoshop:DateCreated>',
);

it('reads XMP, IPTC and EXIF of real files, the first that says something', async () => {
  const picture = await describedPicture(1, {
    xmp: RICH,
    iptc: [
      [5, 'Name by IPTC'],
      [25, 'iptc keyword'],
      [110, 'Agency Ü'],
    ],
  });
  const metadata = await sharp(picture).metadata();
  const found = embeddedIn({ xmp: metadata.xmp, iptc: metadata.iptc });
  expect(found).toMatchObject({
    ...{ title: 'A title & more', description: 'What it is', altText: 'A red car seen from the front', keywords: ['Red car', 'one, two'] },
    ...{
      creator: 'Jane Doe, Joe',
      credit: 'Agency Ü',
      copyright: '© Jane',
      usageTerms: 'Editorial only',
      city: 'Zürich',
      country: 'Switzerland',
    },
    createdOn: '2024-05-06T10:11:12',
  });
  expect(found?.xmp).toContain('<dc:title>');
  // Attributes are another spelling of elements.
  expect(embeddedIn({ xmp: Buffer.from(xmpPacket('').replace('rdf:about=""', 'photoshop:City="Bern"')) })).toMatchObject({ city: 'Bern' });
});

it('reads IPTC where there is no XMP, with keywords that come one by one', () => {
  const iptc = iptcBlock([
    [5, 'Objekt'],
    [25, 'eins'],
    [25, 'zwei; drei'],
    [80, 'Fotografin'],
    [90, 'Köln'],
    [101, 'Germany'],
    [116, '© Agency'],
    [120, 'Ein Bild'],
    [55, '20240506'],
  ]);
  expect(embeddedIn({ iptc })).toEqual({
    ...{ ...nothing, ...nowhere, title: 'Objekt', description: 'Ein Bild', keywords: ['eins', 'zwei; drei'], creator: 'Fotografin' },
    ...{ copyright: '© Agency', city: 'Köln', country: 'Germany', createdOn: expect.stringMatching(/2024.?05.?06/) },
  });
  expect(embeddedIn({ iptc: iptcBlock([[25, 'one']]) })?.keywords).toEqual(['one']);
});

it('takes EXIF last, and not what a camera writes by itself', () => {
  const dates = { original: null, created: null, digitized: null, modified: null };
  const said = { title: null, keywords: [], make: null, model: null, creator: 'Me', copyright: '© Me', dates };
  expect(embeddedIn({ texts: { ...said, description: 'OLYMPUS DIGITAL CAMERA         ' } })).toEqual({
    ...nothing,
    ...nowhere,
    creator: 'Me',
    copyright: '© Me',
  });
  expect(embeddedIn({ texts: { ...said, description: 'A walk' } })?.description).toBe('A walk');
  expect(embeddedIn({ texts: { ...said, creator: null, copyright: null, description: 'SONY DSC' } })).toBeNull();
  expect(embeddedIn({})).toBeNull();
});

describe('hostile metadata', () => {
  const timed = <T>(work: () => T): [T, number] => {
    const began = performance.now();
    const result = work();
    return [result, performance.now() - began];
  };

  it('is bounded: entities are not expanded, depth and length cost little, sizes are limits', () => {
    const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join('');
    const laughs = `<!DOCTYPE x [<!ENTITY e0 "haha">${entities}]>`;
    const bomb = xmpPacket(alternatives('dc:title', { 'x-default': '&e9;' })).replace('<x:xmpmeta', `${laughs}<x:xmpmeta`);
    const [found, ms] = timed(() => embeddedIn({ xmp: Buffer.from(bomb) }));
    expect((found?.title ?? '').length).toBeLessThan(100);
    expect(ms).toBeLessThan(2000);
    const file = xmpPacket(alternatives('dc:title', { 'x-default': '&f;' })).replace(
      '<x:xmpmeta',
      '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x:xmpmeta',
    );
    expect(JSON.stringify(embeddedIn({ xmp: Buffer.from(file) })?.title ?? '')).not.toContain('root:');

    const deep = xmpPacket(`${'<dc:a>'.repeat(14_000)}${'</dc:a>'.repeat(14_000)}`);
    expect(timed(() => embeddedIn({ xmp: Buffer.from(deep) }))[1]).toBeLessThan(10_000);
    const many = xmpPacket(
      bag(
        'dc:subject',
        Array.from({ length: 9000 }, (_, n) => `k${n}`),
      ),
    );
    expect(embeddedIn({ xmp: Buffer.from(many) })?.keywords).toHaveLength(200);
    const huge = xmpPacket(alternatives('dc:title', { 'x-default': 'x'.repeat(1_100_000) }));
    expect(embeddedIn({ xmp: Buffer.from(huge) })).toBeNull();
    const long = embeddedIn({
      xmp: Buffer.from(xmpPacket(alternatives('dc:title', { 'x-default': 'x'.repeat(70_000) }))),
    });
    expect([long?.title?.length, long?.xmp]).toEqual([10_000, null]);
  });

  it('never throws, whatever the bytes, and says nothing with control characters', () => {
    const xmp = Buffer.from(RICH);
    const iptc = iptcBlock([
      [5, 'A name'],
      [25, 'key'],
    ]);
    let state = 12_345;
    const next = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    for (let round = 0; round < 150; round += 1) {
      const [broken, cut] = [Buffer.from(xmp), Buffer.from(iptc)];
      for (let n = 0; n < 6; n += 1) {
        broken[next(broken.length)] = next(256);
        cut[next(cut.length)] = next(256);
      }
      const found = embeddedIn({
        xmp: broken.subarray(0, next(broken.length) + 1),
        iptc: cut.subarray(0, next(cut.length) + 1),
      });
      expect(JSON.stringify(found ?? {})).not.toMatch(/\\u00(0[0-8bcef]|1)/);
      if (found !== null) completeFields({}, found);
    }
  });
});

describe('fields of a new asset', () => {
  const embedded = {
    ...nothing,
    ...nowhere,
    title: 'In file',
    keywords: ['One', 'two', '\u200b'],
    copyright: '© File',
    usageTerms: 'Terms',
    creator: 'Jane',
    city: 'Bern',
  };

  it('are what the file says where the row says nothing', () => {
    expect(completeFields({ externalId: 'x', metadata: { shelf: 1 } }, embedded)).toEqual({
      fields: {
        ...{ externalId: 'x', title: 'In file', tags: ['one', 'two'], rights: { holder: '© File', license: 'Terms' } },
        metadata: { shelf: 1, creator: 'Jane', city: 'Bern' },
      },
      notes: [expect.stringMatching(/^The file's keyword could not be taken: tags\.0/)],
    });
    expect(completeFields({ title: 'Row' }, { ...nothing, ...nowhere })).toEqual({ fields: { title: 'Row' }, notes: [] });
  });

  it('are what the row says where both say something, and the notes say what lost', () => {
    const row = {
      title: 'Row',
      description: null,
      tags: ['two'],
      rights: { holder: 'Row', expiresOn: '2030-01-01' },
      metadata: { city: 'Basel', creator: 'Jane' },
    };
    expect(completeFields(row, { ...embedded, keywords: ['One', 'Two'], description: 'Cleared' })).toEqual({
      fields: { ...row, rights: { ...row.rights, license: 'Terms' } },
      notes: [
        'The row wins over the file\'s title: "In file".',
        'The row wins over the file\'s description: "Cleared".',
        'The row wins over the file\'s keywords: "One".',
        'The row wins over the file\'s copyright: "© File".',
        'The row wins over the file\'s city: "Bern".',
      ],
    });
  });

  it('are cut to what a field holds', () => {
    const { fields, notes } = completeFields(
      {},
      { ...nothing, ...nowhere, title: 'x'.repeat(600), keywords: Array.from({ length: 60 }, (_, n) => `k${n}`) },
    );
    expect([fields.title?.length, fields.tags?.length]).toEqual([500, 50]);
    expect(notes).toEqual([
      "The file's title has 600 characters; the first 500 were taken.",
      'The file has 60 keywords; the first 50 became tags.',
    ]);
  });
});
