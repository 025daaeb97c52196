import type { Readable } from 'node:stream';
import type { Request, RequestHandler } from 'express';
import { badInput } from '../../errors.js';
import type { Logger } from '../../log.js';
import { httpStatusOf, toPublicError } from './public-error.js';
import { requestIdOf } from './request-id.js';

/** What the caller says about the bytes; neither is to be believed. */
export interface UploadHeaders {
  contentLength: number | null;
  contentType: string | null;
}

export interface ReceivedUpload {
  /** Lower-case hex. */
  sha256: string;
  byteSize: number;
}

export type ReceiveUpload = (token: string, stream: Readable, headers: UploadHeaders) => Promise<ReceivedUpload>;

const DRAIN_MS = 2000;

/** PUT of a staged upload: the token in the address is the permission. */
export function uploadHandler(receiveUpload: ReceiveUpload, log: Logger): RequestHandler<{ token: string }> {
  return async (request, response) => {
    try {
      const encoding = request.get('content-encoding');
      if (encoding !== undefined && encoding !== 'identity')
        throw badInput('Content-Encoding', encoding, 'none: send the bytes of the file as they are');
      const length = request.get('content-length');
      const received = await receiveUpload(request.params.token, request, {
        contentLength: length === undefined ? null : Number(length),
        contentType: request.get('content-type') ?? null,
      });
      response.status(201).json(received);
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the caller hung up: nobody is left to answer
      const { code, ...rest } = toPublicError(error, requestIdOf(response), log);
      response
        .status(httpStatusOf(code))
        .set('Connection', 'close')
        .json({ error: { code, ...rest } });
      drain(request);
    }
  };
}

/** Reads on for a moment, since a caller who is still sending may otherwise see a broken connection instead of the answer. */
function drain(request: Request): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), DRAIN_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
