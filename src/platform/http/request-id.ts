import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const SANE = /^[A-Za-z0-9._:-]{1,64}$/;

/** Gives every request an id: the caller's X-Request-Id when it is sane, else a new one; sent back in the same header. */
export const assignRequestId: RequestHandler = (request, response, next) => {
  if (response.locals.requestId === undefined) {
    const given = request.get('x-request-id');
    response.locals.requestId = given !== undefined && SANE.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', response.locals.requestId as string);
  }
  next();
};

export function requestIdOf(response: Response): string {
  return response.locals.requestId as string;
}
