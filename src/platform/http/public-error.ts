import { type ErrorCode, isVitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';

/** What a caller may see of an error. */
export interface PublicError {
  message: string;
  code: ErrorCode;
  field?: string;
  value?: unknown;
  allowed?: string | readonly string[];
}

// Faults of the installation: the code helps the caller, the message (addresses, paths, settings) is for the log.
const INSTALLATION = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'DATABASE_UNREACHABLE',
  'DATABASE_INCOMPATIBLE',
  'DATA_FOLDER_LOCKED',
  'PORT_IN_USE',
  'STORAGE_UNAVAILABLE',
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_CHECKSUM_MISMATCH',
  'MODEL_DOWNLOAD_FAILED',
  'MODEL_PROVIDER_UNAVAILABLE',
  'MODEL_OUTPUT_INVALID',
]);

const STATUS: Partial<Record<ErrorCode, number>> = {
  BAD_USER_INPUT: 400,
  CURSOR_MISMATCH: 400,
  QUERY_TOO_COMPLEX: 400,
  FILE_EMPTY: 400,
  FILE_CHECKSUM_MISMATCH: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LINK_REVOKED: 403,
  RIGHTS_NOT_VALID: 403,
  NOT_RELEASED: 403,
  NOT_FOUND: 404,
  FILE_NOT_FOUND: 404,
  CONFLICT: 409,
  MULTIPART_INCOMPLETE: 409,
  MULTIPART_UNAVAILABLE: 409,
  PAYLOAD_TOO_LARGE: 413,
  FILE_TOO_LARGE: 413,
  MEDIA_UNSUPPORTED: 415,
  METADATA_NOT_WRITABLE: 415,
  METADATA_TOOL_MISSING: 501,
  DATABASE_UNREACHABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  STORAGE_FULL: 507,
};

export function httpStatusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500;
}

/** Keeps what was written for the caller; everything else becomes INTERNAL with the request's id, and is logged in full. */
export function toPublicError(error: unknown, requestId: string, log: Logger): PublicError {
  if (isVitrineError(error) && error.code !== 'INTERNAL') {
    if (!INSTALLATION.has(error.code)) {
      return {
        message: error.message,
        code: error.code,
        ...(error.field !== undefined && { field: error.field }),
        ...(error.value !== undefined && { value: error.value }),
        ...(error.allowed !== undefined && { allowed: error.allowed }),
      };
    }
    log.error({ requestId, err: error }, 'the installation is at fault');
    return { message: `The server cannot answer this at the moment; request ${requestId}`, code: error.code };
  }
  log.error({ requestId, err: error }, 'unexpected error');
  return { message: `Something went wrong; request ${requestId}`, code: 'INTERNAL' };
}
