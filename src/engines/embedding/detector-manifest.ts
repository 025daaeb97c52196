import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { VitrineError } from '../../errors.js';
import { findByteSize, readModelJson, sha256OfFile } from '../embedding/model-file.js';
import type { ImageInputSpec } from '../media/model-input.js';

/** Counted up when our own preprocessing or reading of outputs changes what is found. */
const PIPELINE_VERSION = 1;
export const MANIFEST = 'detector.json';

const three = z.tuple([z.number(), z.number(), z.number()]);
const edge = z.int().min(32).max(4096);
const share = z.number().gt(0).lt(1);

const input = z.strictObject({
  name: z.string().min(1).optional().describe('Name of the input; the first when left out.'),
  width: edge.describe('Width that the network takes, in pixels.'),
  height: edge.describe('Height that the network takes, in pixels.'),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW').describe('Order of the tensor: channels before or after rows and columns.'),
  channels: z.enum(['RGB', 'BGR']).default('RGB').describe('Order of the colours.'),
  resize: z.enum(['LETTERBOX', 'STRETCH']).default('LETTERBOX').describe('Whether proportions are kept, on a plain ground.'),
  ground: z.int().min(0).max(255).default(114).describe('Grey of that ground, as a byte.'),
  rescaleFactor: z
    .number()
    .gt(0)
    .default(1 / 255)
    .describe('value = (byte × rescaleFactor − mean) / std'),
  mean: three.default([0, 0, 0]),
  std: three.default([1, 1, 1]),
});

const output = z.strictObject({
  name: z.string().min(1).optional().describe('Name of the output; the first when left out.'),
  layout: z
    .enum(['CLASSES_FIRST', 'BOXES_FIRST', 'END_TO_END'])
    .describe(
      'CLASSES_FIRST: [1, 4 + classes, n] (YOLOv8 and later). BOXES_FIRST: [1, n, 5 + classes] with an objectness (YOLOv5, YOLOX). END_TO_END: [1, n, 6], corners, confidence and class, thinned out by the network itself (YOLOv10).',
    ),
  boxes: z.enum(['CENTER', 'CORNERS']).optional().describe('Middle and size, or two corners; by default CENTER, with END_TO_END CORNERS.'),
  units: z.enum(['PIXELS', 'SHARES']).default('PIXELS').describe('Pixels of the input, or shares (0 to 1) of it.'),
});

const manifest = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, dots, dashes and underscores, at most 63'),
  title: z.string().trim().min(1).max(200),
  license: z.string().max(200).optional().describe('Licence of the weights: many YOLO weights are AGPL.'),
  file: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/, 'the name of an .onnx file beside the manifest')
    .default('model.onnx'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 as 64 hexadecimal digits')
    .optional(),
  input,
  output,
  classes: z.array(z.string().trim().min(1).max(100)).min(1).max(10_000).describe('Names of the classes, in the order of the network.'),
  thresholds: z
    .strictObject({
      confidence: share.default(0.25).describe('What is less sure is not kept at all; rules ask for more.'),
      overlap: share.default(0.45).describe('Of two boxes of one class that overlap by more than this (IoU), the less sure one goes.'),
    })
    .prefault({}),
  maxDetections: z.int().min(1).max(1000).default(300).describe('Most boxes of a picture that are kept.'),
});

export type DetectorManifest = z.output<typeof manifest>;

/** A detector in a folder, checked. Plain data, so that it can cross a thread. */
export interface DetectorDescription extends DetectorManifest {
  /** The model's file. */
  path: string;
  /** Of everything that decides what is found. */
  revision: string;
}

/** @throws VitrineError MODEL_NOT_FOUND, MODEL_INVALID (naming file, key and what is allowed), MODEL_CHECKSUM_MISMATCH */
export async function readDetectorFolder(folder: string): Promise<DetectorDescription> {
  const root = await realpath(folder).catch(() => null);
  if (root === null || (await findByteSize(path.join(root, MANIFEST))) === null)
    throw new VitrineError('MODEL_NOT_FOUND', `There is no ${MANIFEST} in ${folder}. Describe the detector in one: docs/detectors.md.`, {
      field: 'folder',
      value: folder,
    });
  const description = await readModelJson(root, MANIFEST, manifest);
  if (new Set(description.classes).size < description.classes.length)
    throw new VitrineError('MODEL_INVALID', `${path.join(root, MANIFEST)}: key classes: names each class once.`, {
      field: `${MANIFEST}:classes`,
    });
  const file = path.join(root, description.file);
  if ((await findByteSize(file)) === null)
    throw new VitrineError('MODEL_NOT_FOUND', `${file} is not there, though ${MANIFEST} names it.`, {
      field: `${MANIFEST}:file`,
      value: description.file,
    });
  const sha256 = await sha256OfFile(file);
  if (description.sha256 !== undefined && description.sha256 !== sha256)
    throw new VitrineError(
      'MODEL_CHECKSUM_MISMATCH',
      `${file} has the SHA-256 ${sha256}, not ${description.sha256}: it is damaged or another file.`,
      { field: description.file },
    );
  const { title: _title, license: _license, sha256: _sha256, file: _file, ...decisive } = description;
  const revision = createHash('sha256')
    .update(JSON.stringify([PIPELINE_VERSION, sha256, decisive]))
    .digest('hex')
    .slice(0, 16);
  return { ...description, path: file, revision };
}

/** What the decoder has to make of a picture. Colours in RGB, channels first: the worker reorders them. */
export function imageInputOf({ input: { width, height, resize, ground, mean, std, rescaleFactor } }: DetectorManifest): ImageInputSpec {
  return {
    ...{ width, height, mean, std, rescaleFactor, centerCrop: false, resample: 'bilinear' },
    resize: { mode: 'exact', width, height },
    ...(resize === 'LETTERBOX' && { letterboxGround: ground }),
  };
}
