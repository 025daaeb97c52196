import sharp from 'sharp';
import { createMediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import {
  AVIF,
  bmpOf,
  dngOf,
  icoOf,
  iconBitmap,
  JP2,
  JXL,
  LEFT,
  ooxmlOf,
  openDocumentOf,
  RIGHT,
  writeBmp,
  writePsd,
} from './support/foreign-files.js';
import { pictureFolder } from './support/pictures.js';

const folder = pictureFolder();
const analyzer = createMediaAnalyzer({ processes: 1 });
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

const analyze = (fileName: string, bytes: Buffer) =>
  analyzer.analyze(folder.file('probe', bytes), { fileName, thumbnail: { maxEdgePx: 64 } });
/** The middle of the left and of the right half, as RGBA. */
async function halvesOf(thumbnail: Buffer | null): Promise<number[][]> {
  const { data, info } = await sharp(thumbnail!).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return [0.25, 0.75].map((x) => {
    const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width * x)) * 4;
    return [...data.subarray(at, at + 4)];
  });
}
const near = (wanted: readonly number[]) => wanted.map((value) => expect.closeTo(value, -1.5));
const solid = (color: readonly number[]) => near([...color, 255]);
const jpegOf = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 255, g: 0, b: 0 } } })
    .composite([{ input: { create: { width: width / 2, height, channels: 3, background: { r: 0, g: 0, b: 255 } } }, gravity: 'east' }])
    .jpeg({ chromaSubsampling: '4:4:4' })
    .toBuffer();

const size = { width: 32, height: 24 };
const rgb = { ...size, mode: 3, halves: [[...LEFT], [...RIGHT]] as [number[], number[]] };

describe('the flat picture of a Photoshop file', () => {
  it.each([
    ['RGB', rgb],
    ['RGB, packed', { ...rgb, isPacked: true }],
    ['RGB, 16 bits, packed', { ...rgb, depth: 16 as const, isPacked: true }],
    ['PSB', { ...rgb, isLarge: true, isPacked: true }],
    [
      'a saved selection beside its colours',
      {
        ...rgb,
        halves: [
          [...LEFT, 0],
          [...RIGHT, 9],
        ] as [number[], number[]],
      },
    ],
    // Photoshop keeps ink as 0.
    [
      'CMYK',
      {
        ...size,
        mode: 4,
        halves: [
          [255, 0, 0, 255],
          [0, 0, 255, 255],
        ] as [number[], number[]],
        isPacked: true,
      },
    ],
    [
      'Lab',
      {
        ...size,
        mode: 9,
        halves: [
          [138, 209, 198],
          [75, 196, 20],
        ] as [number[], number[]],
        isPacked: true,
      },
    ],
    [
      'a palette',
      {
        ...size,
        mode: 2,
        halves: [[1], [2]] as [number[], number[]],
        palette: Buffer.concat(
          [
            [0, 255, 0],
            [0, 0, 0],
            [0, 0, 255],
          ].map((plane) => Buffer.concat([Buffer.from(plane), Buffer.alloc(253)])),
        ),
      },
    ],
  ])('is read: %s', async (name, written) => {
    const { facts, thumbnail } = await analyze('a.psd', writePsd(written));
    expect(facts).toMatchObject({
      kind: 'IMAGE',
      mediaType: 'image/vnd.adobe.photoshop',
      extension: 'psd',
      ...size,
      hasAlpha: false,
      warnings: [],
    });
    const halves = await halvesOf(thumbnail);
    // Ink as libvips' own profile has it; the deepest blue of a screen is not quite this one.
    const [red, blue] = {
      CMYK: [
        [237, 1, 1],
        [30, 8, 118],
      ],
      Lab: [LEFT, [0, 25, 255]],
    }[name] ?? [LEFT, RIGHT];
    expect(halves).toEqual([solid(red!), solid(blue!)]);
  });

  it('has its transparency, with the white taken out that is mixed into it', async () => {
    const { facts, thumbnail } = await analyze(
      'a.psd',
      writePsd({
        ...rgb,
        halves: [
          [255, 127, 127, 128],
          [0, 0, 255, 255],
        ],
        isSeeThrough: true,
      }),
    );
    expect(facts.hasAlpha).toBe(true);
    expect(await halvesOf(thumbnail)).toEqual([near([255, 0, 0, 128]), solid(RIGHT)]);
  });

  it('says what its blocks say', async () => {
    const xmp = Buffer.from(
      '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="Poster"/></rdf:RDF></x:xmpmeta>',
    );
    const density = Buffer.alloc(16);
    density.writeUInt32BE(300 * 65_536);
    const { icc } = await sharp(
      await sharp(await jpegOf(8, 8))
        .withIccProfile('p3')
        .jpeg()
        .toBuffer(),
    ).metadata();
    const { facts } = await analyze('a.psd', writePsd({ ...rgb, resources: { 1005: density, 1039: icc!, 1060: xmp } }));
    expect(facts).toMatchObject({ densityDpi: 300, hasIccProfile: true, embedded: { title: 'Poster' } });
  });

  it('is missing where it was not saved, which is said', async () => {
    const bytes = writePsd({ ...rgb, resources: { 1057: Buffer.from([0, 0, 0, 1, 0]) } });
    await expect(analyze('a.psd', bytes)).rejects.toMatchObject({
      code: 'MEDIA_UNSUPPORTED',
      message: expect.stringContaining('Maximize compatibility'),
    });
  });
});

describe('BMP', () => {
  it('is read, and its density', async () => {
    const { facts, thumbnail } = await analyze('a.bmp', writeBmp(33, 24));
    expect(facts).toMatchObject({ mediaType: 'image/bmp', width: 33, height: 24, hasAlpha: false, densityDpi: 150 });
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
  });

  it.each([8, 4] as const)('is unpacked from runs of %i bits, from below to above', async (bits) => {
    const palette = Buffer.from([0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 0, 0]);
    const row = bits === 8 ? [16, 0, 16, 1, 0, 0] : [16, 0x00, 16, 0x11, 0, 0];
    const pixels = Buffer.from([
      ...Array.from({ length: 18 }, () => row).flat(),
      ...Array.from({ length: 6 }, () => [32, bits === 8 ? 2 : 0x22, 0, 0]).flat(),
      0,
      1,
    ]);
    const { thumbnail } = await analyze('a.bmp', bmpOf({ ...size, bits, compression: bits === 8 ? 1 : 2, pixels, palette }));
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
    const { data } = await sharp(thumbnail!).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const top = (32 * 2 + 16) * 3;
    expect([...data.subarray(top, top + 3)]).toEqual(near([0, 255, 0]));
  });

  it('of 32 bits that leaves transparency at zero is opaque', async () => {
    const pixels = Buffer.concat(
      Array.from({ length: 32 * 24 }, (_, index) => Buffer.from(index % 32 < 16 ? [0, 0, 255, 0] : [255, 0, 0, 0])),
    );
    const { facts, thumbnail } = await analyze('a.bmp', bmpOf({ ...size, bits: 32, compression: 0, pixels }));
    expect(facts.hasAlpha).toBe(false);
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
  });
});

describe('an icon', () => {
  it('is its largest picture, PNG or bitmap', async () => {
    const png = await sharp(await jpegOf(64, 64))
      .png()
      .toBuffer();
    const both = await analyze(
      'favicon.ico',
      icoOf([
        { edge: 32, bytes: iconBitmap(32) },
        { edge: 64, bytes: png },
      ]),
    );
    expect(both.facts).toMatchObject({ mediaType: 'image/vnd.microsoft.icon', width: 64, height: 64 });
    const { facts, thumbnail } = await analyze(
      'favicon.ico',
      icoOf([
        { edge: 16, bytes: png.subarray(0, 40) },
        { edge: 32, bytes: iconBitmap(32) },
      ]),
    );
    expect(facts).toMatchObject({ width: 32, height: 32, hasAlpha: true });
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), [expect.any(Number), expect.any(Number), expect.any(Number), 0]]);
  });
});

describe('pictures by decoders in WebAssembly', () => {
  it.each([
    ['a.jxl', JXL, 'image/jxl'],
    ['a.jp2', JP2, 'image/jp2'],
    ['a.j2k', JP2.subarray(JP2.indexOf('ff4fff51', 0, 'hex')), 'image/jp2'],
  ])('%s', async (name, bytes, mediaType) => {
    const { facts, thumbnail } = await analyze(name, bytes);
    expect(facts).toMatchObject({ kind: 'IMAGE', mediaType, ...size, hasAlpha: false, warnings: [] });
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
  });
});

describe('colours by numbers instead of a profile', () => {
  it.each([
    ['Display P3', 12, [255, 0, 0]],
    ['BT.2020', 9, [255, 0, 0]],
    ['sRGB', 1, [235, 50, 35]],
  ])('%s', async (_, primaries, shown) => {
    const bytes = Buffer.from(AVIF);
    bytes.writeUInt16BE(primaries, bytes.indexOf('colrnclx') + 8);
    const { facts, thumbnail } = await analyze('a.avif', bytes);
    expect(facts).toMatchObject({ width: 64, height: 48, hasIccProfile: false });
    expect(await halvesOf(thumbnail)).toEqual([solid(shown), solid(shown)]);
  });
});

describe('a camera’s raw picture', () => {
  it('is shown as its camera developed it, upright, with a warning that this one is smaller', async () => {
    const { facts, thumbnail } = await analyze('DSC_0001.DNG', dngOf(await jpegOf(64, 32), 64, 32, 3));
    expect(facts).toMatchObject({ mediaType: 'image/x-raw', extension: 'dng', width: 64, height: 32, exif: { make: 'Vitrine' } });
    expect(facts.warnings).toEqual([expect.stringMatching(/64 × 32 pixels; the raw one has 128 × 64/)]);
    // Turned by half: the right side is the left one.
    expect(await halvesOf(thumbnail)).toEqual([solid(RIGHT), solid(LEFT)]);
    expect((await analyze('a.dng', dngOf(await jpegOf(64, 32), 64, 32, 6))).facts).toMatchObject({ width: 32, height: 64 });
  });

  it('without a picture in it is refused, by that reason', async () => {
    const bytes = dngOf(Buffer.alloc(64), 64, 32, 1);
    await expect(analyze('a.dng', bytes)).rejects.toMatchObject({ code: expect.stringMatching(/MEDIA_(UNSUPPORTED|CORRUPT)/) });
  });
});

describe('documents of office programs', () => {
  const word = (body: string) => `<w:document xmlns:w="urn:w" xmlns:mc="urn:mc"><w:body>${body}</w:body></w:document>`;

  it('DOCX: text without what is deleted or stands there twice, properties, and the picture of its first page', async () => {
    const body =
      '<w:p><w:r><w:t>Grüße</w:t><w:tab/><w:t>&amp; more</w:t></w:r></w:p><w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:t>new</w:t></w:r></w:p>' +
      '<w:p><mc:AlternateContent><mc:Choice><w:t>box</w:t></mc:Choice><mc:Fallback><w:t>box</w:t></mc:Fallback></mc:AlternateContent></w:p>';
    const { facts, thumbnail, parts } = await analyze(
      'a.docx',
      ooxmlOf('wordprocessingml.document', { 'word/document.xml': word(body), 'docProps/thumbnail.jpeg': await jpegOf(64, 48) }),
    );
    expect(facts).toMatchObject({
      kind: 'DOCUMENT',
      extension: 'docx',
      width: 64,
      height: 48,
      text: 'Grüße\t& more\nnew\nbox',
      appearance: 'DOCUMENT',
    });
    expect(facts.embedded).toMatchObject({ title: 'Press kit', creator: 'Ann', keywords: ['red', 'blue'] });
    expect(facts.exif?.takenAt).toBe('2024-05-06T07:08:09Z');
    expect(facts.palette.length).toBeGreaterThan(0);
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
    expect(parts.map(({ text }) => text).join(' ')).toContain('Grüße');
  });

  it('PPTX: slides in their order', async () => {
    const slide = (text: string) => `<p:sld xmlns:p="urn:p" xmlns:a="urn:a"><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:sld>`;
    const { facts, thumbnail } = await analyze(
      'a.pptx',
      ooxmlOf('presentationml.presentation', { 'ppt/slides/slide10.xml': slide('last'), 'ppt/slides/slide2.xml': slide('first') }),
    );
    expect(facts.text).toMatch(/^first\s+last$/);
    expect(thumbnail).toBeNull();
  });

  it('XLSX: its texts', async () => {
    const strings = '<sst xmlns="urn:x"><si><t>One</t></si><si><r><t>T</t></r><r><t>wo</t></r><rPh><t>トゥ</t></rPh></si></sst>';
    expect((await analyze('a.xlsx', ooxmlOf('spreadsheetml.sheet', { 'xl/sharedStrings.xml': strings }))).facts.text).toBe('One\nTwo');
  });

  it('OpenDocument: text, properties and picture', async () => {
    const content =
      '<o:document-content xmlns:o="urn:o" xmlns:text="urn:t"><text:h>Title</text:h><text:p>a<text:s/>b <text:span>c</text:span></text:p></o:document-content>';
    const meta =
      '<o:document-meta xmlns:o="urn:o" xmlns:dc="urn:dc" xmlns:meta="urn:m"><dc:title>Plan</dc:title><meta:keyword>one</meta:keyword><meta:keyword>two</meta:keyword></o:document-meta>';
    const picture = await sharp(await jpegOf(64, 48))
      .png()
      .toBuffer();
    const { facts, thumbnail } = await analyze(
      'a.odt',
      openDocumentOf('text', { 'content.xml': content, 'meta.xml': meta, 'Thumbnails/thumbnail.png': picture }),
    );
    expect(facts).toMatchObject({
      kind: 'DOCUMENT',
      extension: 'odt',
      text: 'Title\na b c',
      embedded: { title: 'Plan', keywords: ['one', 'two'] },
    });
    expect(await halvesOf(thumbnail)).toEqual([solid(LEFT), solid(RIGHT)]);
  });
});

describe('hostile files', () => {
  const huge = 200_000;
  const psd = writePsd(rgb);
  const docx = ooxmlOf('wordprocessingml.document', { 'word/document.xml': '<x/>' });
  const bomb = Buffer.alloc(60 * 1024 * 1024, ' ');
  it.each([
    ['a.psd', () => psd.subarray(0, psd.length - 100), 'MEDIA_CORRUPT'],
    ['a.psd', () => Buffer.concat([psd.subarray(0, 26), Buffer.alloc(200, 7)]), 'MEDIA_UNSUPPORTED'],
    ['a.psd', () => writePsd({ ...rgb, isPacked: true }).subarray(0, 120), 'MEDIA_CORRUPT'],
    [
      'a.psd',
      () => Buffer.concat([psd.subarray(0, 14), Buffer.from('00030d4000030d40', 'hex'), psd.subarray(22)]),
      'MEDIA_TOO_MANY_PIXELS',
    ],
    ['a.bmp', () => writeBmp(32, 24).subarray(0, 500), 'MEDIA_CORRUPT'],
    [
      'a.bmp',
      () =>
        writeBmp(32, 24, [
          [18, huge, 4],
          [22, huge, 4],
        ]),
      'MEDIA_TOO_MANY_PIXELS',
    ],
    ['a.bmp', () => writeBmp(32, 24, [[18, 0, 4]]), 'MEDIA_CORRUPT'],
    ['a.ico', () => icoOf([{ edge: 32, bytes: iconBitmap(32) }]).subarray(0, 300), 'MEDIA_CORRUPT'],
    ['a.jxl', () => JXL.subarray(0, 30), 'MEDIA_CORRUPT'],
    ['a.jp2', () => JP2.subarray(0, 200), 'MEDIA_CORRUPT'],
    [
      'a.jp2',
      () => Buffer.from(JP2.toString('hex').replace(/ff51002f0000000000200000/, 'ff51002f0000000300000003'), 'hex'),
      'MEDIA_TOO_MANY_PIXELS',
    ],
    ['a.docx', () => docx.subarray(0, docx.length - 60), 'MEDIA_CORRUPT'],
    ['a.docx', () => ooxmlOf('wordprocessingml.document', { 'word/document.xml': bomb }), 'MEDIA_CORRUPT'],
    [
      'a.docx',
      () => ooxmlOf('wordprocessingml.document', { 'word/document.xml': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' }),
      'MEDIA_CORRUPT',
    ],
  ])('%s ends with a clear error', async (name, make, code) => {
    await expect(analyze(name, make())).rejects.toMatchObject({ code, message: expect.stringContaining(name) });
  });
});
