import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { VitrineError } from '../../errors.js';
import type { ModelDescription, Precision } from './model-description.js';
import { findByteSize, modelInvalid, readModelJson, sha256OfFile } from './model-file.js';
import { checkListedFiles, failedCheckError, type ModelManifest, readManifest } from './model-manifest.js';
import { chooseWeights, hashWeights } from './model-weights.js';
import { readImageInput } from './preprocessor-config.js';

/** Counts up when our own preprocessing, tokenizing or pooling changes what vectors come out. */
const PIPELINE_VERSION = 1;

/** `model_type` of config.json to the family whose rules apply. */
const FAMILIES: Record<string, 'clip' | 'siglip'> = {
  clip: 'clip',
  chinese_clip: 'clip',
  metaclip_2: 'clip',
  siglip: 'siglip',
  siglip2: 'siglip',
};

/** Transformers leaves a key out of config.json where it equals these defaults of its CLIPConfig and SiglipConfig. */
const DEFAULTS = {
  clip: { contextLength: 77, logitScaleInit: 2.6592 },
  siglip: { contextLength: 64, logitScaleInit: Math.log(10) },
};

const positive = z.int().min(1).max(100_000);
const configSchema = z.object({
  model_type: z.string(),
  _name_or_path: z.string().optional(),
  projection_dim: positive.nullish(),
  logit_scale: z.number().min(-10).max(10).nullish(),
  logit_scale_init_value: z.number().min(-10).max(10).nullish(),
  logit_bias: z.number().min(-1_000).max(1_000).nullish(),
  logit_bias_init_value: z.number().min(-1_000).max(1_000).nullish(),
  text_config: z.object({ max_position_embeddings: positive.nullish(), projection_size: positive.nullish() }).nullish(),
  vision_config: z.object({ hidden_size: positive.nullish() }).nullish(),
});
type ModelConfig = z.infer<typeof configSchema>;

const tokenizerConfigSchema = z.object({ model_max_length: z.number().positive().nullish() });

export interface ReadModelOptions {
  /** Which weights; without it the first present of fp32, quantized, int8, fp16. */
  precision?: Precision;
}

/**
 * Reads a CLIP export in the Hugging Face / transformers.js layout: everything that decides its vectors, from its own files.
 * Checks every file that manifest.json lists. Throws MODEL_NOT_FOUND, MODEL_INVALID or MODEL_CHECKSUM_MISMATCH.
 */
export async function readModelFolder(folder: string, options: ReadModelOptions = {}): Promise<ModelDescription> {
  const root = await realpath(folder).catch(() => null);
  if (root === null) {
    throw new VitrineError(
      'MODEL_NOT_FOUND',
      `There is no model folder ${folder}. Give the folder of a CLIP export that holds config.json.`,
      {
        field: 'modelFolder',
        value: folder,
      },
    );
  }
  const manifest = await readManifest(root);
  const checks = await checkListedFiles(root, manifest);
  const failure = failedCheckError(root, checks);
  if (failure) throw failure;
  const knownSums = new Map(checks.map((check) => [path.join(root, check.path), check.sha256!]));

  const config = await readModelJson(root, 'config.json', configSchema);
  const modelType = FAMILIES[config.model_type];
  if (!modelType) {
    throw modelInvalid(
      root,
      'config.json: model_type',
      `is ${JSON.stringify(config.model_type)}; allowed: ${Object.keys(FAMILIES).join(', ')}`,
    );
  }
  const imageInput = await readImageInput(root, modelType);
  const tokenizerFile = path.join(root, 'tokenizer.json');
  await readModelJson(root, 'tokenizer.json', z.object({ model: z.object({}) }));
  const tokenizerConfigFile = path.join(root, 'tokenizer_config.json');
  const hasTokenizerConfig = (await findByteSize(tokenizerConfigFile)) !== null;
  const contextLength = await readContextLength(root, config, modelType, hasTokenizerConfig);
  const chosen = await chooseWeights(root, options.precision);
  const { image, text, combined, precision } = chosen;
  const { promptPrefix = '', lowercase = false } = manifest;
  const outputs = outputNames(modelType);

  return {
    folder: root,
    modelId: manifest.id ?? config._name_or_path ?? path.basename(root),
    revision: revisionOf([
      PIPELINE_VERSION,
      await hashWeights(chosen, knownSums),
      await sha256OfFile(tokenizerFile),
      hasTokenizerConfig ? await sha256OfFile(tokenizerConfigFile) : null,
      contextLength,
      imageInput,
      outputs,
      promptPrefix,
      // Left out where it is false, so that earlier revisions keep their name.
      ...(lowercase ? ['lowercase'] : []),
    ]),
    modelType,
    license: manifest.license ?? null,
    domains: manifest.domains ?? null,
    languages: manifest.languages ?? [],
    precision,
    image,
    text,
    combined,
    imageInput,
    tokenizerFile,
    tokenizerConfigFile: hasTokenizerConfig ? tokenizerConfigFile : null,
    contextLength,
    dimensions:
      modelType === 'clip'
        ? (config.projection_dim ?? null)
        : (config.text_config?.projection_size ?? config.vision_config?.hidden_size ?? null),
    imageOutputs: outputs.image,
    textOutputs: outputs.text,
    ...readLogits(config, manifest, modelType),
    promptPrefix,
    lowercase,
    labelPrompts: manifest.prompts?.label ?? [],
    ...(manifest.metrics ? { metrics: manifest.metrics } : {}),
  };
}

/** A pooled but unprojected output of a CLIP can have the right length and still be in another space, so only SigLIP may use it. */
function outputNames(modelType: 'clip' | 'siglip'): { image: string[]; text: string[] } {
  return modelType === 'clip'
    ? { image: ['image_embeds'], text: ['text_embeds', 'sentence_embedding'] }
    : { image: ['image_embeds', 'pooler_output'], text: ['text_embeds', 'pooler_output'] };
}

async function readContextLength(
  folder: string,
  config: ModelConfig,
  modelType: 'clip' | 'siglip',
  hasTokenizerConfig: boolean,
): Promise<number> {
  const positions = config.text_config?.max_position_embeddings ?? null;
  const tokenizerConfig = hasTokenizerConfig ? await readModelJson(folder, 'tokenizer_config.json', tokenizerConfigSchema) : {};
  const stated = tokenizerConfig.model_max_length ?? Number.POSITIVE_INFINITY;
  // Tokenizers without a limit state 1e30.
  const limit = Number.isInteger(stated) && stated >= 3 && stated <= 100_000 ? stated : null;
  if (positions !== null) return limit === null ? positions : Math.min(positions, limit);
  return limit ?? DEFAULTS[modelType].contextLength;
}

function readLogits(
  config: ModelConfig,
  manifest: ModelManifest,
  modelType: 'clip' | 'siglip',
): { logitScale: number; logitBias: number | null } {
  const logScale = config.logit_scale ?? config.logit_scale_init_value ?? DEFAULTS[modelType].logitScaleInit;
  const bias = manifest.logitBias ?? config.logit_bias ?? config.logit_bias_init_value ?? null;
  return { logitScale: manifest.logitScale ?? Math.exp(logScale), logitBias: modelType === 'siglip' ? bias : null };
}

function revisionOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
