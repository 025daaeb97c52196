import { type ErrorCode, VitrineError } from '../../errors.js';
import type { AnalyzeOptions, MediaAnalysis, ModelInputs } from './media-analysis.js';
import type { MediaLimits } from './identify.js';
import type { MarkSighting } from '../mark-finding/mark-sighting.js';
import type { EmbeddedMetadata } from './embedded-metadata.js';
import type { MarkFile } from './mark-scan.js';
import type { MetadataCopy } from './metadata-writer.js';
import type { ImageInputSpec } from './model-input.js';
import type { Rendition } from './rendition.js';
import type { RenditionRecipe } from './rendition-recipe.js';

/** What the server asks a decoder process to do with one file. */
export type DecoderTask =
  | { kind: 'analyze'; path: string; options: AnalyzeOptions }
  | { kind: 'preprocess'; path: string; fileName: string; input: ImageInputSpec }
  | { kind: 'model-inputs'; path: string; fileName: string; input: ImageInputSpec }
  | { kind: 'render'; path: string; fileName: string; recipe: RenditionRecipe }
  | { kind: 'find-mark'; path: string; fileName: string; mark: MarkFile }
  | { kind: 'check-mark'; mark: MarkFile }
  | { kind: 'write-metadata'; copy: MetadataCopy }
  | { kind: 'describe'; packet: Uint8Array };

export interface DecoderRequest {
  id: number;
  task: DecoderTask;
  limits: MediaLimits;
}

export type DecoderResult =
  | MediaAnalysis
  | ModelInputs
  | Float32Array
  | Rendition
  | MarkSighting[]
  | { said: EmbeddedMetadata | null }
  | null;

/** An error as it crosses the process border. */
export interface WireError {
  code: ErrorCode;
  message: string;
  field?: string;
  value?: unknown;
  allowed?: string | readonly string[];
  /** What a fault of ours said of itself: for the log. */
  detail?: string;
}

export type DecoderReply =
  | { kind: 'ready' }
  | { kind: 'result'; id: number; result: DecoderResult; residentByteSize: number }
  | { kind: 'error'; id: number; error: WireError; residentByteSize: number }
  /** The process is about to end itself: the file took more memory than allowed. */
  | { kind: 'over-memory'; residentByteSize: number };

export function toWireError(error: unknown): WireError {
  if (error instanceof VitrineError) {
    const { code, message, field, value, allowed } = error;
    return { code, message, field, value, allowed };
  }
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'INTERNAL', message: 'The file could not be looked into, by a fault of this program. Tell us about it.', detail };
}

export function fromWireError({ code, message, field, value, allowed, detail }: WireError): VitrineError {
  return new VitrineError(code, message, { field, value, allowed, cause: detail });
}
