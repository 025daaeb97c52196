import { extractSubgraph } from '../../../src/engines/embedding/onnx-subgraph.js';
import { encodeOnnx, type OnnxGraph } from '../../support/onnx-file.js';
import { imageGraph, textGraph } from '../../support/tiny-clip.js';

function merged(): OnnxGraph {
  const [image, text] = [imageGraph(false), textGraph('max')];
  return {
    nodes: [...image.nodes, ...text.nodes],
    initializers: [...image.initializers, ...text.initializers],
    inputs: [...text.inputs, ...image.inputs],
    outputs: [...image.outputs, ...text.outputs],
  };
}

describe('extractSubgraph', () => {
  it('leaves exactly one encoder of a combined file, weights and inputs included', () => {
    const whole = encodeOnnx(merged());
    expect(extractSubgraph(whole, 'image_embeds')).toEqual(encodeOnnx(imageGraph(false)));
    const text = extractSubgraph(whole, 'text_embeds')!.toString('latin1');
    expect(text).toContain('vocabulary');
    expect(text).not.toContain('pixel_values');
    expect(text).not.toContain('table');
  });

  it('says null for an output that no node computes, and for weights in another file', () => {
    expect(extractSubgraph(encodeOnnx(merged()), 'pooler_output')).toBeNull();
    const graph = merged();
    graph.initializers[0]!.externalFile = 'model.onnx_data';
    expect(extractSubgraph(encodeOnnx(graph), 'image_embeds')).toBeNull();
  });

  it('refuses bytes that are no model, however they are cut', () => {
    const whole = encodeOnnx(merged());
    for (let length = 3; length < whole.length - 20; length += 7)
      expect(() => extractSubgraph(whole.subarray(0, length), 'image_embeds')).toThrow(RangeError);
    expect(() => extractSubgraph(Buffer.from('<!doctype html><title>Not found</title>'), 'image_embeds')).toThrow(RangeError);
    expect(() => extractSubgraph(Buffer.alloc(64, 0xff), 'image_embeds')).toThrow(RangeError);
  });
});
