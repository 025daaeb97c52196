import { badInput } from '../../errors.js';

const MAX_LENGTH = 2000;

/** A reason that people will read: 1 to 2,000 characters. @throws VitrineError BAD_USER_INPUT */
export function readReason(value: string, field: string): string {
  const reason = value.normalize('NFC').trim();
  if (reason === '' || [...reason].length > MAX_LENGTH || !reason.isWellFormed() || reason.includes('\0'))
    throw badInput(field, value, `a reason of 1 to ${MAX_LENGTH} characters`);
  return reason;
}

/** The same where none need be given. */
export function readOptionalReason(value: string | null | undefined, field: string): string | null {
  return value == null || value.trim() === '' ? null : readReason(value, field);
}
