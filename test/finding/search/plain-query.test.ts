import { readPlainQuery } from '../../../src/finding/search/plain-query.js';

it.each<[string, string, string[]]>([
  ['a beach without people', 'a beach', ['people']],
  ['a beach without any people at sunset', 'a beach at sunset', ['people']],
  ['no people', '', ['people']],
  ['not red', '', ['red']],
  ['a car, not red', 'a car', ['red']],
  ['a car that is not red', 'a car', ['red']],
  ['a car but not a red one on white', 'a car on white', ['red one']],
  ['fruit except apples', 'fruit', ['apples']],
  ['fruit except for apples and pears', 'fruit', ['apples', 'pears']],
  ['a street without people, cars or dogs', 'a street', ['people', 'cars', 'dogs']],
  ['a street without people, at night', 'a street, at night', ['people']],
  ['a cup with no text', 'a cup', ['text']],
  ['a cup with no text and no logo', 'a cup', ['text', 'logo']],
  ['a banner excluding buttons with a house', 'a banner with a house', ['buttons']],
  ['a house -tree', 'a house', ['tree']],
  ["pictures that don't show a dog", 'pictures', ['dog']],
  ['Flowers WITHOUT Leaves', 'Flowers', ['Leaves']],
  ['people', 'people', []],
  ['a no entry sign', 'a no entry sign', []],
  ['no smoking sign', 'no smoking sign', []],
  ['no smoking', '', ['smoking']],
  ['not only apples', 'not only apples', []],
  ['notebook', 'notebook', []],
  ['a nose', 'a nose', []],
  ['t-shirt, 2-in-1', 't-shirt, 2-in-1', []],
  ['a dog - brown', 'a dog - brown', []],
  ['without', 'without', []],
  ['no', 'no', []],
  ['without , .', 'without', []],
  ['a cat without without', 'a cat', ['without']],
])('reads %j', (query, text, without) => {
  expect(readPlainQuery(query)).toEqual({ text, without });
});

it('keeps every word of a query somewhere, and ends for whatever it is given', () => {
  for (const query of [
    'no '.repeat(300),
    'without a, '.repeat(90),
    '-a '.repeat(300),
    `${'not '.repeat(100)}x`,
    ', and or but '.repeat(70),
  ]) {
    const started = performance.now();
    const { text, without } = readPlainQuery(query);
    expect(typeof text).toBe('string');
    expect(Array.isArray(without)).toBe(true);
    expect(performance.now() - started).toBeLessThan(2_000);
  }
});
