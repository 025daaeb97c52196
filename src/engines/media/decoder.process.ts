// A process of its own for everything that touches an untrusted file: it may crash or be killed without the server noticing.
import sharp from 'sharp';
import { analyzeFile, modelInputsOf, preprocessFile } from './analysis.js';
import { type DecoderReply, type DecoderRequest, type DecoderResult, toWireError } from './decoder-protocol.js';
import { describeItself } from './embedded-metadata.js';
import { readMark, scanForMark } from './mark-scan.js';
import { writeMetadata } from './metadata-writer.js';
import { renderFile } from './rendition.js';

const maxMemoryBytes = Number(process.argv[2]);
const memoryCheckMs = 50;

sharp.cache(false);
sharp.concurrency(1);
// Only the loaders of the accepted types, whatever else this build of libvips could read.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff', 'Svg'].map((loader) => `VipsForeignLoad${loader}`) });

const send = (reply: DecoderReply, then?: () => void) => process.send?.(reply, then ?? (() => undefined));
const end = () => process.kill(process.pid, 'SIGKILL');

async function perform({ task, limits }: DecoderRequest): Promise<DecoderResult> {
  if (task.kind === 'analyze') return analyzeFile(task.path, task.options, limits);
  if (task.kind === 'preprocess') return preprocessFile(task.path, task.fileName, task.input, limits);
  if (task.kind === 'model-inputs') return modelInputsOf(task.path, task.fileName, task.input, limits);
  if (task.kind === 'render') return renderFile(task.path, task.fileName, task.recipe, limits);
  if (task.kind === 'find-mark') return scanForMark(task.path, task.fileName, task.mark, limits);
  if (task.kind === 'describe') return { said: describeItself({ xmp: task.packet, texts: null }).embedded };
  if (task.kind === 'write-metadata') await writeMetadata(task.copy, limits);
  else await readMark(task.mark, limits);
  return null;
}

process.on('message', async (request: DecoderRequest) => {
  const residentByteSize = () => process.memoryUsage.rss();
  try {
    const result = await perform(request);
    send({ kind: 'result', id: request.id, result, residentByteSize: residentByteSize() });
  } catch (error) {
    send({ kind: 'error', id: request.id, error: toWireError(error), residentByteSize: residentByteSize() });
  }
});
// libvips works in threads that an ordinary exit would wait for.
process.on('disconnect', end);
// The server may have died while this process was loading, before anybody listened.
if (!process.connected) end();
// Ctrl-C reaches the whole process group; the server finishes its files first and then disconnects.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

setInterval(() => {
  const residentByteSize = process.memoryUsage.rss();
  if (residentByteSize > maxMemoryBytes) send({ kind: 'over-memory', residentByteSize }, end);
}, memoryCheckMs);

send({ kind: 'ready' });
