import { type PlainQuery, readPlainQuery, writePlainQuery } from '../../../src/finding/search/plain-query.js';
import { cpuMs } from '../../support/cpu-time.js';

const read = (part: Partial<PlainQuery>): PlainQuery => ({ texts: [], phrases: [], without: [], operators: [], ...part });
const left = (text: string, isLiteral = false) => ({ text, isLiteral });
const operator = (name: PlainQuery['operators'][number]['name'], value: string, isNegated = false) => ({ name, value, isNegated });

it.each<[string, Partial<PlainQuery>]>([
  ['a beach without people', { texts: ['a beach'], without: [left('people')] }],
  ['house -"red car"', { texts: ['house'], without: [left('red car', true)] }],
  ['house - "red car"', { texts: ['house'], phrases: ['red car'] }],
  ['house -', { texts: ['house'] }],
  ['a dog - brown', { texts: ['a dog - brown'] }],
  ['(red OR blue) car', { texts: ['red car', 'blue car'] }],
  ['old (red OR blue) car OR boat', { texts: ['old red car', 'boat', 'old blue car'] }],
  ['((red OR blue) OR green) car', { texts: ['red car', 'green car', 'blue car'] }],
  ['house -(tree OR "old car")', { texts: ['house'], without: [left('tree', true), left('old car', true)] }],
  ['Harbour (2024)', { texts: ['Harbour (2024)'] }],
  ['red AND blue', { texts: ['red blue'] }],
  ['AND', { texts: ['AND'] }],
  ['house without "red car" and dogs', { texts: ['house'], without: [left('red car', true), left('dogs')] }],
  ['a house -tree', { texts: ['a house'], without: [left('tree', true)] }],
  ['"doctors without borders"', { phrases: ['doctors without borders'] }],
  ['“never settle” poster', { texts: ['poster'], phrases: ['never settle'] }],
  ['«sans texte» affiche', { texts: ['affiche'], phrases: ['sans texte'] }],
  ['cat OR dog', { texts: ['cat', 'dog'] }],
  ['"red car" OR boat', { texts: ['red car', 'boat'] }],
  ['cat or dog', { texts: ['cat or dog'] }],
  ['tag:summer beach', { texts: ['beach'], operators: [operator('tag', 'summer')] }],
  ['-tag:"spring sale/2026" TYPE:png', { operators: [operator('tag', 'spring sale/2026', true), operator('type', 'png')] }],
  ['colour:red since:2026', { operators: [operator('color', 'red'), operator('after', '2026')] }],
  ['is:approved', { operators: [operator('is', 'approved')] }],
  ['brand: x', { texts: ['brand: x'] }],
  ['https://a.example/x', { texts: ['https://a.example/x'] }],
  ['over there', { texts: ['over there'] }],
  ['"unclosed', { texts: ['unclosed'] }],
  ['🚗', { texts: ['🚗'] }],
  ['""', {}],
  ['!!!', {}],
  ['OR', {}],
  ['-'.repeat(40), {}],
])('reads %j', (query, expected) => {
  expect(readPlainQuery(query)).toEqual(read(expected));
});

it.each(['a house -tree', '"never settle" poster', '-tag:"a b" cat OR dog is:approved', 'tag:x'])(
  'writes %j so that it is read alike',
  (query) => {
    const once = readPlainQuery(query);
    expect(readPlainQuery(writePlainQuery(once))).toEqual(once);
  },
);

it('reads whatever it is given, in bounded time', () => {
  for (const query of [
    '"'.repeat(999),
    '-"'.repeat(400),
    'tag:"'.repeat(150),
    'OR '.repeat(300),
    '('.repeat(900),
    '(a OR b) '.repeat(110),
    '-('.repeat(400),
    '\ue000'.repeat(500),
    '«'.repeat(500),
  ]) {
    const started = cpuMs();
    const { texts } = readPlainQuery(query);
    expect(texts.every((text) => !/\p{Co}/u.test(text))).toBe(true);
    expect(cpuMs() - started).toBeLessThan(2_000);
  }
});
