import { VitrineError } from '../../errors.js';

interface S3Failure {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  errors?: { code?: string }[];
}

/** True for an object that is not there; a bucket that is not there is another matter. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as S3Failure;
  return name === 'NoSuchKey' || name === 'NotFound' || ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket');
}

/** What a failed S3 request means to whoever runs the installation. `verb`: what was tried, for example `write`. */
export function s3Error(verb: string, bucket: string, error: unknown): VitrineError {
  if (error instanceof VitrineError) return error;
  const failure = error as S3Failure;
  const name = failure.code ?? failure.errors?.[0]?.code ?? failure.name ?? 'unknown error';
  const status = failure.$metadata?.httpStatusCode;
  const reason = [name, status === undefined ? failure.message : `HTTP ${status}`].filter(Boolean).join(', ');
  if (name === 'QuotaExceeded' || name === 'XMinioStorageFull' || status === 507) {
    return new VitrineError('STORAGE_FULL', `The bucket ${bucket} takes no more data (${reason}). Free some space or raise its quota.`, {
      cause: error,
    });
  }
  return new VitrineError('STORAGE_UNAVAILABLE', `Vitrine could not ${verb} the bucket ${bucket} (${reason}). ${advice(name, status)}`, {
    cause: error,
  });
}

function advice(name: string, status: number | undefined): string {
  if (name === 'CredentialsProviderError') return 'Set VITRINE_S3_ACCESS_KEY_ID and VITRINE_S3_SECRET_ACCESS_KEY.';
  if (status === 404) return 'Create the bucket, or correct VITRINE_S3_BUCKET.';
  if (status === 301) return "Set VITRINE_S3_REGION to the bucket's region.";
  if (status === 401 || status === 403) {
    return 'Check VITRINE_S3_ACCESS_KEY_ID and VITRINE_S3_SECRET_ACCESS_KEY, and that the key may read, write, list and delete there.';
  }
  if (status !== undefined) return 'The storage server answered with an error; see its log. The work is tried again.';
  return 'Is the server running, and is VITRINE_S3_ENDPOINT right?';
}
