import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { detectMediaType } from '../../../src/engines/media/media-type.js';
import { pictureFolder, wavesImage } from './support/pictures.js';

const folder = pictureFolder();
afterAll(folder.remove);

const detect = (name: string, bytes: Uint8Array | string) => detectMediaType(folder.file('probe', bytes), name);

describe('detectMediaType', () => {
  it.each([
    ['png', 'image/png'],
    ['jpeg', 'image/jpeg'],
    ['webp', 'image/webp'],
    ['gif', 'image/gif'],
    ['avif', 'image/avif'],
    ['tiff', 'image/tiff'],
  ] as const)('knows %s by its content', async (format, mediaType) => {
    const found = await detect(`picture.${format}`, await wavesImage(20, 20).toFormat(format).toBuffer());
    expect(found).toMatchObject({ mediaType, kind: 'IMAGE', warnings: [] });
    const unnamed = await detect('picture', await wavesImage(20, 20).toFormat(format).toBuffer());
    expect(unnamed.mediaType).toBe(mediaType);
  });

  it('accepts a picture under another picture’s name, with a warning', async () => {
    const found = await detect('photo.jpg', await wavesImage(20, 20).png().toBuffer());
    expect(found.mediaType).toBe('image/png');
    expect(found.extension).toBe('png');
    expect(found.warnings[0]).toMatch(/\.jpg.*PNG/);
  });

  it.each([
    ['SVG', 'logo.svg', '<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'],
    ['SVG with a prefix', 'logo.svg', '\ufeff<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', 'image/svg+xml'],
    ['plain text', 'notes.txt', 'Grüße aus Köln', 'text/plain'],
    ['text without extension', 'README', 'hello', 'text/plain'],
    ['Markdown', 'notes.MD', '# Title', 'text/markdown'],
    ['UTF-16 text', 'notes.txt', Buffer.from('\ufeffhello', 'utf16le'), 'text/plain'],
    ['UTF-16 text without a mark', 'notes.txt', Buffer.from('hello', 'utf16le'), 'text/plain'],
    ['Latin-1 text', 'notes.txt', Buffer.from('Grüße', 'latin1'), 'text/plain'],
  ])('knows %s', async (_, name, bytes, mediaType) => {
    expect((await detect(name, bytes)).mediaType).toBe(mediaType);
  });

  it.each(['Logo v2.1 final', 'Scan 3.2', 'notes., final'])('takes no part of the name %j for an ending', async (name) => {
    const png = await wavesImage(20, 20).png().toBuffer();
    expect(await detect(name, png)).toMatchObject({ mediaType: 'image/png', warnings: [] });
    expect((await detect(name, 'some text')).mediaType).toBe('text/plain');
  });

  it.each([
    ['text', 'a.png', 'just text', /\.png.*plain text/],
    ['HTML', 'a.jpg', '<!DOCTYPE html><html><script>1</script></html>', /\.jpg.*HTML/],
    ['a ZIP', 'a.webp', Buffer.from('504b0304140000000800', 'hex'), /\.webp.*ZIP/],
    ['HTML', 'a.svg', '<html><body><svg/></body></html>', /\.svg.*HTML/],
  ])('refuses %s named %s, naming both', async (_, name, bytes, message) => {
    await expect(detect(name, bytes)).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH', message: expect.stringMatching(message) });
  });

  it('refuses a picture named as something else', async () => {
    const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    await expect(detect('notes.txt', png)).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
    await expect(detect('page.html', png)).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
    await expect(detect('upload.tmp-17', png)).resolves.toMatchObject({ mediaType: 'image/png' });
  });

  it('takes a PDF for one by its content', async () => {
    for (const name of ['a.pdf', 'a', 'upload.tmp-17'])
      await expect(detect(name, '%PDF-1.7\n')).resolves.toMatchObject({ mediaType: 'application/pdf', kind: 'DOCUMENT' });
    for (const name of ['a.png', 'a.docx', 'a.txt'])
      await expect(detect(name, '%PDF-1.7\n')).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
  });

  it('takes a PDF for one behind up to 1,024 bytes', async () => {
    for (const before of ['\r\n\r\n', '\ufeff\n', '\0\0\0'])
      await expect(detect('a', `${before}%PDF-1.7\n`)).resolves.toMatchObject({ mediaType: 'application/pdf' });
    const sent = 'HTTP/1.1 200 OK\nContent-Type: application/pdf\n\n%PDF-1.7\n';
    await expect(detect('a.pdf', sent)).resolves.toMatchObject({ mediaType: 'application/pdf' });
    await expect(detect('a.pdf', Buffer.from('\xfe\xfd\x01%PDF-1.4\n', 'latin1'))).resolves.toMatchObject({ mediaType: 'application/pdf' });
    await expect(detect('about.txt', sent)).resolves.toMatchObject({ mediaType: 'text/plain' });
    await expect(detect('a.pdf', `${' '.repeat(1024)}%PDF-1.7\n`)).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
  });

  it('takes what Illustrator saves for the PDF that it is', async () => {
    await expect(detect('logo.ai', '%PDF-1.6\n')).resolves.toMatchObject({ mediaType: 'application/pdf', warnings: [] });
  });

  it.each([
    ['a.psd', Buffer.concat([Buffer.from('8BPS\0\x01', 'latin1'), Buffer.alloc(100)]), 'image/vnd.adobe.photoshop'],
    ['a.bmp', Buffer.concat([Buffer.from('BM', 'latin1'), Buffer.alloc(100)]), 'image/bmp'],
    ['a.ico', Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0]), Buffer.alloc(100)]), 'image/vnd.microsoft.icon'],
    ['a.jxl', Buffer.from('0000000c4a584c200d0a870a00000014667479706a786c20', 'hex'), 'image/jxl'],
    ['a.jp2', Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220000000006a703220', 'hex'), 'image/jp2'],
    ['a.jpf', Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220000000006a703220', 'hex'), 'image/jp2'],
  ])('knows %s by its content', async (name, bytes, mediaType) => {
    expect(await detect(name, bytes)).toMatchObject({ mediaType, kind: 'IMAGE', warnings: [] });
  });

  it('leaves a camera’s raw picture the extension that tells whose it is', async () => {
    const raw = Buffer.from('4949524f0800000018000000', 'hex');
    expect(await detect('P1.ORF', Buffer.concat([raw, Buffer.alloc(100)]))).toMatchObject({ mediaType: 'image/x-raw', extension: 'orf' });
  });

  it.each([
    ['a.tga', Buffer.concat([Buffer.from([0, 0, 2]), Buffer.alloc(100, 200)])],
    ['a.svgz', gzipSync('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a.mp3', Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1'), Buffer.from([0xff, 0xfb, 0x90, 0]), Buffer.alloc(500)])],
    ['a.exr', Buffer.from([1, 2, 3, 4, 5, 250])],
  ])('refuses %s under its own name, which is no name to change', async (name, bytes) => {
    const refused = await detect(name, bytes).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'MEDIA_UNSUPPORTED' });
    expect((refused as Error).message).not.toMatch(/right extension|damaged/);
  });

  it('advises no other name for what is accepted under none', async () => {
    const flif = Buffer.concat([Buffer.from('FLIF', 'latin1'), Buffer.alloc(100)]);
    const refused = await detect('a.png', flif).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'MEDIA_TYPE_MISMATCH', message: expect.stringMatching(/FLIF.*Accepted: PNG/) });
    expect((refused as Error).message).not.toMatch(/right extension/);
    await expect(detect('a.pdf', 'text')).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
  });

  it.each([
    ['an archive', 'a.zip', Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1')],
    ['JSON', 'a.json', '{"a": 1}'],
    ['unknown bytes', 'a.bin', Buffer.from([0, 1, 2, 3, 250, 251])],
    ['other XML', 'a.xml', '<?xml version="1.0"?><rss/>'],
    ['bytes of no encoding', 'a.txt', Buffer.from([0x47, 0x72, 0x81, 0xff, 0x8d])],
  ])('refuses %s and lists what is accepted', async (_, name, bytes) => {
    await expect(detect(name, bytes)).rejects.toMatchObject({
      code: 'MEDIA_UNSUPPORTED',
      message: expect.stringMatching(/Accepted: PNG.*Markdown/),
    });
  });

  it('tells an empty file and a picture’s name on damaged bytes apart', async () => {
    await expect(detect('a.png', '')).rejects.toMatchObject({ code: 'FILE_EMPTY' });
    await expect(detect('a.png', Buffer.from([0x88, 0x50, 0, 1, 2, 3]))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    await expect(detect('a.png', Buffer.from('\xe9PNX', 'latin1'))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
  });
});
