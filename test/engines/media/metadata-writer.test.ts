import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { copyName, type WrittenMetadata, XMP } from '../../../src/engines/media/metadata-writer.js';
import { alternatives, bag, describedPicture, xmpPacket } from '../../support/described-picture.js';
import { makePdf } from '../../support/pdf-file.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { toldByExifTool } from '../../support/exif-tool.js';
import { hasFfmpeg, makeVideo } from '../../support/video-file.js';

let media: MediaAnalyzer;
let root: string;
beforeAll(async () => {
  media = createMediaAnalyzer({ processes: 1, timeoutMs: 60_000 });
  root = await mkdtemp(path.join(tmpdir(), 'vitrine-writer-'));
});
afterAll(async () => {
  await media.close();
  await rm(root, { recursive: true, force: true });
});

const said: WrittenMetadata = {
  title: 'Tür & <b>“中文”</b>',
  description: 'First line\n-EXIF:Artist=nobody\n@/etc/passwd  #[CSTR] &amp; 100 %',
  altText: 'A door, open',
  keywords: ['kind/banner', 'a, b', '日本', '-delete_original!'],
  creator: 'Ana Ünal',
  credit: 'Agency = A',
  copyright: '© Müller',
  usageTerms: 'Only until 2030; see $HOME `id`',
  city: 'Köln',
  country: 'Germany',
  digitalSourceType: 'trainedAlgorithmicMedia',
};
const nothing: WrittenMetadata = {
  ...{ title: null, description: null, altText: null, keywords: [], creator: null, credit: null },
  ...{ copyright: null, usageTerms: null, city: null, country: null, digitalSourceType: null },
};

async function write(content: Buffer | null, mediaType: string, metadata: WrittenMetadata): Promise<Buffer> {
  const folder = await mkdtemp(path.join(root, 'copy-'));
  // Without an ending, as in the store.
  const source = content === null ? null : path.join(root, createHash('sha256').update(content).digest('hex'));
  if (source !== null) await writeFile(source, content as Buffer);
  await media.writeMetadata({ source, mediaType, folder, metadata, fileName: 'door' });
  expect(await readdir(folder)).toEqual([copyName(mediaType)]);
  if (source !== null) expect(await readFile(source)).toEqual(content);
  return readFile(path.join(folder, copyName(mediaType)));
}

async function read(content: Buffer, ending: string) {
  const file = path.join(root, `${crypto.randomUUID()}.${ending}`);
  await writeFile(file, content);
  return media.analyze(file, { fileName: `door.${ending}` });
}

const types = { jpeg: 'jpg', png: 'png', webp: 'webp', tiff: 'tif', avif: 'avif' } as const;

it.each(Object.entries(types))('our own reader reads what is written into %s, whose pixels stay', async (format, ending) => {
  const picture = await sharp(await structuredPicture(1, 'png'))
    .toFormat(format as keyof typeof types)
    .toBuffer();
  const copy = await write(picture, `image/${format}`, said);
  const [before, after] = [(await read(picture, ending)).facts, (await read(copy, ending)).facts];
  const { digitalSourceType, ...embedded } = said;
  expect(after.embedded).toMatchObject(embedded);
  expect(after.digitalSourceType).toBe(digitalSourceType);
  expect(after.pixelHash).toMatch(/^[0-9a-f]{64}$/);
  expect(after.pixelHash).toBe(before.pixelHash);
  // A program that reads the same bytes again finds the same pixels.
  const pixels = (bytes: Buffer) => sharp(bytes).raw().toBuffer();
  expect((await pixels(copy)).equals(await pixels(picture))).toBe(true);
});

it('replaces what a file says in all places and languages, and leaves what it is not told about', async () => {
  const xmp = xmpPacket(
    alternatives('dc:title', { 'x-default': 'Old', de: 'Alt' }) +
      bag('dc:subject', ['old', 'older']) +
      '<photoshop:Credit>Old agency</photoshop:Credit><photoshop:Instructions>Keep me</photoshop:Instructions><photoshop:Headline>Old headline</photoshop:Headline>',
  );
  const picture = await describedPicture(2, {
    xmp,
    iptc: [
      [5, 'Old'],
      [25, 'old'],
      [80, 'Old hand'],
      [40, 'Keep these instructions'],
    ],
    exif: { ImageDescription: 'Old words', Artist: 'Old hand', Make: 'Kept camera' },
  });
  const copy = await write(picture, 'image/jpeg', { ...said, credit: null });
  expect((await read(copy, 'jpg')).facts.embedded).toMatchObject({ title: said.title, keywords: said.keywords, credit: 'Old agency' });
  const text = copy.toString('latin1');
  const texts = ['Keep me', 'Keep these instructions', 'Kept camera', 'Old headline', 'Alt<', 'Old words', 'Old hand', 'older'];
  expect(texts.filter((one) => text.includes(one))).toEqual(texts.slice(0, 4));

  const cleared = (await read(await write(copy, 'image/jpeg', nothing), 'jpg')).facts;
  expect(cleared.embedded).toMatchObject({ title: null, description: null, altText: null, keywords: [] });
  // Nobody's name is taken out of a file because the library does not know it.
  expect(cleared.embedded).toMatchObject({ creator: said.creator, copyright: said.copyright, city: said.city });
});

it('writes into documents, videos, animations and XMP files', async () => {
  for (const [content, type] of [
    [await makePdf([{ text: 'One page' }]), 'application/pdf'],
    ...(hasFfmpeg ? ([[makeVideo([await structuredPicture(1, 'png')]), 'video/mp4']] as const) : []),
    // The XMP of a GIF is read by other programs only.
    [
      await sharp(await structuredPicture(1, 'png'))
        .gif()
        .toBuffer(),
      'image/gif',
    ],
    [null, XMP],
  ] as const) {
    const copy = await write(content, type, said);
    expect(copy.toString()).toContain('Tür &amp; &lt;b&gt;“中文”&lt;/b&gt;');
    if (content !== null) expect(copy.length).toBeGreaterThan(content.length);
  }
});

it('says which files cannot carry metadata, and leaves nothing behind', async () => {
  const picture = await structuredPicture(1, 'png');
  for (const [content, type, message] of [
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml', 'image/svg+xml cannot carry metadata'],
    [picture.subarray(0, 60), 'image/png', 'into door: '],
    [Buffer.from('no picture'), 'image/jpeg', 'into door: '],
  ] as const) {
    const failure = write(content as Buffer, type, said);
    await expect(failure).rejects.toMatchObject({ code: 'METADATA_NOT_WRITABLE', message: expect.stringContaining(message) });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining(root) });
  }
});

describe('second homes of a field', () => {
  const homes = [
    ...['XMP-lr:HierarchicalSubject=Clients|Secret', 'XMP-lr:WeightedFlatSubject=Secret', 'XMP-digiKam:TagsList=Clients/Secret'],
    ...['XMP-microsoft:LastKeywordXMP=Secret', 'XMP-acdsee:Keywords=Secret', 'XMP-mediapro:CatalogSets=Secret', 'XMP-pdf:Keywords=Secret'],
    ...['IFD0:XPKeywords=Secret', 'IFD0:XPTitle=Secret', 'IFD0:XPSubject=Secret', 'IFD0:XPComment=Secret', 'EXIF:UserComment=Secret'],
    ...['XMP-tiff:ImageDescription=Secret', 'IPTC:SupplementalCategories=Secret', 'PNG:Title=Secret', 'PNG:Comment=Secret'],
    ...['ItemList:Title=Secret', 'Keys:Keywords=Secret', 'Keys:Title=Secret', 'UserData:Comment=Secret', 'ItemList:Comment=Secret'],
  ];
  const authors = ['IFD0:XPAuthor=Somebody', 'XMP-tiff:Artist=Somebody', 'PNG:Author=Somebody', 'ItemList:Artist=Somebody'];

  it.each([
    ['image/jpeg', () => structuredPicture(3, 'png').then((png) => sharp(png).jpeg().toBuffer())],
    ['image/png', () => structuredPicture(3, 'png')],
    ['image/tiff', () => structuredPicture(3, 'png').then((png) => sharp(png).tiff().toBuffer())],
    ['image/webp', () => structuredPicture(3, 'png').then((png) => sharp(png).webp().toBuffer())],
    ['video/mp4', async () => (hasFfmpeg ? makeVideo([await structuredPicture(3, 'png')]) : null)],
  ])('of %s are cleared, so that nothing that was taken away is delivered', async (type, make) => {
    const content = await make();
    if (content === null) return;
    const ending = copyName(type).split('.')[1] as string;
    const file = path.join(root, `homes.${ending}`);
    await writeFile(file, content);
    toldByExifTool(file, [...homes, ...authors]);
    expect(saidIn(await readFile(file))).toEqual([true, true]);
    const copy = await write(await readFile(file), type, { ...nothing, keywords: ['public'] });
    // Nobody's name is taken out of a file because the library does not know it.
    expect(saidIn(copy)).toEqual([false, true]);
    expect(saidIn(await write(await readFile(file), type, said))).toEqual([false, false]);
  });

  /** Whether it says the one or the other, in UTF-8 or UTF-16. */
  function saidIn(content: Buffer): [boolean, boolean] {
    const has = (text: string) => content.includes(text) || content.includes(Buffer.from(text, 'utf16le'));
    return [has('Secret'), has('Somebody')];
  }
});
