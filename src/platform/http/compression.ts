import compression from 'compression';
import type { RequestHandler, Response } from 'express';

// What is small in itself is left alone: pictures, films, archives. An event stream would be held back until a block is full.
const GAINS =
  /^(text\/(?!event-stream)|image\/svg\+xml|application\/([\w.-]+\+)?(json|xml|yaml)|application\/(graphql-response|jsonl|x-ndjson|rtf|postscript))/;

/** Brotli or gzip, as the caller takes it, for answers and files that become smaller by it. */
export const compressAnswers: RequestHandler = compression({
  filter(_request, response) {
    const mediaType = (response as Response).locals.mediaType ?? response.getHeader('Content-Type');
    // A part of a file is a part of its own bytes.
    if (response.statusCode === 206 || response.hasHeader('Content-Encoding') || typeof mediaType !== 'string' || !GAINS.test(mediaType))
      return false;
    // Other bytes under the same name: to be had again, and not to be put together with parts of the file.
    const etag = response.getHeader('ETag');
    if (typeof etag === 'string' && etag.startsWith('"')) response.setHeader('ETag', `W/${etag}`);
    return true;
  },
});

/** What is in a file that is sent as something else, so that no browser acts on it. */
export function tellMediaType(response: Response, mediaType: string): void {
  response.locals.mediaType = mediaType;
}
