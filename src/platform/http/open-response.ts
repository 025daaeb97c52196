import type { ServerResponse } from 'node:http';
import { VitrineError } from '../../errors.js';
import { WaitingRequest } from '../../waiting-request.js';

/** The request behind a response: given up when the caller goes away before the answer is whole. */
export function waitingFor(response: ServerResponse): WaitingRequest {
  const waiting = new WaitingRequest();
  response.once('close', () => {
    if (!response.writableFinished) void waiting.giveUp(new VitrineError('TIMEOUT', 'The caller went away before the answer was ready.'));
  });
  return waiting;
}
