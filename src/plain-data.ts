import { badInput, type VitrineError } from './errors.js';

/** Levels of lists and objects in any data from outside. The deepest that means anything here is a guideline document, with twelve. */
export const MAX_NESTING = 40;

const SHALLOW = `lists and objects up to ${MAX_NESTING} levels deep`;
const PLAIN_TEXT = 'text without NUL characters and broken Unicode (half of a surrogate pair)';

/**
 * Whether data is nested too deeply for code that calls itself at every level. Nothing here does: JSON.parse does not either, so that
 * what it gives may be asked. 256 KiB of brackets take 5 ms.
 */
export function isDeep(value: unknown, levels = MAX_NESTING): boolean {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
}

/** @throws VitrineError BAD_USER_INPUT naming the entry of `value` that is nested too deeply */
export function requireShallow(value: unknown, field: string): void {
  if (isDeep(value)) throw tooDeep(value as object, field);
}

/**
 * Data that every part of this program can hold: PostgreSQL keeps no null characters, half a surrogate pair has no UTF-8, `__proto__` as a
 * key is lost on the way, and what is nested thousands deep exhausts the stack.
 * @throws VitrineError BAD_USER_INPUT with the path of what is not
 */
export function requirePlainData(value: unknown, field: string): void {
  requireShallow(value, field);
  requirePlain(value, field);
}

export function isPlainText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function requirePlain(value: unknown, path: string): void {
  if (typeof value === 'string' && !isPlainText(value)) throw badInput(path, value, PLAIN_TEXT);
  if (!isContainer(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!isPlainText(key)) throw badInput(path, key, `keys of ${PLAIN_TEXT}`);
    if (key === '__proto__') throw badInput(path, key, 'keys other than __proto__');
    requirePlain(inner, pathOf(path, value, key));
  }
}

function tooDeep(value: object, field: string): VitrineError {
  const key = Object.keys(value).find((name) => isDeep((value as Record<string, unknown>)[name], MAX_NESTING - 1));
  const path = key === undefined ? field : pathOf(field, value, key);
  return badInput(path, '…', SHALLOW, `${path}: is nested too deeply; allowed: ${SHALLOW}.`);
}

function pathOf(path: string, container: object, key: string): string {
  if (Array.isArray(container)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key.slice(0, 100)}`;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}
