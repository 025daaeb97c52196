import { badInput } from '../../errors.js';
import { normalText } from '../../platform/words/text-form.js';

// Controls, line and paragraph separators, and the sign for characters that were lost.
const UNREADABLE = /[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u;

/**
 * A name that people give to things: in its one form (see {@link normalText}), trimmed, runs of spaces made one.
 * @throws VitrineError BAD_USER_INPUT naming `field` when it is empty, longer than `maxLength` code points, or holds control characters
 */
export function readLabel(text: string, field: string, maxLength: number): string {
  const trimmed = text.trim();
  if (!trimmed.isWellFormed() || UNREADABLE.test(trimmed)) throw badInput(field, text, 'text without control characters');
  const label = normalText(trimmed)
    .replace(/\p{Zs}+/gu, ' ')
    .trim();
  const length = [...label].length;
  if (length < 1 || length > maxLength) throw badInput(field, text, `1 to ${maxLength} characters`);
  return label;
}

export const MAX_TAG_LENGTH = 100;

/** The one spelling of a tag: a label in lower case, a path without empty steps (`a / b/` is `a/b`). Throws as {@link readLabel} does. */
export function readTagName(text: string, field: string): string {
  // Again after lower-casing: a few letters become two characters, or compose anew.
  return readLabel(spellTagPath(readLabel(text, field, MAX_TAG_LENGTH)), field, MAX_TAG_LENGTH);
}

/** A tag as it is spelled, of a text that need not be one. */
export function spellTagPath(text: string): string {
  const steps = normalText(text).toLowerCase().split('/');
  return steps.flatMap((step) => step.trim() || []).join('/');
}
