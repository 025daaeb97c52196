import { readWords } from '../../platform/words/words.js';
import { readNegations } from './negation.js';

/** A condition that was written into a query: `tag:summer`, `-is:approved`. */
export interface Operator {
  name: (typeof OPERATORS)[number];
  value: string;
  isNegated: boolean;
}

export interface PlainExclusion {
  text: string;
  /** Whether texts that have the words are left out too, as by `-"red car"`; by "without people" only what shows them. */
  isLiteral: boolean;
}

/** What a query in plain words asks for, and what it asks to leave out. */
export interface PlainQuery {
  /** What the pictures should show, each an alternative (`cat OR dog`); none when the query only says what they should not, or has conditions alone. */
  texts: string[];
  /** Quoted parts, which must stand so in texts or tags. */
  phrases: string[];
  without: PlainExclusion[];
  operators: Operator[];
}

export const OPERATORS = ['tag', 'brand', 'color', 'before', 'after', 'type', 'is'] as const;
const SPELLINGS: Readonly<Record<string, Operator['name']>> = { colour: 'color', since: 'after', kind: 'type', filetype: 'type' };
const QUOTES = `"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»`;
const QUOTED = new RegExp(QUOTES, 'gu');
const OPERATOR = new RegExp(
  String.raw`(?<=^|\s)(?<dash>[-–−])?(?<name>${[...OPERATORS, ...Object.keys(SPELLINGS)].join('|')}):(?<value>${QUOTES}|[^\s"]+)(?=\s|$)`,
  'giu',
);
const OR = /(?:^|\s+)OR(?:\s+|$)/u;
const AND = /(?<=\S\s+)AND(?=\s+\S)/gu;
/** `(red OR blue)`, and what is left out of it: `-(red OR blue)`. */
const CHOICE = /\(([^()]*\sOR\s[^()]*)\)/u;
const LESS_CHOICE = /(?<=^|\s)[-–−]\(([^()]*)\)/gu;
const MAX_ALTERNATIVES = 40;
/** Stands for a quoted part while negations are read: a character that no text has. */
const FIRST_MARK = 0xe000;
const MARK = /\p{Co}/gu;

/** Reads quotes, operators, `OR`, a minus before a word, and negations in words. Whatever it is given is read somehow. */
export function readPlainQuery(query: string): PlainQuery {
  const operators: Operator[] = [];
  const rest = query.replace(MARK, ' ').replace(OPERATOR, (...found) => {
    const { dash, name, value } = found.at(-1) as Record<string, string>;
    const lower = (name as string).toLowerCase();
    const text = unquote(value as string);
    if (text === '') return ' ';
    operators.push({ name: SPELLINGS[lower] ?? (lower as Operator['name']), value: text, isNegated: dash !== undefined });
    return ' ';
  });
  const quoted: string[] = [];
  const marked = rest
    .replace(LESS_CHOICE, (_, inside: string) =>
      inside
        .split(OR)
        .map((part) => `-"${unquote(part)}"`)
        .join(' '),
    )
    .replace(QUOTED, (part) => {
      const text = unquote(part);
      if (readWords(text).length === 0) return ' ';
      quoted.push(text);
      return ` ${String.fromCodePoint(FIRST_MARK + quoted.length - 1)} `;
    });
  const named = (mark: string) => quoted[(mark.codePointAt(0) as number) - FIRST_MARK] as string;
  // A minus stands right before what it takes away.
  const { text, without } = readNegations(marked.replace(/(?<=^|\s)([-–−])\s(?=\p{Co})/gu, '$1'));
  const alternatives = alternativesOf(text.replace(AND, ' ')).filter((one) => /\p{Co}/u.test(one) || readWords(one).length > 0);
  const isChoice = alternatives.length > 1;
  const phrases = isChoice ? [] : [...(alternatives[0] ?? '').matchAll(MARK)].map(([mark]) => named(mark));
  const plain = (marks: string) =>
    marks
      .replace(MARK, (mark) => (isChoice ? named(mark) : ' '))
      .replace(/["“”„«»]/g, ' ')
      .replace(/\s+/g, ' ')
      .replace(/^(?:[-–−]+ )+|(?: [-–−]+)+ ?$/g, '')
      .trim();
  return {
    texts: alternatives.map(plain).filter((one) => readWords(one).length > 0),
    phrases: [...new Set(phrases)],
    without: without.map(({ thing, isDashed }) => ({
      text: thing.replace(MARK, named).trim(),
      isLiteral: isDashed || /\p{Co}/u.test(thing),
    })),
    operators,
  };
}

/** The alternatives of a text: two of `cat OR dog`, and of `(red OR blue) car`. */
function alternativesOf(text: string): string[] {
  const open = [text];
  const plain: string[] = [];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const choice = CHOICE.exec(one);
    if (choice === null) plain.unshift(one);
    else open.push(...(choice[1] as string).split(OR).map((part) => one?.replace(CHOICE, () => part) as string));
    if (open.length + plain.length > MAX_ALTERNATIVES) return text.replace(/[()]/g, ' ').split(OR);
  }
  return [...new Set(plain.flatMap((one) => one.split(OR)).map((one) => one.trim()))];
}

/** A query that is read as these parts: what is left of one when a part is taken away. */
export function writePlainQuery({ texts, phrases, without, operators }: PlainQuery): string {
  const quote = (text: string) => `"${text.replace(/["“”„«»]/g, ' ')}"`;
  return [
    texts.join(' OR '),
    ...phrases.map(quote),
    ...operators.map(({ name, value, isNegated }) => `${isNegated ? '-' : ''}${name}:${/[\s"]/.test(value) ? quote(value) : value}`),
    ...without.map(({ text, isLiteral }) => (isLiteral ? `-${quote(text)}` : `without ${text}`)),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function unquote(text: string): string {
  return (text.match(/^["“„«](.*)["“”»]$/su)?.[1] ?? text).trim();
}
