import path from 'node:path';
import { z } from 'zod';
import type { ImageInputSpec } from '../media/model-input.js';
import { findByteSize, modelFileMissing, modelInvalid, readModelJson } from './model-file.js';

const side = z.int().min(1).max(4096);
const size = z.union([side, z.object({ shortest_edge: side }), z.object({ height: side, width: side })]);
const triple = z.tuple([z.number(), z.number(), z.number()]);

const preprocessorSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  size: size.nullish(),
  resample: z.int().nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: size.nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  do_pad: z.boolean().nullish(),
});
type PreprocessorConfig = z.infer<typeof preprocessorSchema>;

/** What transformers takes where the file is silent: its CLIPImageProcessor and SiglipImageProcessor. */
const DEFAULTS = {
  clip: {
    size: { shortest_edge: 224 },
    centerCrop: true,
    mean: [0.48145466, 0.4578275, 0.40821073] as [number, number, number],
    std: [0.26862954, 0.26130258, 0.27577711] as [number, number, number],
  },
  siglip: {
    size: { height: 224, width: 224 },
    centerCrop: false,
    mean: [0.5, 0.5, 0.5] as [number, number, number],
    std: [0.5, 0.5, 0.5] as [number, number, number],
  },
};

/** Long side over short side from which a centre crop would show too little: what banners say stands at their ends (docs/decisions/0050). */
const LETTERBOX_BEYOND = 2.5;

/** PIL's resampling numbers, as preprocessor_config.json writes them. */
const RESAMPLE: Record<number, ImageInputSpec['resample']> = { 0: 'nearest', 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' };

/**
 * Reads preprocessor_config.json (or the `image_processor` of processor_config.json, where transformers 5 puts it) as the
 * input that the image encoder wants. Throws MODEL_NOT_FOUND or MODEL_INVALID with the key.
 */
export async function readImageInput(folder: string, modelType: 'clip' | 'siglip'): Promise<ImageInputSpec> {
  const name = 'preprocessor_config.json';
  if ((await findByteSize(path.join(folder, name))) !== null) {
    return toImageInput(folder, name, await readModelJson(folder, name, preprocessorSchema), modelType);
  }
  const combined = 'processor_config.json';
  if ((await findByteSize(path.join(folder, combined))) === null) throw modelFileMissing(folder, name);
  const processor = await readModelJson(folder, combined, z.object({ image_processor: preprocessorSchema }));
  return toImageInput(folder, combined, processor.image_processor, modelType);
}

function toImageInput(folder: string, file: string, config: PreprocessorConfig, modelType: 'clip' | 'siglip'): ImageInputSpec {
  const wrong = (key: string, problem: string) => modelInvalid(folder, `${file}: ${key}`, problem);
  const defaults = DEFAULTS[modelType];
  if (config.do_pad) throw wrong('do_pad', 'asks for padded pictures; only resize and centre crop are supported');
  if (config.do_resize === false) throw wrong('do_resize', 'is false; pictures of any size cannot be fed to the encoder unresized');
  const centerCrop = config.do_center_crop ?? defaults.centerCrop;
  const wanted = config.size ?? defaults.size;
  const resample = RESAMPLE[config.resample ?? 3];
  if (!resample) throw wrong('resample', `is ${config.resample}; allowed: 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic)`);
  // Old exports write one number: the shortest edge where a crop follows, a square where none does.
  const resize: ImageInputSpec['resize'] =
    typeof wanted === 'number'
      ? centerCrop
        ? { mode: 'shortest-edge', size: wanted }
        : { mode: 'exact', width: wanted, height: wanted }
      : 'shortest_edge' in wanted
        ? { mode: 'shortest-edge', size: wanted.shortest_edge }
        : { mode: 'exact', width: wanted.width, height: wanted.height };
  const target = centerCrop ? (config.crop_size ?? wanted) : wanted;
  if (!centerCrop && resize.mode === 'shortest-edge') {
    throw wrong('size', 'gives only the shortest edge and do_center_crop is false, so pictures would come out in different shapes');
  }
  const [width, height] =
    typeof target === 'number'
      ? [target, target]
      : 'shortest_edge' in target
        ? [target.shortest_edge, target.shortest_edge]
        : [target.width, target.height];
  const resized = resize.mode === 'exact' ? resize : { width: resize.size, height: resize.size };
  if (resized.width < width || resized.height < height) {
    throw wrong('crop_size', `(${width} x ${height}) is larger than the resized picture (${resized.width} x ${resized.height})`);
  }
  const normalizes = config.do_normalize ?? true;
  const std = normalizes ? (config.image_std ?? defaults.std) : ([1, 1, 1] as [number, number, number]);
  if (std.some((value) => value <= 0)) throw wrong('image_std', `is [${std.join(', ')}]; every value must be above 0`);
  return {
    width,
    height,
    resize,
    centerCrop,
    resample,
    ...(centerCrop && resize.mode === 'shortest-edge' && { letterboxBeyond: LETTERBOX_BEYOND }),
    mean: normalizes ? (config.image_mean ?? defaults.mean) : [0, 0, 0],
    std,
    rescaleFactor: (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : 1,
  };
}
