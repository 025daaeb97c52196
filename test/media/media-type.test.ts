import sharp from 'sharp';
import { detectMediaType } from '../../src/media/media-type.js';
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
