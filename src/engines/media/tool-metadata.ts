import { z } from 'zod';
import { runExifTool } from './exif-tool.js';
import type { FileTexts } from './file-texts.js';
import { MAX_XMP_BYTE_SIZE } from './xmp-packet.js';

const TIMEOUT_MS = 10_000;
const INFO = ['Title', 'Subject', 'Keywords', 'Author', 'CreateDate', 'ModifyDate'] as const;
// Numbers and lists stand as they are: a title may be 1984.
const word = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]).optional();
const answer = z.tuple([z.object({ XMP: z.string().optional(), ...Object.fromEntries(INFO.map((name) => [name, word])) })]);

/**
 * What ExifTool finds in a file whose metadata lie where no reader of ours looks: videos and PDF. The packet as it stands, and the
 * information of a PDF. Nothing where the tool is not installed or fails: a file is not refused for what it says about itself.
 */
export async function readByTool(filePath: string): Promise<{ xmp: Uint8Array | undefined; texts: FileTexts | null }> {
  const nothing = { xmp: undefined, texts: null };
  const args = ['-j', '-b', '-m', '-q', '-q', '-XMP', ...INFO.map((name) => `-PDF:${name}`), filePath];
  const run = await runExifTool(args, { timeoutMs: TIMEOUT_MS, maxByteSize: 2 * MAX_XMP_BYTE_SIZE }).catch(() => null);
  if (run === null || run.wasStopped) return nothing;
  const said = answer.safeParse(parseJson(run.stdout.toString())).data?.[0] as Partial<Record<string, z.infer<typeof word>>> | undefined;
  if (said === undefined) return nothing;
  const { XMP, Title, Subject, Keywords, Author, CreateDate, ModifyDate } = said;
  const packet = typeof XMP === 'string' ? XMP : undefined;
  return {
    xmp: packet?.startsWith('base64:') ? Buffer.from(packet.slice(7), 'base64') : packet === undefined ? undefined : Buffer.from(packet),
    texts: {
      ...{ title: textOf(Title), description: textOf(Subject), creator: textOf(Author), copyright: null, make: null, model: null },
      keywords: [Keywords ?? []].flat().flatMap((keyword) => String(keyword).split(/[;,]/)),
      // Of the file, not of the work in it.
      dates: { original: null, created: null, digitized: textOf(CreateDate), modified: textOf(ModifyDate) },
    },
  };
}

function textOf(said: z.infer<typeof word>): string | null {
  return said === undefined ? null : [said].flat().join(', ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
