import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { isVitrineError } from '../../../src/errors.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import { userUnitOf } from '../../../src/engines/media/pdf-user-unit.js';
import { makePdf, pdfOf } from '../../support/pdf-file.js';

let folder: string;
let media: MediaAnalyzer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-pdf-'));
  media = createMediaAnalyzer({ processes: 1 });
});
afterAll(async () => {
  await media.close();
  await rm(folder, { recursive: true, force: true });
});

const input: ImageInputSpec = {
  ...{ width: 16, height: 16, resize: { mode: 'exact', width: 16, height: 16 }, centerCrop: false, resample: 'bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 / 255 },
};
const plain = (background: string) =>
  sharp({ create: { width: 30, height: 30, channels: 3, background } })
    .png()
    .toBuffer();

async function analyze(fileName: string, content: Buffer, analyzer = media) {
  const file = path.join(folder, fileName);
  await writeFile(file, content);
  return analyzer.analyze(file, { fileName, input, thumbnail: { maxEdgePx: 64 } });
}

/** The code of the error, and that nothing about this machine is in its message. */
async function refusal(fileName: string, content: Buffer, analyzer = media): Promise<string> {
  const error = await analyze(fileName, content, analyzer).catch((caught: unknown) => caught);
  if (!isVitrineError(error)) return `none: ${JSON.stringify((error as { facts?: unknown }).facts)}`;
  expect(error.message).toContain(fileName);
  expect(error.message).not.toContain(folder);
  return error.code;
}

const centre = (pixels: Float32Array | null) =>
  [0, 1, 2].map((channel) => Math.round((pixels as Float32Array)[channel * 256 + 8 * 16 + 8]! * 255));

it('has pages with thumbnails, a text with page breaks, and passages', async () => {
  const content = await makePdf([
    { picture: await plain('#ff0000') },
    { picture: await plain('#0000ff') },
    { text: 'Terms of delivery.\nWe ship a bicycle within two days.' },
  ]);
  const { facts, pixels, thumbnail, parts } = await analyze('brochure.pdf', content);
  expect(facts).toMatchObject({
    ...{ kind: 'DOCUMENT', mediaType: 'application/pdf', extension: 'pdf', width: 400, height: 400, pageCount: 3, warnings: [] },
    ...{ perceptualHash: null, pixelHash: null, sharpness: null },
  });
  expect(facts.text!.split('\f').map((text) => text.trim().replace(/\s+/g, ' '))).toEqual([
    '',
    '',
    'Terms of delivery. We ship a bicycle within two days.',
  ]);
  expect(facts.parts.slice(0, 2)).toEqual(['page:2', 'page:3']);
  expect(
    parts
      .filter(({ text }) => text !== null)
      .map(({ text }) => text)
      .join(' '),
  ).toBe('Terms of delivery. We ship a bicycle within two days.');
  expect(facts.palette[0]).toMatchObject({ hex: '#ff0000' });
  expect([centre(pixels), centre(parts[0]!.pixels)]).toEqual([
    [255, 0, 0],
    [0, 0, 255],
  ]);
  expect(await sharp(thumbnail as Buffer).metadata()).toMatchObject({ format: 'webp', width: 64, height: 64 });
  expect(await sharp(parts[1]!.thumbnail as Buffer).metadata()).toMatchObject({ format: 'webp', width: 64 });
  const again = await media.modelInputs(path.join(folder, 'brochure.pdf'), input);
  expect(again.pixels).toEqual(pixels);
  expect(again.parts.map(({ part, text }) => [part, text])).toEqual(parts.map(({ part, text }) => [part, text]));
});

it('of a long document 100 pages are shown, and it says so', async () => {
  const analyzer = createMediaAnalyzer({ processes: 1, timeoutMs: 300_000 });
  try {
    const { facts } = await analyze(
      'long.pdf',
      await makePdf(Array.from({ length: 120 }, (_, n) => ({ text: `Page ${n + 1}.` }))),
      analyzer,
    );
    expect(facts).toMatchObject({ pageCount: 120, warnings: ['It has 120 pages; the first 100 can be found by what they show.'] });
    expect(facts.parts.filter((part) => part.startsWith('page:'))).toHaveLength(99);
  } finally {
    await analyzer.close();
  }
});

it('what is protected, cut off, empty or named otherwise is refused with a reason', async () => {
  const good = await makePdf([{ text: 'Hello' }]);
  expect(await refusal('locked.pdf', await makePdf([{ text: 'secret' }], { userPassword: 'x' }))).toBe('MEDIA_UNSUPPORTED');
  expect(await refusal('cut.pdf', good.subarray(0, 200))).toBe('MEDIA_CORRUPT');
  expect(await refusal('noise.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(5000, 0x81)]))).toBe('MEDIA_CORRUPT');
  expect(await refusal('no-pages.pdf', pdfOf(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [] /Count 0 >>']))).toBe(
    'MEDIA_CORRUPT',
  );
  expect(await refusal('picture.png', good)).toBe('MEDIA_TYPE_MISMATCH');
  expect(await refusal('not.pdf', await plain('#123456'))).toBe('MEDIA_TYPE_MISMATCH');
  expect(await refusal('garbage.pdf', Buffer.alloc(300, 0xfe))).toBe('MEDIA_CORRUPT');
});

describe('hostile documents', () => {
  const page = (contents: string, resources = '') =>
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents ${contents} /Resources << ${resources} >> >>`;
  const pages = '<< /Type /Pages /Kids [3 0 R] /Count 1 >>';
  const catalog = '<< /Type /Catalog /Pages 2 0 R >>';
  const stream = (head: string, body: Buffer) =>
    Buffer.concat([Buffer.from(`<< ${head} /Length ${body.length} >>\nstream\n`), body, Buffer.from('\nendstream')]);
  let hurried: MediaAnalyzer;
  beforeAll(() => {
    hurried = createMediaAnalyzer({ processes: 1, timeoutMs: 15_000 });
  });
  afterAll(() => hurried.close());

  const cases: Record<string, () => Buffer> = {
    'a page tree that holds itself': () => pdfOf([catalog, '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>']),
    'a form that draws itself': () =>
      pdfOf([
        catalog,
        pages,
        page('4 0 R', '/XObject << /X 5 0 R >>'),
        stream('', Buffer.from('/X Do')),
        stream('/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>', Buffer.from('/X Do /X Do /X Do')),
      ]),
    'a picture that claims 4 × 10^9 pixels': () =>
      pdfOf([
        catalog,
        pages,
        page('4 0 R', '/XObject << /I 5 0 R >>'),
        stream('', Buffer.from('200 0 0 200 0 0 cm /I Do')),
        stream(
          '/Type /XObject /Subtype /Image /Width 65000 /Height 65000 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode',
          deflateSync(Buffer.alloc(1000)),
        ),
      ]),
    'a stream that unpacks to a gigabyte': () =>
      pdfOf([
        catalog,
        pages,
        page('4 0 R'),
        stream('/Filter [/FlateDecode /FlateDecode]', deflateSync(deflateSync(Buffer.alloc(400_000_000, 0x20), { level: 9 }))),
      ]),
    'a page of 10^12 points': () =>
      pdfOf([catalog, pages, page('4 0 R').replace('[0 0 200 200]', '[0 0 1e12 1e12]'), stream('', Buffer.from('0 0 1e12 1e12 re f'))]),
    'millions of strokes': () =>
      pdfOf([catalog, pages, page('4 0 R'), stream('', Buffer.from('0 0 m 200 200 l 200 0 l S\n'.repeat(400_000)))]),
    'an action that runs a script, opens a file and calls home': () =>
      pdfOf([
        '<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (while(true){}) /Next << /S /URI /URI (http://127.0.0.1:9/) >> >> /AA << /WC << /S /Launch /F (/bin/sh) >> >> >>',
        pages,
        page('4 0 R'),
        stream('/F (/etc/passwd) /FFilter /FlateDecode', Buffer.from('0 0 9 9 re f')),
      ]),
  };

  it.each(Object.keys(cases))('%s ends in a picture or a refusal, and the next file is read as ever', async (name) => {
    const outcome = await refusal('hostile.pdf', cases[name]!(), hurried);
    expect(outcome).toMatch(/^(none|MEDIA_CORRUPT|MEDIA_TIMEOUT|MEDIA_DECODER_CRASHED)/);
    expect(outcome).not.toContain('root:');
    const { facts } = await analyze('good.pdf', await makePdf([{ text: 'Still here' }]), hurried);
    expect(facts.text?.trim()).toBe('Still here');
  });

  it('bytes changed at random harm nobody', async () => {
    const good = await makePdf([{ picture: await plain('#00ff00') }, { text: 'Some words' }], { compress: false });
    let state = 12345;
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state % below;
    };
    for (let round = 0; round < 40; round++) {
      const broken = Buffer.from(good);
      for (let i = 0; i < 30; i++) broken[8 + next(broken.length - 8)] = next(256);
      expect(await refusal('broken.pdf', broken, hurried)).toMatch(
        /^(none|MEDIA_CORRUPT|MEDIA_UNSUPPORTED|MEDIA_TIMEOUT|MEDIA_DECODER_CRASHED)/,
      );
    }
  });
});

/** A page with this content; further objects are 5 and on. */
const page = (content: string, extra = '', catalogue = '', more: string[] = []) =>
  pdfOf([
    `<</Type/Catalog/Pages 2 0 R${catalogue}>>`,
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    `<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R${extra}>>`,
    stream(content),
    ...more,
  ]);
const stream = (content: string, extra = '') => `<</Length ${content.length}${extra}>>\nstream\n${content}\nendstream`;

it('shows filled fields of forms, which belong to the page', async () => {
  const field = '<</Type/Annot/Subtype/Widget/FT/Tx/T(n)/V(Z)/DA(/F1 24 Tf 0 g)/Rect[20 20 280 180]/F 4/AP<</N 6 0 R>>>>';
  const look = stream('1 0 0 rg 0 0 260 160 re f', '/Type/XObject/Subtype/Form/BBox[0 0 260 160]');
  const form = page('0 0 1 rg 0 0 10 10 re f', '/Annots[5 0 R]', '/AcroForm<</Fields[5 0 R]>>', [field, look]);
  expect(centre((await analyze('form.pdf', form)).pixels)).toEqual([255, 0, 0]);
  // A field that is hidden is not shown.
  const hidden = page('', '/Annots[5 0 R]', '/AcroForm<</Fields[5 0 R]>>', [field.replace('/F 4', '/F 2'), look]);
  expect(centre((await analyze('form.pdf', hidden)).pixels)).toEqual([255, 255, 255]);
});

it('measures what a page shows: turned, cropped, behind other bytes', async () => {
  const red = '1 0 0 rg 0 0 300 200 re f';
  expect((await analyze('a.pdf', page(red, '/Rotate 90'))).facts).toMatchObject({ width: 267, height: 400 });
  expect((await analyze('a.pdf', page(red, '/CropBox[0 0 150 150]'))).facts).toMatchObject({ width: 200, height: 200 });
  const behind = Buffer.concat([Buffer.from('\r\n\r\n'), page(red)]);
  const { facts, pixels } = await analyze('a.pdf', behind);
  expect(facts).toMatchObject({ mediaType: 'application/pdf', width: 400, height: 267 });
  expect(centre(pixels)).toEqual([255, 0, 0]);
});

describe('the unit of a page', () => {
  const page = (unit: string) => `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 36] ${unit} >>`;
  const tree = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>'];

  it('makes it larger, and changes nothing of how it looks', async () => {
    const { facts } = await analyze('plan.pdf', pdfOf([...tree, page('/UserUnit 10')]));
    expect(facts).toMatchObject({ width: 960, height: 480 });
    expect((await analyze('plain.pdf', pdfOf([...tree, page('')]))).facts).toMatchObject({ width: 96, height: 48 });
  });

  it('is found where objects are packed, and is of that page alone', async () => {
    const [root, pages, first, second] = [
      tree[0]!,
      '<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>',
      page('/UserUnit 2.5'),
      page('/UserUnit 100'),
    ];
    expect((await analyze('two.pdf', pdfOf([root, pages, first, second]))).facts).toMatchObject({ width: 240, height: 120, pageCount: 2 });
    const inner = [pages, first, second];
    const places = inner.map((_, index) => `${index + 2} ${inner.slice(0, index).join(' ').length + (index > 0 ? 1 : 0)}`).join(' ');
    const packed = deflateSync(`${places} ${inner.join(' ')}`);
    const stream = (dictionary: string, bytes: Buffer) =>
      Buffer.concat([
        Buffer.from(`<< ${dictionary} /Filter /FlateDecode /Length ${bytes.length} >>\nstream\n`),
        bytes,
        Buffer.from('\nendstream'),
      ]);
    expect(userUnitOf(pdfOf([root, 'null', 'null', 'null', stream(`/Type /ObjStm /N 3 /First ${places.length + 1}`, packed)]))).toBe(2.5);
  });

  it.each(['/UserUnit 0', '/UserUnit -3', '/UserUnit 1e9', '/UserUnit 99999999'])('that makes no sense counts as 1: %s', (unit) => {
    expect(userUnitOf(pdfOf([...tree, page(unit)]))).toBe(1);
  });
});
