import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { describeItself } from '../../../src/engines/media/embedded-metadata.js';
import { readExif } from '../../../src/engines/media/exif.js';
import { isoDate } from '../../../src/engines/media/file-texts.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { tiffExif } from '../../../src/engines/media/tiff-exif.js';
import { videoTexts } from '../../../src/engines/media/video-tags.js';
import { alternatives, bag, describedPicture, xmpPacket } from '../../support/described-picture.js';
import { toldByExifTool } from '../../support/exif-tool.js';
import { makePdf } from '../../support/pdf-file.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { hasFfmpeg, makeVideo } from '../../support/video-file.js';

let media: MediaAnalyzer;
let root: string;
beforeAll(async () => {
  media = createMediaAnalyzer({ processes: 1, timeoutMs: 60_000 });
  root = await mkdtemp(path.join(tmpdir(), 'vitrine-said-'));
});
afterAll(async () => {
  await media.close();
  await rm(root, { recursive: true, force: true });
});

const saidIn = (packet: string) => describeItself({ xmp: Buffer.from(packet), texts: null });

/** What is found in a file into which another program has written these. */
async function foundIn(name: string, content: Buffer, tags: readonly string[], options: readonly string[] = []) {
  const file = path.join(root, name);
  await writeFile(file, content);
  toldByExifTool(file, tags, options);
  return (await media.analyze(file, { fileName: name })).facts;
}
const jpeg = async (seed: number) => describedPicture(seed, {});
const tiff = async (seed: number) =>
  sharp(await structuredPicture(seed, 'png'))
    .tiff()
    .toBuffer();

describe('a property of XMP is its namespace and its name', () => {
  const foreign = (packet: string) => packet.replace('rdf:about=""', 'rdf:about="" xmlns:acme="http://acme.example/ns/"');

  it.each([
    ['title', 'Right', alternatives('dc:title', { 'x-default': 'Right' }), alternatives('acme:title', { 'x-default': 'Wrong' })],
    ['keywords', ['right'], bag('dc:subject', ['right']), bag('acme:subject', ['wrong'])],
    ['copyright', 'Right', alternatives('dc:rights', { 'x-default': 'Right' }), '<acme:rights>Wrong</acme:rights>'],
    ['city', 'Right', '<photoshop:City>Right</photoshop:City>', '<acme:City>Wrong</acme:City>'],
    [
      'altText',
      'Right',
      alternatives('Iptc4xmpCore:AltTextAccessibility', { en: 'Right' }),
      '<acme:AltTextAccessibility>W</acme:AltTextAccessibility>',
    ],
  ])('%s', (field, value, right, wrong) => {
    for (const properties of [right + wrong, wrong + right])
      expect(saidIn(foreign(xmpPacket(properties))).embedded).toMatchObject({ [field]: value });
    expect(saidIn(foreign(xmpPacket(wrong))).embedded).toMatchObject({ [field]: Array.isArray(value) ? [] : null });
  });

  it('whatever its prefix is, declared or not, as an element, an attribute or a resource', () => {
    const dc = 'http://purl.org/dc/elements/1.1/';
    expect(saidIn(xmpPacket(`<x1:title xmlns:x1="${dc}">Plain</x1:title>`)).embedded?.title).toBe('Plain');
    expect(saidIn(xmpPacket('<dc:title>Kept</dc:title>').replace(`xmlns:dc="${dc}"`, '')).embedded?.title).toBe('Kept');
    const type = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
    for (const written of [
      `<Iptc4xmpExt:DigitalSourceType>\n ${type}\n</Iptc4xmpExt:DigitalSourceType>`,
      `<Iptc4xmpExt:DigitalSourceType rdf:resource='${type}/'/>`,
      '<Iptc4xmpExt:DigitalSourceType>trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>',
    ])
      expect(saidIn(xmpPacket(written)).digitalSourceType).toBe('trainedAlgorithmicMedia');
    const attribute = xmpPacket('').replace(
      'rdf:about=""',
      `rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="${type}"`,
    );
    expect(saidIn(attribute).digitalSourceType).toBe('trainedAlgorithmicMedia');
    expect(
      saidIn(foreign(xmpPacket('<acme:DigitalSourceType>trainedAlgorithmicMedia</acme:DigitalSourceType>'))).digitalSourceType,
    ).toBeNull();
  });

  it('is read in UTF-16 and in Windows-1252 too, and never holds what could not be read', () => {
    const packet = xmpPacket('<photoshop:City>Zürich</photoshop:City>').replace(/<\?xpacket[^>]*\?>/g, '');
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(packet, 'utf16le')]);
    for (const bytes of [utf16, Buffer.from(packet, 'latin1'), Buffer.concat([Buffer.from(packet), Buffer.alloc(9)])])
      expect(describeItself({ xmp: bytes, texts: null }).embedded?.city).toBe('Zürich');
    expect(saidIn(xmpPacket('<photoshop:City>Z\ufffdrich</photoshop:City>')).embedded?.city).toBe('Zrich');
  });
});

describe('keywords that are paths', () => {
  it.each([
    [
      'Lightroom',
      bag('dc:subject', ['Places', 'Europe', 'Paris', 'sunset']) + lr('Places|Europe|Paris', 'Places|Europe'),
      ['sunset', 'Places/Europe/Paris'],
    ],
    [
      'digiKam',
      `<d:TagsList xmlns:d="http://www.digikam.org/ns/1.0/"><rdf:Seq><rdf:li>People/Ann</rdf:li></rdf:Seq></d:TagsList>`,
      ['People/Ann'],
    ],
    ['two programs', bag('dc:subject', ['Ann']) + lr('People|Ann') + bag('digiKam:TagsList', ['People/Ann']), ['People/Ann']],
    ['a plain list', bag('dc:subject', ['Places|Bern', 'kind/banner']), ['Places/Bern', 'kind/banner']],
    ['single steps', lr('Solo'), ['Solo']],
  ])('by %s', (_, properties, keywords) => {
    const packet = xmpPacket(properties).replace('xmlns:dc=', 'xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:dc=');
    expect(saidIn(packet).embedded?.keywords).toEqual(keywords);
  });

  function lr(...paths: string[]): string {
    return bag('l:hierarchicalSubject', paths).replace(
      '<l:hierarchicalSubject',
      '<l:hierarchicalSubject xmlns:l="http://ns.adobe.com/lightroom/1.0/"',
    );
  }
});

it.each([
  ['2024-05-06T12:00:00+02:00', '2024-05-06T12:00:00+02:00'],
  ['2024:05:06 12:00:00', '2024-05-06T12:00:00'],
  ['2024-12-31T23:30:00.123-05:00', '2024-12-31T23:30:00.123-05:00'],
  ['2020-02-03T04:05:06.000000Z', '2020-02-03T04:05:06Z'],
  ['20240506T101112+0200', '2024-05-06T10:11:12+02:00'],
  ['1905', '1905'],
  ['1905-06', '1905-06'],
  ['1905:00:00 00:00:00', '1905'],
  ['19050600', '1905-06'],
  ['2024:05:06   :  :  ', '2024-05-06'],
  ['2024-05-06T25:00:00', '2024-05-06'],
  ['0000:00:00 00:00:00', null],
  ['    :  :     :  :  ', null],
  ['2023-02-29', null],
  ['2024-13-01', null],
  ['yesterday', null],
  ['', null],
])('the date %j is %j', (text, date) => {
  expect(isoDate(text)).toBe(date);
});

describe('the date of a picture', () => {
  const photo = (date: string) => `XMP-photoshop:DateCreated=${date}`;
  it.each([
    ['of a scan', ['EXIF:ModifyDate=2026:01:15 10:00:00', photo('1905-06-07'), 'IPTC:DateCreated=1905:06:07'], '1905-06-07'],
    ['by IPTC alone', ['EXIF:ModifyDate=2026:01:15 10:00:00', 'IPTC:DateCreated=1905:06:07'], '1905-06-07'],
    ['taken before made', ['EXIF:DateTimeOriginal=2001:02:03 04:05:06', photo('1905-06-07')], '2001-02-03T04:05:06'],
    ['made before digitized', ['EXIF:CreateDate=2026:01:15 10:00:00', photo('1905')], '1905'],
    ['of blanks', ['EXIF:DateTimeOriginal#=    :  :     :  :  ', 'EXIF:CreateDate=2007:02:19 01:02:03'], '2007-02-19T01:02:03'],
    ['of zeros', ['EXIF:DateTimeOriginal#=0000:00:00 00:00:00', 'XMP-xmp:CreateDate=2007-02-19T01:02:03Z'], '2007-02-19T01:02:03Z'],
    ['with its offset', ['EXIF:DateTimeOriginal=2001:02:03 04:05:06', 'EXIF:OffsetTimeOriginal=-03:30'], '2001-02-03T04:05:06-03:30'],
    ['with a fraction', [photo('2024-12-31T23:30:00.123-05:00')], '2024-12-31T23:30:00.123-05:00'],
    ['changed, where nothing else is told', ['EXIF:ModifyDate=2026:01:15 10:00:00'], '2026-01-15T10:00:00'],
  ])('%s', async (name, tags, date) => {
    const { exif } = await foundIn('dated.jpg', await jpeg(name.length), tags);
    expect(exif?.takenAt).toBe(date);
  });
});

it('EXIF that is no UTF-8 is Windows-1252', async () => {
  const latin = await foundIn(
    'latin.jpg',
    await jpeg(30),
    ['EXIF:Artist=José Muñoz', 'EXIF:Copyright=© Žofie “Z”'],
    ['-charset', 'exif=Latin'],
  );
  expect(latin.embedded).toMatchObject({ creator: 'José Muñoz', copyright: '© Žofie “Z”' });
  const utf8 = await foundIn('utf8.jpg', await jpeg(31), ['EXIF:Artist=Жанна', 'EXIF:ImageDescription=Grüße'], ['-charset', 'exif=UTF8']);
  expect(utf8.embedded).toMatchObject({ creator: 'Жанна', description: 'Grüße' });
  const bytes = Buffer.concat([Buffer.from([0x1c, 2, 80, 0, 4]), Buffer.from('José', 'latin1')]);
  expect(describeItself({ iptc: bytes, texts: null }).embedded?.creator).toBe('José');
});

it('what Windows writes is read, a title that stands twice once', async () => {
  const tags = [
    'IFD0:XPTitle=Tür',
    'EXIF:ImageDescription=Tür',
    'IFD0:XPKeywords=rot;offen',
    'IFD0:XPAuthor=Ann',
    'IFD0:XPComment=Ein Wort',
  ];
  const { embedded } = await foundIn('windows.jpg', await jpeg(32), tags, ['-charset', 'exif=UTF8']);
  expect(embedded).toMatchObject({ title: 'Tür', description: 'Ein Wort', keywords: ['rot', 'offen'], creator: 'Ann' });
});

it('a TIFF says what a JPEG says, wherever its directory lies', async () => {
  const tags = ['EXIF:Artist=Ann Artist', 'EXIF:Copyright=(c) Ann', 'EXIF:ImageDescription=A test', 'IFD0:XPTitle=Name', 'EXIF:Make=Maker'];
  const dates = ['EXIF:DateTimeOriginal=2001:02:03 04:05:06', 'EXIF:OffsetTimeOriginal=+02:00'];
  const { embedded, exif } = await foundIn('said.tif', await tiff(33), [...tags, ...dates]);
  expect(embedded).toMatchObject({ title: 'Name', description: 'A test', creator: 'Ann Artist', copyright: '(c) Ann' });
  expect(exif).toMatchObject({ takenAt: '2001-02-03T04:05:06+02:00', make: 'Maker' });
  for (const order of ['II', 'MM']) {
    const file = path.join(root, `${order}.jpg`);
    await writeFile(file, await jpeg(34));
    toldByExifTool(file, [`ExifByteOrder=${order}`, 'EXIF:Artist=Ann', 'EXIF:CreateDate=2007:02:19 01:02:03']);
    // The block of a JPEG is a TIFF without a picture.
    const block = (await sharp(file).metadata()).exif?.subarray(6) as Buffer;
    expect(block.toString('latin1', 0, 2)).toBe(order);
    await writeFile(`${file}.tif`, block);
    expect(readExif(await tiffExif(`${file}.tif`))).toMatchObject({ creator: 'Ann', dates: { digitized: '2007:02:19 01:02:03' } });
    await writeFile(`${file}.tif`, block.subarray(0, 20));
    expect(await tiffExif(`${file}.tif`)).toBeUndefined();
  }
});

it('a video says when it was taken and what it is called', async () => {
  const apple = {
    'com.apple.quicktime.creationdate': '2024-05-06T12:00:00+0200',
    creation_time: '2024-05-06T10:00:01.000000Z',
    title: 'Film',
  };
  expect(videoTexts(apple)).toMatchObject({ title: 'Film', dates: { original: '2024-05-06T12:00:00+0200' } });
  expect(videoTexts({ creation_time: '1904-01-01T00:00:00.000000Z' }).dates.digitized).toBeNull();
  expect(videoTexts({ TITLE: 'Film', ARTIST: 'Ann', DATE: '2019', COMMENT: 'Words' })).toMatchObject({
    ...{ title: 'Film', creator: 'Ann', description: 'Words', dates: { created: '2019' } },
  });
  if (!hasFfmpeg) return;
  for (const ending of ['mp4', 'mov', 'mkv', 'webm'] as const) {
    const [plain, named] = [path.join(root, `plain.${ending}`), path.join(root, `named.${ending}`)];
    await writeFile(plain, makeVideo([await structuredPicture(35, 'png')], ending));
    const tags = ['title=Mein Film', 'artist=Ann', 'copyright=© A', 'creation_time=2020-02-03T04:05:06Z'];
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', plain, '-c', 'copy', ...tags.flatMap((tag) => ['-metadata', tag]), named]);
    const { facts } = await media.analyze(named, { fileName: `named.${ending}` });
    expect(facts.embedded).toMatchObject({ title: 'Mein Film', creator: 'Ann', copyright: '© A' });
    expect(facts.exif?.takenAt).toBe('2020-02-03T04:05:06Z');
  }
});

it('videos and documents say what their XMP says, and a PDF what its information says', async () => {
  const xmp = ['XMP-dc:Title=Titel', 'XMP-dc:Subject=eins', 'XMP-dc:Subject=zwei', 'XMP-photoshop:DateCreated=1905-06-07'];
  const titled = { title: 'Titel', keywords: ['eins', 'zwei'] };
  const pdf = await foundIn('said.pdf', await makePdf([{ text: 'One' }]), xmp);
  expect([pdf.embedded, pdf.exif?.takenAt]).toMatchObject([titled, '1905-06-07']);
  const info = await foundIn('info.pdf', await makePdf([{ text: 'Two' }]), [
    'PDF:Title=1984',
    'PDF:Author=Ann',
    'PDF:Keywords=a, b',
    'PDF:Subject=Words',
  ]);
  expect(info.embedded).toMatchObject({ title: '1984', creator: 'Ann', keywords: ['a', 'b'], description: 'Words' });
  if (!hasFfmpeg) return;
  const video = await foundIn('said.mp4', makeVideo([await structuredPicture(36, 'png')]), xmp);
  expect([video.embedded, video.exif?.takenAt]).toMatchObject([titled, '1905-06-07']);
});
