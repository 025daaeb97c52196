/** Stable error codes. A code, once published, keeps its meaning; clients branch on it. */
export type ErrorCode =
  // the caller
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'CURSOR_MISMATCH'
  | 'RULE_TESTS_FAILED'
  // the life of findings
  | 'SELF_APPROVAL'
  | 'RELEASE_BLOCKED'
  | 'RELEASE_NOT_JUDGED'
  | 'QUERY_TOO_COMPLEX'
  | 'PAYLOAD_TOO_LARGE'
  | 'TIMEOUT'
  | 'LINK_REVOKED'
  | 'RIGHTS_NOT_VALID'
  | 'NOT_RELEASED'
  // a file
  | 'FILE_EMPTY'
  | 'FILE_TOO_LARGE'
  | 'FILE_UNREADABLE'
  | 'FILE_NOT_FOUND'
  | 'FILE_CHECKSUM_MISMATCH'
  | 'MEDIA_UNSUPPORTED'
  | 'MEDIA_CORRUPT'
  | 'MEDIA_TOO_MANY_PIXELS'
  | 'MEDIA_TYPE_MISMATCH'
  | 'MEDIA_TIMEOUT'
  | 'MEDIA_DECODER_CRASHED'
  | 'VIDEO_TOOL_MISSING'
  | 'METADATA_TOOL_MISSING'
  | 'METADATA_NOT_WRITABLE'
  | 'MANIFEST_INVALID'
  | 'ARCHIVE_INVALID'
  | 'URL_REFUSED'
  | 'URL_UNREACHABLE'
  | 'BUCKET_UNREACHABLE'
  | 'MULTIPART_UNAVAILABLE'
  | 'MULTIPART_INCOMPLETE'
  // the model
  | 'MODEL_NOT_FOUND'
  | 'MODEL_INVALID'
  | 'MODEL_CHECKSUM_MISMATCH'
  | 'MODEL_DOWNLOAD_FAILED'
  | 'MODEL_PROVIDER_UNAVAILABLE'
  | 'MODEL_OUTPUT_INVALID'
  | 'EMBEDDING_FAILED'
  // the installation
  | 'CONFIG_INVALID'
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_INCOMPATIBLE'
  | 'DATA_FOLDER_LOCKED'
  | 'PORT_IN_USE'
  | 'SERVER_UNREACHABLE'
  | 'STORAGE_FULL'
  | 'STORAGE_UNAVAILABLE'
  | 'INTERNAL';

export interface ErrorDetails {
  /** Path of the offending input, for example `filter.tags.all[2]`. */
  field?: string;
  /** The value received, shortened. */
  value?: unknown;
  /** What would have been accepted, in words or as a list. */
  allowed?: string | readonly string[];
  cause?: unknown;
}

/** An error whose message may be shown to the caller: it says what is wrong and what to do. Everything else is INTERNAL. */
export class VitrineError extends Error {
  readonly code: ErrorCode;
  readonly field?: string;
  readonly value?: unknown;
  readonly allowed?: string | readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'VitrineError';
    this.code = code;
    if (details.field !== undefined) this.field = details.field;
    if (details.value !== undefined) this.value = shorten(details.value);
    if (details.allowed !== undefined) this.allowed = details.allowed;
  }
}

/** Everything that is wrong with one input, told at once. It is the first of its errors, with the others beside it. */
export class VitrineErrors extends VitrineError {
  readonly all: readonly VitrineError[];

  constructor(all: readonly [VitrineError, ...VitrineError[]]) {
    const [first] = all;
    const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
    super(first.code, `${first.message}${more}`, {
      ...(first.field !== undefined && { field: first.field }),
      ...(first.value !== undefined && { value: first.value }),
      ...(first.allowed !== undefined && { allowed: first.allowed }),
      cause: first,
    });
    this.all = all;
  }
}

/** Errors that are gathered until all of an input was looked at. */
export class Faults {
  readonly list: VitrineError[] = [];

  /** Runs a check; what is wrong is kept, and null returned. Other errors pass. */
  async gather<T>(check: () => T | Promise<T>): Promise<T | null> {
    try {
      return await check();
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      this.list.push(...allErrors(error));
      return null;
    }
  }

  /** @throws VitrineErrors when anything was wrong */
  throwAny(): void {
    const [first, ...rest] = this.list;
    if (first !== undefined) throw new VitrineErrors([first, ...rest]);
  }
}

/** Bad input, naming field, value and what is allowed. */
export function badInput(field: string, value: unknown, allowed: string | readonly string[], message?: string): VitrineError {
  const list = typeof allowed === 'string' ? allowed : allowed.join(', ');
  return new VitrineError('BAD_USER_INPUT', message ?? `${field}: ${JSON.stringify(shorten(value))} is not accepted; allowed: ${list}.`, {
    field,
    value,
    allowed,
  });
}

export function isVitrineError(error: unknown, code?: ErrorCode): error is VitrineError {
  return error instanceof VitrineError && (code === undefined || error.code === code);
}

/** Whether the fault lies with what everybody works with, and not with what was asked: it passes, and the same works then. */
export function isOutage(error: unknown): error is VitrineError {
  return error instanceof VitrineError && ['STORAGE_FULL', 'STORAGE_UNAVAILABLE', 'DATABASE_UNREACHABLE'].includes(error.code);
}

/** The errors that one error stands for. */
export function allErrors(error: VitrineError): readonly VitrineError[] {
  return error instanceof VitrineErrors ? error.all : [error];
}

function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 120 ? `${value.slice(0, 117)}...` : value;
}
