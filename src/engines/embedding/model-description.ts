import type { ImageInputSpec } from '../media/model-input.js';
import type { Appearance } from '../../vocabulary/appearance.js';

export type Precision = 'fp32' | 'fp16' | 'int8';

/** One ONNX file with what it reads and gives, and its external weights if it has any. */
export interface EncoderWeights {
  /** Absolute path of the .onnx file. */
  file: string;
  precision: Precision;
}

/** A CLIP export as its own files describe it; nothing in here was run yet. */
export interface ModelDescription {
  folder: string;
  modelId: string;
  /** 16 hex digits over weights, tokenizer, preprocessing and prompt prefix: vectors of two revisions must never be compared. */
  revision: string;
  modelType: 'clip' | 'siglip';
  license: string | null;
  /** Kinds of pictures that it was trained on; null: all. */
  domains: readonly Appearance[] | null;
  /** Languages of its texts, BCP 47; empty where its maker does not say. */
  languages: readonly string[];
  precision: Precision;
  image: EncoderWeights;
  text: EncoderWeights;
  /** True where one file holds both encoders. */
  combined: boolean;
  imageInput: ImageInputSpec;
  /** Files of the tokenizer, absolute. */
  tokenizerFile: string;
  tokenizerConfigFile: string | null;
  /** Most tokens of a text, begin and end tokens included. */
  contextLength: number;
  /** Length of the vectors as config.json states it; null where it does not, then the model's first output decides. */
  dimensions: number | null;
  /** Output names in order of preference. */
  imageOutputs: readonly string[];
  textOutputs: readonly string[];
  /** What a cosine is multiplied with before softmax (clip) or sigmoid (siglip). */
  logitScale: number;
  /** Added after scaling; only sigmoid models have one. */
  logitBias: number | null;
  /** Put before every text, '' where the model wants none. */
  promptPrefix: string;
  /** Texts are lower-cased before the tokenizer sees them. */
  lowercase: boolean;
  /** Templates around a label, `{}` standing for it, whose mean vector stands for the label; [] where the model's maker names none. */
  labelPrompts: readonly string[];
  /** Quality figures the model's maker wrote into manifest.json. */
  metrics?: Record<string, unknown>;
}
