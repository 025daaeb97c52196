import { toDocument } from '../../../src/platform/words/document.js';
import { normalText } from '../../../src/platform/words/text-form.js';
import { toPhraseQuery, toTextQuery } from '../../../src/platform/words/text-query.js';
import { nameKey, orderKey, readWords } from '../../../src/platform/words/words.js';
import { sql } from '../../../src/platform/database/sql.js';
import { insertOrganization } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let organizationId: string;
beforeAll(async () => {
  test = await openTestDatabase();
  organizationId = await insertOrganization(test.database, 'words');
});
afterAll(() => test.close());

/** Whether each query finds its text, asked of the database. */
const findEach = (pairs: readonly (readonly [text: string, query: string])[], read = toTextQuery) =>
  test.database.asOrganization(organizationId, async (tx) => {
    const made = new Map<string, string>();
    for (const [text] of pairs) if (!made.has(text)) made.set(text, toDocument([{ text, weight: 'A' }]));
    const documents = pairs.map(([text]) => made.get(text));
    const rows = await tx.query<{ hit: boolean }>(sql`
      SELECT d.document::tsvector @@ d.query::tsquery AS hit
      FROM unnest(${documents}::text[], ${pairs.map(([, query]) => read(query))}::text[]) WITH ORDINALITY AS d (document, query, place) ORDER BY d.place`);
    return rows.map(({ hit }) => hit);
  });

const FOUND: readonly (readonly [string, string])[] = [
  ...(['IMG-1234', 'img_1234', 'img1234', '1234', 'img 1234', 'IMG-1234.jpg', '.jpg', 'ＩＭＧ－１２３４'] as const).map(
    (q) => ['IMG-1234.jpg', q] as const,
  ),
  ...(['covid 19', 'covid-19', 'COVID19'] as const).map((q) => ['COVID-19 poster', q] as const),
  ['4711-0815', '0815'],
  ['DS-7604NI', 'ds-7604'],
  ['Tasche rot/blau', 'blau'],
  ['AC/DC live', 'ac dc'],
  ['AC/DC live', 'acdc'],
  ['summer.campaign.final', 'summer campaign'],
  ['SummerCampaign2026', 'summer campaign'],
  ['SummerCampaign2026', 'summercampaign'],
  ['E-Mail', 'email'],
  ['email', 'e-mail'],
  ['1,500 people', '1500'],
  ['1500 people', '1,500'],
  ['1\u202f500 personnes', '1500'],
  ["O'Brien", 'obrien'],
  ['O’Brien', "o'brien"],
  ["rock'n'roll", 'rock n roll'],
  ['C++ for all', 'c++'],
  ['Learn C#', 'c#'],
  ['ASP.NET core', '.net'],
  ['press@kestavo.example', 'kestavo.example'],
  ['Café', 'cafe'],
  ['cafe', 'CAFÉ'],
  ['Größe', 'GRÖSSE'],
  ['Größe', 'groesse'],
  ['Groesse', 'Größe'],
  ['Straße', 'strasse'],
  ['Łódź', 'lodz'],
  ['ёлка', 'елка'],
  ['DIYARBAKIR', 'diyarbakır'],
  ['İstanbul', 'istanbul'],
  ['ΟΔΟΣ', 'οδος'],
  ['红色汽车广告', '汽车'],
  ['红色汽车广告', '车'],
  ['红色汽车广告', '广告 红色'],
  ['東京タワーの夜景', 'タワー'],
  ['ｶﾞﾗｽ', 'ガラス'],
  ['자동차를 타다', '자동차'],
  ['ภาพถ่ายสวย', 'ถ่าย'],
  ['🚗 summer', '🚗'],
  ['👍🏽 done', '👍'],
  ['family 👨‍👩‍👧', '👨‍👩‍👧'],
  ['zqkind/zqposter', 'zqkind'],
  ['zqkind/zqposter', 'zqkind/zqposter'],
  ['کتاب فارسی', 'كتاب'],
  ['مدرسة', 'مدرسه'],
  ['أحمد', 'احمد'],
  ['الكِتَابُ', 'الكتاب'],
  ['שָׁלוֹם', 'שלום'],
  ['٢٠٢٤ نشرة', '2024'],
  ['2024', '۲۰۲۴'],
  ['ปี ๒๕๖๗', '2567'],
  ['वर्ष २०२४', '2024'],
  ['カタカナ', 'かたかな'],
  ['ひらがな', 'ヒラガナ'],
  ['ﾊﾞﾅｰ', 'ばなー'],
  ['shoes for women', 'woman'],
  ['a child at play', 'children'],
  ['two firemen', 'fireman'],
  ['old person', 'people'],
  ['autumn leaf', 'leaves'],
  ['cars', 'car'],
  ['car', 'cars'],
  ['Die Häuser am See', 'haus'],
  ['Ein Haus mit Garten', 'Häuser'],
  ['les chevaux et une maison', 'maisons'],
  ['las casas de la playa', 'casa'],
  ['Kam\u00adpagne', 'kampagne'],
  ['The Who', 'the who'],
  ['to be or not to be', 'to be'],
  ['Mu\u0308ller', 'müller'],
];
const NOT_FOUND: readonly (readonly [string, string])[] = [
  ['C for all', 'c++'],
  ['fishing net', '.net'],
  ['a moth', 'mother'],
  ['corn', 'corner'],
  ['specimen', 'speciman'],
  ['mangrove', 'men'],
  ['IMG-12345.jpg', 'IMG-1234'],
  ['汽水车', '汽车'],
  ['summer', 'sum'],
  ['red', 'red car'],
];

it('finds texts by their words, however these are written', async () => {
  expect((await findEach(FOUND)).flatMap((hit, index) => (hit ? [] : [FOUND[index]]))).toEqual([]);
  expect((await findEach(NOT_FOUND)).flatMap((hit, index) => (hit ? [NOT_FOUND[index]] : []))).toEqual([]);
});

it('finds what is quoted as it stands', async () => {
  const hits = await findEach(
    [
      ['Doctors Without Borders gala', 'doctors without borders'],
      ['Doctors gala, no borders', 'doctors without borders'],
      ['red cars', 'red car'],
      ['AC/DC', 'ac/dc'],
      ['红色汽车', '色汽车'],
      ['红色 汽车', '红色 汽车'],
    ],
    toPhraseQuery,
  );
  expect(hits).toEqual([true, false, false, true, true, true]);
});

it('has no words where there are none, and keeps words of grammar where there are no others', () => {
  for (const text of ['', '!!!', '?', '-'.repeat(40), '—…', '\u200b', '®']) expect([text, toTextQuery(text)]).toEqual([text, null]);
  expect(toTextQuery('the')).not.toBeNull();
  expect(toTextQuery('the red car')).toBe(toTextQuery('red car'));
});

// A small generator of its own: the seed stands in the message of a failure.
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return state / 2 ** 32;
  };
}

const ALPHABETS = [
  'abcdefgXYZ',
  'äöüßéèñçłøå',
  'абвгдёйЖ',
  'αβγδΣς',
  '0123456789',
  '红色汽车广告',
  'あいアイー',
  '한국어자',
  'กขคาิ้',
  'אבגד',
  'ابتث',
  'हिन्दी',
  '٠١٢٩۴',
  'ک٫ى',
  '๑๒๙',
  'ıİiI',
  'ａｂ１２',
  'ﬁﬂ',
];
const JOINERS = [
  '-',
  '_',
  '.',
  '/',
  "'",
  '’',
  ',',
  '&',
  '+',
  '@',
  '#',
  '\u00ad',
  '\\',
  "''",
  ' ',
  '  ',
  '\u00a0',
  '\t',
  '🚗',
  '👩‍🚒',
  '★',
  '(',
  '"',
  ':',
  '*',
  '<->',
  '!',
  '|',
];

it('finds a text by whatever word stands in it, and by all of it', async () => {
  const seed = Number(process.env.VITRINE_WORDS_SEED ?? 1);
  const next = random(seed);
  const pick = <T>(list: ArrayLike<T>) => list[Math.floor(next() * list.length)] as T;
  const word = () => {
    const alphabet = [...pick(ALPHABETS)];
    return Array.from({ length: 1 + Math.floor(next() * 7) }, () => pick(alphabet)).join('');
  };
  const pairs: [string, string][] = [];
  for (let n = 0; n < 250; n += 1) {
    const text = normalText(Array.from({ length: 1 + Math.floor(next() * 6) }, () => `${word()}${pick(JOINERS)}`).join(''));
    const words = readWords(text);
    for (const asked of [text, ...text.split(/\s+/), ...words.map((piece) => piece.text)])
      if (toTextQuery(asked) !== null) pairs.push([text, asked]);
  }
  const missed = (await findEach(pairs)).flatMap((hit, index) => (hit ? [] : [pairs[index]]));
  expect({ seed, missed: missed.slice(0, 5) }).toEqual({ seed, missed: [] });
  const quoted = pairs.filter(([text, asked]) => text === asked);
  const unquoted = (await findEach(quoted, toPhraseQuery)).flatMap((hit, index) => (hit ? [] : [quoted[index]]));
  expect({ seed, unquoted: unquoted.slice(0, 5) }).toEqual({ seed, unquoted: [] });
});

it('names where words stand', () => {
  const text = 'Summer: C++ 红车 🚗';
  expect(readWords(text).map(({ from, to }) => text.slice(from, to))).toEqual(['Summer', 'C', '红', '车', '🚗']);
});

it('compares names by their words, and orders titles as people do', () => {
  expect(nameKey('IMG_1234.JPG')).toBe(nameKey('img-1234.jpg'));
  expect(nameKey('!!!')).toBe('!!!');
  const titles = ['Äpfel', 'Zebra', 'img 10', 'apple', 'img 2', 'Apfel', 'élan', 'elan', '007', '8', 'Éclair'];
  const ordered = [...titles].sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  expect(ordered).toEqual(['007', '8', 'Apfel', 'apple', 'Äpfel', 'Éclair', 'elan', 'élan', 'img 2', 'img 10', 'Zebra']);
});

it('gives texts that look alike one form', () => {
  expect(normalText('soft\u00adhyphen')).toBe('softhyphen');
  expect(normalText('a\u200bb\ufeff\u202ec')).toBe('abc');
  expect(normalText('Mu\u0308ller')).toBe('Müller');
  expect(normalText('می\u200cخواهم')).toBe('می\u200cخواهم');
  expect(normalText('👨\u200d👩\u200d👧')).toBe('👨\u200d👩\u200d👧');
  expect(normalText('a\u200d')).toBe('a');
});
