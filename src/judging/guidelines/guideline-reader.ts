import { type Document, type ErrorCode as YamlErrorCode, Lexer, LineCounter, parseDocument, Parser, stringify } from 'yaml';
import { allErrors, badInput, isVitrineError, VitrineError, VitrineErrors } from '../../errors.js';
import { MAX_NESTING, requirePlainData } from '../../plain-data.js';
import { readTagName } from '../../library/tags/label.js';
import { guidelineDocument, type GuidelineDocument } from './guideline-document.js';
import { readBy } from '../rules/read-input.js';

export type GuidelineTextFormat = 'YAML' | 'JSON';

const MAX_CHARACTERS = 1_000_000;

/** A guideline file that was read: what it says, and where each part of it stands. */
export interface GuidelineText {
  document: GuidelineDocument;
  /** The same errors, with the line of the file that each is about. */
  locate(error: VitrineError): VitrineError;
}

/**
 * A guideline file, YAML or JSON (which is YAML).
 * @throws VitrineErrors BAD_USER_INPUT, all faults of the text, or else all of what it says, each with its path and line
 */
export function readGuidelineText(text: string, field = 'document'): GuidelineText {
  if (text.length > MAX_CHARACTERS) throw badInput(field, `${text.length} characters`, `at most ${MAX_CHARACTERS} characters`);
  const lines = new LineCounter();
  const parsed = parse(text, lines, field);
  const locate = (error: VitrineError) => withLines(error, parsed, lines, field);
  try {
    const value: unknown = parsed.toJS({ maxAliasCount: 100 });
    requirePlainData(value, field);
    return { document: readGuidelineDocument(value, field), locate };
  } catch (error) {
    // Aliases that stand for more than they should are the library's ReferenceError.
    if (error instanceof ReferenceError) throw badInput(field, '*', 'aliases (*) of anchors (&) of this file, 100 at most');
    throw isVitrineError(error) ? locate(error) : error;
  }
}

/** A document as text: what {@link readGuidelineText} reads again. */
export function writeGuidelineText(document: GuidelineDocument, format: GuidelineTextFormat): string {
  return format === 'JSON'
    ? `${JSON.stringify(document, null, 2)}\n`
    : stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}

/**
 * Brands with palettes, sections and rules as one document, parameters of all rules included.
 * @throws VitrineErrors BAD_USER_INPUT with the path of every fault, such as `document.brands[0].guidelines[0].rules[2].parameters.minShare`
 */
export function readGuidelineDocument(value: unknown, field = 'document'): GuidelineDocument {
  const faults: VitrineError[] = [];
  let document: GuidelineDocument | null = null;
  try {
    document = readBy(guidelineDocument, value, field);
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    faults.push(...allErrors(error));
  }
  faults.push(...crossFaults(value, field));
  const [first, ...rest] = faults;
  if (first !== undefined) throw new VitrineErrors([first, ...rest]);
  return document as GuidelineDocument;
}

function parse(text: string, lineCounter: LineCounter, field: string): Document.Parsed {
  requireShallowText(text, field);
  const parsed = parseDocument(text, { lineCounter, prettyErrors: false, strict: true });
  const [first, ...rest] = [...parsed.errors, ...parsed.warnings].slice(0, 20).map(({ code, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    const shown = text.split('\n', line)[line - 1]?.trim().slice(0, 80) ?? '';
    return badInput(
      field,
      shown,
      'YAML 1.2 or JSON',
      `${field}: line ${line}, column ${col}: ${YAML_FAULTS[code] ?? 'this is not YAML 1.2'}: ${JSON.stringify(shown)}.`,
    );
  });
  if (first !== undefined) throw new VitrineErrors([first, ...rest]);
  return parsed;
}

/** The library composes what it has parsed by a call for every level; its parser keeps a stack of its own. */
function requireShallowText(text: string, field: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    // Each level is up to three entries of it, and the document one.
    if (parser.stack.length > 3 * MAX_NESTING + 1) throw badInput(field, '…', `lists and maps up to ${MAX_NESTING} levels deep`);
  }
}

/** What the library's codes mean. */
const YAML_FAULTS: Partial<Record<YamlErrorCode, string>> = {
  BAD_ALIAS: 'an alias (*) without its anchor (&)',
  BAD_DQ_ESCAPE: 'an escape (\\) that is none',
  BAD_INDENT: 'this is indented further or less than it should be',
  BLOCK_AS_IMPLICIT_KEY: 'a map or list begins on the line of another; a value with ": " in it needs quotation marks',
  DUPLICATE_KEY: 'this key stands in its map already',
  MISSING_CHAR: 'something is not closed, or a comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with its colon',
  MULTIPLE_DOCS: 'a file holds one document',
  TAB_AS_INDENT: 'a tab indents this; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!) that is not known',
  UNEXPECTED_TOKEN: 'this does not belong here',
};

function withLines(error: VitrineError, parsed: Document.Parsed, lines: LineCounter, field: string): VitrineError {
  const [first, ...rest] = allErrors(error).map((one) => {
    const line = one.field === undefined ? null : lineOf(one.field.slice(field.length), parsed, lines);
    if (line === null) return one;
    return new VitrineError(one.code, `${one.message} (line ${line})`, {
      ...(one.field !== undefined && { field: one.field }),
      ...(one.value !== undefined && { value: one.value }),
      ...(one.allowed !== undefined && { allowed: one.allowed }),
      cause: one,
    });
  });
  return new VitrineErrors([first as VitrineError, ...rest]);
}

/** The line of what stands at a path, or of the nearest thing around it that is there. */
function lineOf(path: string, parsed: Document.Parsed, lines: LineCounter): number | null {
  const keys = [...path.matchAll(/\[(\d+)\]|\.([^.[\]]+)/g)].map(([, index, name]) => (index === undefined ? name : Number(index)));
  for (let length = keys.length; length > 0; length--) {
    const node = parsed.getIn(keys.slice(0, length), true) as { range?: [number, number, number] | null } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return null;
}

type Loose = Record<string, unknown>;
const objects = (value: unknown): Loose[] =>
  (Array.isArray(value) ? value : []).map((entry) => (entry !== null && typeof entry === 'object' ? (entry as Loose) : {}));

/** What one part says against another. Looks at the raw value, so that a fault elsewhere does not hide it. */
function crossFaults(value: unknown, field: string): VitrineError[] {
  const faults: VitrineError[] = [];
  const once = (entries: readonly Loose[], key: string, at: string, spell = (text: string) => text) => {
    const seen = new Map<string, number>();
    for (const [index, { [key]: name }] of entries.entries()) {
      if (typeof name !== 'string') continue;
      const before = seen.get(spell(name));
      if (before === undefined) seen.set(spell(name), index);
      else {
        const path = `${at}[${index}].${key}`;
        faults.push(badInput(path, name, 'each once', `${path}: ${JSON.stringify(name)} is already at ${at}[${before}]. Give each once.`));
      }
    }
  };
  const brands = objects((value as Loose | null)?.brands);
  once(brands, 'key', `${field}.brands`);
  for (const [b, brand] of brands.entries()) {
    const at = `${field}.brands[${b}]`;
    once(objects(brand.palette), 'hex', `${at}.palette`, (hex) =>
      hex
        .trim()
        .toLowerCase()
        .replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3'),
    );
    once(objects(brand.marks), 'name', `${at}.marks`);
    const guidelines = objects(brand.guidelines);
    once(guidelines, 'key', `${at}.guidelines`);
    once(guidelines, 'name', `${at}.guidelines`);
    for (const [g, { sections, rules }] of guidelines.entries()) {
      const there = `${at}.guidelines[${g}]`;
      once(objects(rules), 'key', `${there}.rules`);
      const count = Array.isArray(sections) ? sections.length : 0;
      for (const [r, rule] of objects(rules).entries()) {
        if (Number.isInteger(rule.section) && (rule.section as number) >= count)
          faults.push(badInput(`${there}.rules[${r}].section`, rule.section, `the position of one of the ${count} sections, from 0`));
        for (const [t, tag] of (Array.isArray(rule.scopeTags) ? rule.scopeTags : []).entries()) {
          const fault = typeof tag === 'string' && faultOf(() => readTagName(tag, `${there}.rules[${r}].scopeTags[${t}]`));
          if (fault) faults.push(fault);
        }
      }
    }
  }
  return faults;
}

function faultOf(check: () => unknown): VitrineError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (isVitrineError(error)) return error;
    throw error;
  }
}
