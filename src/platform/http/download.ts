import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import { VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { contentDisposition } from './file-delivery.js';
import { requestIdOf } from './request-id.js';

/** A file that is made while it is sent: no length, no ranges. */
export interface Download {
  stream: Readable;
  mediaType: string;
  fileName: string;
}

/** GET of a download that a token gives access to. */
export function downloadHandler(openDownload: (token: string) => Promise<Download | null>, log: Logger): RequestHandler<{ token: string }> {
  return async (request, response) => {
    const download = await openDownload(request.params.token);
    if (download === null) throw new VitrineError('NOT_FOUND', 'This link is unknown or has expired. Ask for a new one.');
    response.set({ 'Cache-Control': 'no-store', 'Content-Disposition': contentDisposition('attachment', download.fileName) });
    response.setHeader('Content-Type', download.mediaType);
    if (request.method === 'HEAD') {
      download.stream.destroy();
      response.end();
      return;
    }
    await pipeline(download.stream, response).catch((error: NodeJS.ErrnoException) => {
      // The status is sent: all that is left is to cut the connection, so that the caller sees that something is missing.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE')
        log.error({ requestId: requestIdOf(response), err: error }, 'a download could not be sent to its end');
      response.destroy();
    });
  };
}
