import { VitrineError } from '../../errors.js';

/** What a failed file operation means to whoever runs the installation: STORAGE_FULL or STORAGE_UNAVAILABLE. */
export function storageError(folder: string, error: unknown): VitrineError {
  if (error instanceof VitrineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const advice = 'Free some space, raise the quota, or move the data folder to a larger disk';
    return new VitrineError('STORAGE_FULL', `${folder} takes no more data (${code}). ${advice}.`, { cause: error });
  }
  return new VitrineError('STORAGE_UNAVAILABLE', `${folder} cannot be used (${message}). ${ADVICE[code ?? ''] ?? DEFAULT_ADVICE}`, {
    cause: error,
  });
}

const DEFAULT_ADVICE = 'See that the folder exists and that the disk is in order.';
const ADVICE: Record<string, string | undefined> = {
  EACCES: 'Give the account that runs Vitrine the right to read and write there.',
  EPERM: 'Give the account that runs Vitrine the right to read and write there.',
  EROFS: 'The file system is mounted read-only; mount it for writing, or choose another folder.',
  ENOTDIR: 'A part of that path is a file; choose another folder.',
  EXDEV: 'files/ and tmp/ must lie on the same file system.',
  EMFILE: 'Too many files are open; raise the limit (ulimit -n).',
};
