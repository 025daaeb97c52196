import { type ErrorCode, isVitrineError, traitsOf } from '../../errors.js';
import type { Logger } from '../../log.js';

/** What a caller may see of an error. */
export interface PublicError {
  message: string;
  code: ErrorCode;
  field?: string;
  value?: unknown;
  allowed?: string | readonly string[];
}

export function httpStatusOf(code: ErrorCode): number {
  return traitsOf(code).status;
}

/** Keeps what was written for the caller; everything else becomes INTERNAL with the request's id, and is logged in full. */
export function toPublicError(error: unknown, requestId: string, log: Logger): PublicError {
  if (isVitrineError(error) && error.code !== 'INTERNAL') {
    if (!traitsOf(error.code).secret) {
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
