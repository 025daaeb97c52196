import { Readable } from 'node:stream';
import { decodeText, decodeTextStream } from '../../../src/platform/files/text-encoding.js';

const swap = (bytes: Buffer) => Buffer.from(bytes).swap16();
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const WORDS = 'file,title\nGrüße.png,“Zürich” – 12 €\n東京.png,Ω 😀\n';
const WESTERN = Buffer.concat([Buffer.from('Gr\xfc\xdfe \x96 12 \x80 \x93so\x94', 'latin1')]);

describe('decodeText', () => {
  it.each<[string, Buffer, string]>([
    ['UTF-8', Buffer.from(WORDS), 'UTF-8'],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${WORDS}`), 'UTF-8'],
    ['UTF-16 little endian', utf16(`\ufeff${WORDS}`), 'UTF-16LE'],
    ['UTF-16 big endian', swap(utf16(`\ufeff${WORDS}`)), 'UTF-16BE'],
    ['UTF-16 little endian without a mark', utf16(WORDS), 'UTF-16LE'],
    ['UTF-16 big endian without a mark', swap(utf16(WORDS)), 'UTF-16BE'],
  ])('reads %s', (_, bytes, encoding) => {
    expect(decodeText(bytes)).toEqual({ text: WORDS, encoding, note: null });
  });

  it('reads what is none of these as Windows-1252, and says so', () => {
    expect(decodeText(WESTERN)).toEqual({
      text: 'Grüße – 12 € “so”',
      encoding: 'Windows-1252',
      note: expect.stringContaining('Windows-1252'),
    });
  });

  it('reads lines of two encodings each by its own', () => {
    const mixed = Buffer.concat([Buffer.from('Zoë\r\n'), WESTERN, Buffer.from('\rZoë')]);
    expect(decodeText(mixed)?.text).toBe('Zoë\r\nGrüße – 12 € “so”\rZoë');
  });

  it('is empty for nothing, and null for what is no text', () => {
    expect(decodeText(Buffer.alloc(0))?.text).toBe('');
    expect(decodeText(Buffer.from([0xff, 0x81, 0x8d]))).toBeNull();
    expect(decodeText(Buffer.concat([utf16('\ufeffab'), Buffer.from([0])]))).toBeNull();
    expect(decodeText(utf16('\ufeffab\ud800c'))).toBeNull();
  });

  it('leaves a character out that the end cuts', () => {
    expect(decodeText(Buffer.from('a€').subarray(0, 3), { isCut: true })).toEqual({ text: 'a', encoding: 'UTF-8', note: null });
    expect(decodeText(Buffer.from('Gr\xfc\na', 'latin1'), { isCut: true })?.text).toBe('Grü\na');
    expect(decodeText(utf16('\ufeffab').subarray(0, 5), { isCut: true })?.text).toBe('a');
  });

  it('does not take one stray NUL for UTF-16', () => {
    expect(decodeText(Buffer.from('a plain text with one stray \0 in it'))?.encoding).toBe('UTF-8');
  });
});

describe('decodeTextStream', () => {
  const read = async (bytes: Buffer, chunkByteSize: number) => {
    const notes: string[] = [];
    const chunks = Array.from({ length: Math.ceil(bytes.length / chunkByteSize) }, (_, at) =>
      bytes.subarray(at * chunkByteSize, (at + 1) * chunkByteSize),
    );
    let text = '';
    for await (const piece of decodeTextStream(Readable.from(chunks), (note) => notes.push(note))) text += piece;
    return { text, notes };
  };

  it('gives the same as the whole, wherever the stream is cut', async () => {
    const long = WORDS.repeat(30);
    const western = Buffer.concat([Buffer.from(long), WESTERN, Buffer.from(`\n${long}`)]);
    for (const bytes of [Buffer.from(`\ufeff${long}`), utf16(`\ufeff${long}`), swap(utf16(long)), western, WESTERN, Buffer.alloc(0)])
      for (const chunkByteSize of [1, 7, 600, 100_000]) {
        const whole = decodeText(bytes);
        expect(await read(bytes, chunkByteSize)).toEqual({ text: whole?.text, notes: whole?.note ? [whole.note] : [] });
      }
  });

  it('marks what is no text, and reads on', async () => {
    const { text } = await read(Buffer.concat([Buffer.from('Zoë\n'), Buffer.from([0xff, 0x81, 0x0a]), Buffer.from('Zoë')]), 3);
    expect(text).toBe('Zoë\nÿ\ufffd\nZoë');
  });

  it('does not gather a line without an end, and cuts it between characters', async () => {
    const long = '€'.repeat(1_000_000);
    expect((await read(Buffer.from(long), 65_536)).text === long).toBe(true);
  });
});
