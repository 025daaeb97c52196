/** What follows from an error, wherever it turns up. */
interface ErrorTraits {
  /** Of the answer over HTTP, outside GraphQL. */
  status: number;
  /** With whom the fault lies: the request, one file, another server that was asked, or this installation. */
  fault: 'CALLER' | 'FILE' | 'SOURCE' | 'INSTALLATION';
  /** What everybody works with is away or full: jobs wait for it and count no try, and no file is blamed. */
  outage?: true;
  /** The same may go well another time, with nothing changed: an import item ends FAILED and not REJECTED. */
  retryable?: true;
  /** The message (addresses, paths, settings) is for the log; callers see the code. */
  secret?: true;
  /** A mutation answers with it in `userErrors`: the caller can mend it. */
  mendable?: true;
}

/** Every code. Once published, a code keeps its meaning; clients branch on it. */
export const ERRORS = {
  BAD_USER_INPUT: { status: 400, fault: 'CALLER', mendable: true },
  UNAUTHENTICATED: { status: 401, fault: 'CALLER' },
  FORBIDDEN: { status: 403, fault: 'CALLER' },
  NOT_FOUND: { status: 404, fault: 'CALLER', mendable: true },
  CONFLICT: { status: 409, fault: 'CALLER', mendable: true },
  EDIT_CONFLICT: { status: 409, fault: 'CALLER', mendable: true },
  CURSOR_MISMATCH: { status: 400, fault: 'CALLER' },
  RULE_TESTS_FAILED: { status: 500, fault: 'CALLER', mendable: true },
  SELF_APPROVAL: { status: 500, fault: 'CALLER', mendable: true },
  RELEASE_BLOCKED: { status: 500, fault: 'CALLER', mendable: true },
  RELEASE_NOT_JUDGED: { status: 500, fault: 'CALLER', mendable: true },
  QUERY_TOO_COMPLEX: { status: 400, fault: 'CALLER' },
  PAYLOAD_TOO_LARGE: { status: 413, fault: 'CALLER' },
  RATE_LIMITED: { status: 429, fault: 'CALLER', retryable: true },
  TIMEOUT: { status: 504, fault: 'CALLER' },
  OVERLOADED: { status: 503, fault: 'CALLER', retryable: true },
  LINK_REVOKED: { status: 403, fault: 'CALLER' },
  RIGHTS_NOT_VALID: { status: 403, fault: 'CALLER' },
  NOT_RELEASED: { status: 403, fault: 'CALLER' },
  MULTIPART_UNAVAILABLE: { status: 409, fault: 'CALLER', mendable: true },
  MULTIPART_INCOMPLETE: { status: 409, fault: 'CALLER', mendable: true },

  FILE_EMPTY: { status: 400, fault: 'FILE' },
  FILE_TOO_LARGE: { status: 413, fault: 'FILE', mendable: true },
  FILE_UNREADABLE: { status: 500, fault: 'FILE' },
  FILE_NOT_FOUND: { status: 404, fault: 'FILE', mendable: true },
  FILE_CHECKSUM_MISMATCH: { status: 400, fault: 'FILE', mendable: true },
  MEDIA_UNSUPPORTED: { status: 415, fault: 'FILE' },
  MEDIA_CORRUPT: { status: 500, fault: 'FILE' },
  MEDIA_TOO_MANY_PIXELS: { status: 500, fault: 'FILE' },
  MEDIA_TYPE_MISMATCH: { status: 500, fault: 'FILE' },
  MEDIA_TIMEOUT: { status: 500, fault: 'FILE', retryable: true },
  MEDIA_DECODER_CRASHED: { status: 500, fault: 'FILE', retryable: true },
  METADATA_NOT_WRITABLE: { status: 415, fault: 'FILE', mendable: true },
  MANIFEST_INVALID: { status: 500, fault: 'FILE', mendable: true },
  ARCHIVE_INVALID: { status: 500, fault: 'FILE' },
  EMBEDDING_FAILED: { status: 500, fault: 'FILE' },

  URL_REFUSED: { status: 500, fault: 'SOURCE', mendable: true },
  URL_UNREACHABLE: { status: 500, fault: 'SOURCE', retryable: true },
  BUCKET_UNREACHABLE: { status: 500, fault: 'SOURCE', retryable: true },

  MODEL_NOT_FOUND: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_INVALID: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_CHECKSUM_MISMATCH: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_DOWNLOAD_FAILED: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_PROVIDER_UNAVAILABLE: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_OUTPUT_INVALID: { status: 500, fault: 'INSTALLATION', secret: true },
  MODEL_STOPPED: { status: 503, fault: 'INSTALLATION', outage: true, retryable: true },
  DECODERS_STOPPED: { status: 503, fault: 'INSTALLATION', outage: true, retryable: true },
  VIDEO_TOOL_MISSING: { status: 500, fault: 'INSTALLATION' },
  METADATA_TOOL_MISSING: { status: 501, fault: 'INSTALLATION', mendable: true },
  CONFIG_INVALID: { status: 500, fault: 'INSTALLATION', secret: true },
  DATABASE_UNREACHABLE: { status: 503, fault: 'INSTALLATION', outage: true, retryable: true, secret: true },
  DATABASE_INCOMPATIBLE: { status: 500, fault: 'INSTALLATION', secret: true },
  DATA_FOLDER_LOCKED: { status: 500, fault: 'INSTALLATION', secret: true },
  PORT_IN_USE: { status: 500, fault: 'INSTALLATION', secret: true },
  SERVER_UNREACHABLE: { status: 500, fault: 'INSTALLATION' },
  STORAGE_FULL: { status: 507, fault: 'INSTALLATION', outage: true, retryable: true },
  STORAGE_UNAVAILABLE: { status: 503, fault: 'INSTALLATION', outage: true, retryable: true, secret: true },
  INTERNAL: { status: 500, fault: 'INSTALLATION', retryable: true },
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERRORS;

export function traitsOf(code: ErrorCode): ErrorTraits {
  return ERRORS[code];
}

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
export function isOutage(error: unknown): boolean {
  return isVitrineError(error) && traitsOf(error.code).outage === true;
}

/** Whether something is wrong with one file. */
export function isFileFault(error: unknown): error is VitrineError {
  return isVitrineError(error) && traitsOf(error.code).fault === 'FILE';
}

/** The errors that one error stands for. */
export function allErrors(error: VitrineError): readonly VitrineError[] {
  return error instanceof VitrineErrors ? error.all : [error];
}

function shorten(value: unknown): unknown {
  return typeof value === 'string' && value.length > 120 ? `${value.slice(0, 117)}...` : value;
}
