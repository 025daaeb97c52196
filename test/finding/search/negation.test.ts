import { readNegations } from '../../../src/finding/search/negation.js';
import { cpuMs } from '../../support/cpu-time.js';

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
  ['without , .', 'without , .', []],
  ['a cat without without', 'a cat', ['without']],
  ['over there', 'over there', []],
  ['never settle', 'never settle', []],
  ['do not enter sign', 'do not enter sign', []],
  ['no swimming sign', 'no swimming sign', []],
  ['a street with no signs', 'a street', ['signs']],
  ['red without text.png', 'red', ['text.png']],
  ['sin city', 'sin city', []],
  ['sans serif', 'sans serif', []],
  ['ein Strand ohne Menschen', 'ein Strand', ['Menschen']],
  ['ohne Menschen', '', ['Menschen']],
  ['Haus ohne die Autos und Hunde am See', 'Haus am See', ['Autos', 'Hunde']],
  ['ein Bild, kein Text', 'ein Bild', ['Text']],
  ['une plage sans personnes', 'une plage', ['personnes']],
  ['sans texte ni logo', '', ['texte', 'logo']],
  ['une rue sans voitures à Nice', 'une rue à Nice', ['voitures']],
  ['playa sin personas', 'playa', ['personas']],
  ['sin personas ni coches', '', ['personas', 'coches']],
  ["maison, pas d'eau", 'maison', ['eau']],
  ['pas d’eau', '', ['eau']],
  ["une rue sans l'arbre", 'une rue', ['arbre']],
  ["il n'y a pas de texte", '', ['texte']],
  ['Wald, aber ohne Schnee', 'Wald', ['Schnee']],
  ['Stadt und keine Autos', 'Stadt', ['Autos']],
  ['weder Menschen noch Autos', '', ['Menschen', 'Autos']],
  ['neither people nor cars', '', ['people', 'cars']],
  ['a beach w/o people', 'a beach', ['people']],
  ['ville mais sans voitures', 'ville', ['voitures']],
  ['ciudad pero sin coches', 'ciudad', ['coches']],
  ['ningún coche', '', ['coche']],
  ['no hay personas', '', ['personas']],
  ['wagner ohne Text', 'wagner', ['Text']],
  ['una calle sin coches de noche', 'una calle', ['coches de noche']],
])('reads %j', (query, text, without) => {
  const read = readNegations(query);
  expect({ ...read, without: read.without.map(({ thing }) => thing) }).toEqual({ text, without });
});

it('keeps every word of a query somewhere, and ends for whatever it is given', () => {
  for (const query of [
    'no '.repeat(300),
    'without a, '.repeat(90),
    '-a '.repeat(300),
    `${'not '.repeat(100)}x`,
    ', and or but '.repeat(70),
  ]) {
    const started = cpuMs();
    const { text, without } = readNegations(query);
    expect(typeof text).toBe('string');
    expect(Array.isArray(without)).toBe(true);
    expect(cpuMs() - started).toBeLessThan(2_000);
  }
});
