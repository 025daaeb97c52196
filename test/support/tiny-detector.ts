import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeOnnx, type OnnxGraph, type OnnxNode } from '../support/onnx-file.js';

const SIDE = 64;
const WINDOW = 16;
const STEP = 8;
const PER_ROW = (SIDE - WINDOW) / STEP + 1;
const COUNT = PER_ROW * PER_ROW;

export interface TinyDetectorOptions {
  layout?: 'CLASSES_FIRST' | 'BOXES_FIRST' | 'END_TO_END';
  /** The network takes pictures as rows of pixels, in BGR. */
  nhwcBgr?: boolean;
  manifest?: Record<string, unknown>;
}

/**
 * Writes a folder with a real detector of 64 × 64 pixels: windows of 16 × 16, eight pixels apart, each scored by how much redder, or bluer,
 * its mean colour is than the two others (1 for a window full of #ff0000). END_TO_END gives two fixed boxes instead.
 */
export async function writeTinyDetector(
  folder: string,
  { layout = 'CLASSES_FIRST', nhwcBgr = false, manifest = {} }: TinyDetectorOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'model.onnx'), encodeOnnx(layout === 'END_TO_END' ? fixedGraph() : windowGraph(layout, nhwcBgr)));
  const description = {
    id: 'squares',
    title: 'Red and blue squares',
    input: { width: SIDE, height: SIDE, ...(nhwcBgr && { layout: 'NHWC', channels: 'BGR' }) },
    output: { layout },
    classes: ['red square', 'blue square'],
    thresholds: { confidence: 0.3, overlap: 0.3 },
    ...manifest,
  };
  await writeFile(path.join(folder, 'detector.json'), JSON.stringify(description));
}

function windowGraph(layout: 'CLASSES_FIRST' | 'BOXES_FIRST', nhwcBgr: boolean): OnnxGraph {
  const centre = (at: number) => at * STEP + WINDOW / 2;
  const places = Array.from({ length: COUNT }, (_, n) => ({ x: centre(n % PER_ROW), y: centre(Math.floor(n / PER_ROW)) }));
  const boxes = [...places.map(({ x }) => x), ...places.map(({ y }) => y), ...Array.from({ length: 2 * COUNT }, () => WINDOW)];
  const [red, blue] = [
    [1, -0.5, -0.5],
    [-0.5, -0.5, 1],
  ];
  const weights = nhwcBgr ? [...red!.toReversed(), ...blue!.toReversed()] : [...red!, ...blue!];
  const boxesFirst = layout === 'BOXES_FIRST';
  const nodes: OnnxNode[] = [
    ...(nhwcBgr ? [{ op: 'Transpose', inputs: ['images'], outputs: ['planes'], ints: { perm: [0, 3, 1, 2] } }] : []),
    {
      op: 'AveragePool',
      inputs: [nhwcBgr ? 'planes' : 'images'],
      outputs: ['means'],
      ints: { kernel_shape: [WINDOW, WINDOW], strides: [STEP, STEP] },
    },
    { op: 'Conv', inputs: ['means', 'weights'], outputs: ['raw'], ints: { kernel_shape: [1, 1] } },
    { op: 'Relu', inputs: ['raw'], outputs: ['positive'] },
    { op: 'Reshape', inputs: ['positive', 'shape'], outputs: ['scores'] },
    {
      op: 'Concat',
      inputs: ['boxes', ...(boxesFirst ? ['objectness'] : []), 'scores'],
      outputs: [boxesFirst ? 'columns' : 'output0'],
      ints: { axis: 1 },
    },
    ...(boxesFirst ? [{ op: 'Transpose', inputs: ['columns'], outputs: ['output0'], ints: { perm: [0, 2, 1] } }] : []),
  ];
  return {
    nodes,
    initializers: [
      { name: 'weights', type: 'float', dims: [2, 3, 1, 1], values: weights },
      { name: 'shape', type: 'int64', dims: [3], values: [1, 2, COUNT] },
      { name: 'boxes', type: 'float', dims: [1, 4, COUNT], values: boxes },
      ...(boxesFirst
        ? [{ name: 'objectness', type: 'float' as const, dims: [1, 1, COUNT], values: Array.from({ length: COUNT }, () => 1) }]
        : []),
    ],
    inputs: [{ name: 'images', type: 'float', shape: nhwcBgr ? [1, SIDE, SIDE, 3] : [1, 3, SIDE, SIDE] }],
    outputs: [{ name: 'output0', type: 'float', shape: boxesFirst ? [1, COUNT, 7] : [1, 6, COUNT] }],
  };
}

function fixedGraph(): OnnxGraph {
  return {
    nodes: [{ op: 'Identity', inputs: ['found'], outputs: ['output0'] }],
    initializers: [
      { name: 'found', type: 'float', dims: [1, 3, 6], values: [0, 16, 32, 48, 0.9, 1, 16, 16, 64, 32, 0.6, 0, 0, 0, 9, 9, 0.1, 0] },
    ],
    inputs: [{ name: 'images', type: 'float', shape: [1, 3, SIDE, SIDE] }],
    outputs: [{ name: 'output0', type: 'float', shape: [1, 3, 6] }],
  };
}
