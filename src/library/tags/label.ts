import { badInput } from '../../errors.js';

// Controls, line and paragraph separators, invisible and direction-changing characters: two labels that look alike must be alike.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/u;

/**
 * A name that people give to things: trimmed, NFC, runs of spaces made one.
 * @throws VitrineError BAD_USER_INPUT naming `field` when it is empty, longer than `maxLength` code points, or holds control characters
 */
export function readLabel(text: string, field: string, maxLength: number): string {
  const trimmed = text.trim();
  if (!trimmed.isWellFormed() || UNSEEN.test(trimmed)) {
    throw badInput(field, text, 'text without control or invisible characters');
  }
  const label = trimmed.normalize('NFC').replace(/\p{Zs}+/gu, ' ');
  const length = [...label].length;
  if (length < 1 || length > maxLength) throw badInput(field, text, `1 to ${maxLength} characters`);
  return label;
}

export const MAX_TAG_LENGTH = 100;

/** The one spelling of a tag: a label in lower case. Throws as {@link readLabel} does. */
export function readTagName(text: string, field: string): string {
  // Again after lower-casing: a few letters become two characters, or compose anew.
  return readLabel(readLabel(text, field, MAX_TAG_LENGTH).toLowerCase(), field, MAX_TAG_LENGTH);
}
