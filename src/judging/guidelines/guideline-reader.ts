import { type Document, LineCounter, parseDocument, stringify } from 'yaml';
import { allErrors, badInput, isVitrineError, VitrineError, VitrineErrors } from '../../errors.js';
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
    return { document: readGuidelineDocument(parsed.toJS({ maxAliasCount: 100 }) as unknown, field), locate };
  } catch (error) {
    // Aliases that stand for more than they should are the library's ReferenceError.
    if (error instanceof ReferenceError)
      throw badInput(field, '*', 'aliases (*) of anchors (&) of this file, 100 at most', `${field}: ${error.message}.`);
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
  const parsed = parseDocument(text, { lineCounter, prettyErrors: false, strict: true });
  // The library gives errors of its own for what exhausts its stack, one for each level.
  if (parsed.errors.some(({ message }) => message.includes('call stack')))
    throw badInput(field, '…', 'lists and maps that are not nested hundreds deep');
  const [first, ...rest] = [...parsed.errors, ...parsed.warnings].slice(0, 20).map(({ message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    const shown = text.split('\n', line)[line - 1]?.trim().slice(0, 80) ?? '';
    return badInput(field, shown, 'YAML 1.2 or JSON', `${field}: line ${line}, column ${col}: ${message}: ${JSON.stringify(shown)}.`);
  });
  if (first !== undefined) throw new VitrineErrors([first, ...rest]);
  return parsed;
}

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
