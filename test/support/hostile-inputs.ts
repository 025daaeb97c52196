import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/** Where a value goes: the argument, then fields of input objects. Lists have one entry. */
export type Path = readonly string[];
export interface Leaf {
  path: Path;
  scalar: string;
  /** The input type and field, or the operation and argument: inputs that many operations share are one place. */
  place: string;
}

/** Good values by the name of a field or argument and its scalar. */
export type Sample = (name: string, scalar: string) => unknown;

/** Everything of a scalar type that an operation can be given, each input type once on a path. */
export function leavesOf(field: GraphQLField<unknown, unknown>): Leaf[] {
  return field.args.flatMap((argument) => walk(argument, [argument.name], `${field.name}(${argument.name})`, []));
}

function walk({ type }: GraphQLArgument | GraphQLInputField, path: Path, place: string, above: readonly string[]): Leaf[] {
  const named = getNamedType(type);
  if (isEnumType(named)) return [];
  if (!isInputObjectType(named)) return [{ path, scalar: named.name, place }];
  if (above.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((inner) =>
    walk(inner, [...path, inner.name], `${named.name}.${inner.name}`, [...above, named.name]),
  );
}

/** The fewest variables that fit an operation, with `value` at a path. */
export function variablesWith(field: GraphQLField<unknown, unknown>, sample: Sample, path: Path = [], value?: unknown): object {
  const given = field.args.filter((argument) => isRequiredArgument(argument) || argument.name === path[0]);
  return Object.fromEntries(
    given.map(({ name, type }) => [name, filled(type, name, sample, name === path[0] ? path.slice(1) : null, value)]),
  );
}

/** @param path to where `value` goes; null: it goes elsewhere */
function filled(type: GraphQLInputType, name: string, sample: Sample, path: Path | null, value: unknown): unknown {
  const bare = getNullableType(type);
  if (isListType(bare)) return [filled(bare.ofType, name, sample, path, value)];
  if (isEnumType(bare)) return bare.getValues()[0]?.name;
  if (!isInputObjectType(bare)) return path === null ? sample(name, bare.name) : value;
  const fields = Object.values(bare.getFields());
  const wanted = path?.[0] ?? (bare.isOneOf ? fields[0]?.name : undefined);
  const given = fields.filter((field) => field.name === wanted || (!bare.isOneOf && isRequiredInputField(field)));
  return Object.fromEntries(
    given.map((field) => [
      field.name,
      filled(field.type, field.name, sample, path !== null && field.name === path[0] ? path.slice(1) : null, value),
    ]),
  );
}

const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
const globalId = (text: string) => Buffer.from(text).toString('base64url');
const moment = (text: string) => [text, `${text}T00:00:00Z`];

/** What no text, id or JSON may hold: every place must refuse these. */
export const REFUSED: Record<string, readonly unknown[]> = {
  String: ['a\0b', 'half \ud83d of a pair'],
  ID: ['a\0b', '\udc00'],
  JSONObject: [{ a: 'a\0b' }, { 'a\0b': 1 }, { a: ['\ud800'] }, nested(500), JSON.parse('{"__proto__": {"a": 1}}')],
};

/** What may be accepted or not, and is at no place a fault of the program. */
export const ODD: Record<string, readonly unknown[]> = {
  String: [
    ...[
      '',
      ' ',
      'x'.repeat(100_000),
      'é'.repeat(3000),
      '\u202e\u200fright to left',
      '__proto__',
      'constructor',
      '%_\\',
      "'; --",
      '\u0001\u007f',
    ],
    ...[
      'null',
      '{"a":',
      '[[',
      '../../etc/passwd',
      '/dev/zero',
      'https://[::1',
      'file:///etc/passwd',
      '😀'.repeat(150),
      '\ufeff\ufffe\uffff',
    ],
    ...[globalId('[]'), globalId('["a","b"]'), globalId('Asset:'), '\n'.repeat(500), '-9999999999999999999999', '9'.repeat(400)],
  ],
  ID: [
    ...['', '1', 'x'.repeat(100_000), '__proto__', '\u202e', globalId('Asset:00000000-0000-4000-8000-000000000000')],
    ...[
      globalId('Asset:'),
      globalId('Tag:999999999'),
      globalId('Tag:99999999999999999999'),
      globalId("Brand:' OR 1=1"),
      globalId('Node:\0'),
    ],
    ...[globalId('constructor:x'), globalId('__proto__:00000000-0000-4000-8000-000000000000'), 'ÿ'],
  ],
  JSONObject: [
    ...[
      {},
      { a: null },
      { a: 1e308 },
      { a: {} },
      { a: [[[[]]]] },
      { '': 1 },
      { constructor: 1, toString: 'x', hasOwnProperty: null },
      nested(30),
    ],
    ...[
      Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`k${n}`, n])),
      { ['k'.repeat(20_000)]: 1 },
      { a: 'x'.repeat(100_000) },
      [],
      'x',
      1,
    ],
  ],
  Int: [-1, 0, 1, 2_147_483_647, -2_147_483_648, 2_147_483_648, 1.5, 'x', null],
  Float: [-1, 0, -0, 1e308, -1e308, 5e-324, 2 ** 53, 'x'],
  SafeInt: [-1, 0, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53],
  Boolean: ['true', 1],
  DateTimeISO: [
    '',
    '2026-02-30T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '+275760-09-13T00:00:00Z',
    '-000044-03-15T00:00:00Z',
  ],
  LocalDate: ['', '0000-01-01', '0001-01-01', '9999-12-31', '2026-02-30', ...moment('-000044-03-15'), ...moment('+275760-09-13')],
};

/** A cursor of the same list with one of its values replaced, or taken away. */
export function forgeCursor(cursor: string, pick: <T>(from: readonly T[]) => T): string {
  const content = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
  const at = 1 + pick(content.slice(1).map((_, index) => index));
  content[at] = pick<unknown>(
    ['a\0b', '\ud800', '', 1e308, -1, 0.5, 2 ** 53 - 1, 3_000_000_000, null, {}, [], true, 'x'.repeat(10_000), nested(500)].concat([
      '9999-99-99',
      '0000-01-01T00:00:00Z',
      '0000-01-01 00:00:00+00',
      '2026-13-45 99:99:99+00',
      '9999-12-31 23:59:59.999999+15:59',
      'NaN',
    ]),
  );
  if (pick([true, false, false, false])) content.splice(at, 1);
  return Buffer.from(JSON.stringify(content)).toString('base64url');
}

/** Numbers that look random and are the same for the same seed: xorshift, 32 bits. */
export function pickerOf(seed: number): <T>(from: readonly T[]) => T {
  let state = seed | 0 || 1;
  return (from) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return from[(state >>> 0) % from.length] as (typeof from)[number];
  };
}
