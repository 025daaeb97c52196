import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openPdf } from '../../../src/engines/media/pdf.js';
import { PdfDocument } from '../../../src/exchange/reports/pdf-document.js';
import { PdfFonts } from '../../../src/exchange/reports/pdf-fonts.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-scripts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lettersOf = (text: string) => [...text.replaceAll(' ', '')].sort();

async function written(text: string, options: PDFKit.Mixins.TextOptions = {}) {
  const fonts = await PdfFonts.for([text]);
  const doc = new PdfDocument(fonts, { size: 'A4', margin: 40 });
  const height = doc.font('Bold').fontSize(16).heightOfString(text, options);
  const before = doc.y;
  doc.text(text, options);
  const used = doc.y - before;
  doc.end();
  const content = await buffer(doc);
  const file = path.join(folder, `${crypto.randomUUID()}.pdf`);
  await writeFile(file, content);
  const pdf = await openPdf(file, 'scripts.pdf');
  pdf.close();
  return { text: (pdf.text ?? '').replace(/\s+/g, ' ').trim(), height, used, byteSize: content.length, fonts };
}

it.each([
  ['Japanese', '株式会社カメラ'],
  ['Chinese', '北京照相机有限公司（总部）'],
  ['Korean', '카메라 주식회사'],
  ['Thai', 'บริษัทกล้องถ่ายรูป ที่นี่'],
  ['Cyrillic', 'Фотокамера ООО'],
  ['Greek', 'Εταιρεία φωτογραφικών'],
  ['Armenian', 'Հայկական Տեսախցիկ'],
  ['Georgian', 'ქართული კამერა'],
  ['Amharic', 'የካሜራ ድርጅት'],
  ['Lao', 'ບໍລິສັດ'],
  ['two scripts', 'Brand 株式会社 & Фото'],
])('%s is written as it is, with the characters that occur alone', async (_, name) => {
  const { text, fonts, byteSize } = await written(name);
  // A reader tells marks above a letter, and gaps between letters, by where they stand.
  expect(lettersOf(text)).toEqual(lettersOf(name));
  for (const character of name.replace(/\s/g, '')) {
    const { font } = fonts.fontFor(character, name, 'Bold');
    expect([character, font.hasGlyphForCodePoint(character.codePointAt(0) as number)]).toEqual([character, true]);
  }
  expect(byteSize).toBeLessThan(100_000);
});

it.each([
  ['Hebrew', 'חברת המצלמות'],
  ['Arabic', 'شركة الكاميرا'],
])('%s is shaped, and read from right to left', async (_, name) => {
  const { text } = await written(name);
  expect(text.replaceAll(' ', '')).toBe(name.replaceAll(' ', ''));
  const fonts = await PdfFonts.for([name]);
  const { font } = fonts.fontFor(name[0] as string, name, 'Regular');
  const [first] = [...name];
  // The first letter stands last, in the shape that it has at the beginning of a word.
  const glyphs = font.layout(name.split(' ')[0] as string).glyphs;
  expect(glyphs.at(-1)?.codePoints).toEqual([first?.codePointAt(0)]);
});

it.each([
  ['Bengali', 'বাংলা ক্যামেরা'],
  ['Tamil', 'தமிழ் கேமரா'],
  ['Telugu', 'తెలుగు కెమెరా'],
  ['Gujarati', 'ગુજરાતી કેમેરા'],
  ['Punjabi', 'ਪੰਜਾਬੀ ਕੈਮਰਾ'],
  ['Kannada', 'ಕನ್ನಡ ಕ್ಯಾಮೆರಾ'],
  ['Malayalam', 'മലയാളം ക്യാമറ'],
  ['Sinhala', 'ශ්‍රී ලංකා කැමරා'],
  ['Khmer', 'ក្រុមហ៊ុនកាមេរ៉ា'],
  ['Burmese', 'ကင်မရာကုမ္ပဏီ'],
])('%s is shaped with a font that has all of it', async (_, name) => {
  const { fonts, text } = await written(name);
  expect(text.length).toBeGreaterThan(2);
  for (const word of name.split(' ')) {
    const { font, name: used } = fonts.fontFor(word, name, 'Regular');
    expect(used).toMatch(/^[a-z]+-[a-z]+-Regular$/);
    // Glyph 0 is the box of a character that a font does not have.
    expect([word, font.layout(word).glyphs.filter(({ id }) => id === 0).length]).toEqual([word, 0]);
  }
});

it('takes the Japanese form beside kana, the Korean beside hangul, else the Chinese', async () => {
  const texts = ['骨カ', '骨골', '骨'];
  const fonts = await PdfFonts.for(texts);
  expect(texts.map((text) => fonts.fontFor('骨', text, 'Regular').name.slice(0, 2))).toEqual(['jp', 'kr', 'sc']);
});

it('breaks lines where the script allows it, and ends with an ellipsis what does not fit', async () => {
  const name = '株式会社カメラ写真機製造販売'.repeat(6);
  const whole = await written(name, { width: 200 });
  expect(whole.text.replaceAll(' ', '')).toBe(name);
  expect(whole.used).toBeGreaterThan(3 * 16);
  expect(whole.height).toBeCloseTo(whole.used, 3);
  const cut = await written(name, { width: 200, height: 30, ellipsis: true });
  expect(cut.text).toMatch(/^株式会社.*…$/);
  expect(cut.used).toBeLessThan(31);
});

it('goes on without a character that no font has', async () => {
  expect((await written('株式 🚗 カメラ')).text).toContain('カメ');
});
