import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VitrineError } from '../../errors.js';
import { rasterizeSvg } from '../../engines/media/rasterize-svg.js';
import type { SampleBrand } from './brand.types.js';
import { SAMPLE_BRANDS } from './brands.js';
import { createRandom } from './random.js';
import { drawSample } from './sample-drawing.js';
import type { PlannedAsset } from './sample.types.js';
import { planBrand } from './sample-plan.js';

export interface SampleLibraryOptions {
  /** 20260101 unless told. */
  seed?: number;
  /** With it, one licence per brand ends fourteen days after this moment; without it nothing depends on the date. */
  now?: Date;
  onProgress?: (progress: { done: number; total: number; file: string }) => void;
}

/** What was written. `assets` is the number of asset files; the three JSON files come on top. */
export interface SampleLibrary {
  folder: string;
  seed: number;
  assets: number;
  byteSize: number;
  manifestFile: string;
  brandsFile: string;
  truthFile: string;
}

/** Drawing waits for one core at a time inside sharp; three files at once keep both cores busy. */
const PARALLEL_FILES = 3;

/**
 * Draws the sample library into `folder` (made if missing): asset files in a folder per brand and kind, `brands.json`, `truth.json` and, as the
 * last file, `manifest.jsonl`. The same seed gives the same bytes. Throws STORAGE_UNAVAILABLE where the folder cannot be written.
 */
export async function writeSampleLibrary(folder: string, options: SampleLibraryOptions = {}): Promise<SampleLibrary> {
  const seed = options.seed ?? 20260101;
  const plan = SAMPLE_BRANDS.flatMap((brand, i) => planBrand(brand, createRandom(seed * 2 + i), options.now));
  let byteSize = 0;
  let done = 0;
  const queue = [...plan];
  const work = async (): Promise<void> => {
    for (let asset = queue.shift(); asset; asset = queue.shift()) {
      const bytes = await renderSample(asset);
      await write(join(folder, asset.file), bytes);
      byteSize += bytes.length;
      done += 1;
      options.onProgress?.({ done, total: plan.length, file: asset.file });
    }
  };
  // After a failure the others stop too, and nothing is still being written when the caller hears of it.
  const stopOnFailure = (error: unknown): never => {
    queue.length = 0;
    throw error;
  };
  const outcomes = await Promise.allSettled(Array.from({ length: PARALLEL_FILES }, () => work().catch(stopOnFailure)));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
  const library: SampleLibrary = {
    folder,
    seed,
    assets: plan.length,
    byteSize,
    manifestFile: join(folder, 'manifest.jsonl'),
    brandsFile: join(folder, 'brands.json'),
    truthFile: join(folder, 'truth.json'),
  };
  const files = plan.map(describeTruth);
  await write(library.brandsFile, `${JSON.stringify({ brands: SAMPLE_BRANDS.map(describeBrand) }, null, 2)}\n`);
  await write(library.truthFile, `${JSON.stringify({ seed, now: options.now?.toISOString() ?? null, files }, null, 1)}\n`);
  await write(library.manifestFile, plan.map((asset) => `${JSON.stringify(describeManifest(asset))}\n`).join(''));
  return library;
}

async function renderSample(asset: PlannedAsset): Promise<Buffer> {
  if (asset.format === 'md') return Buffer.from(asset.brand.document.text);
  const svg = drawSample(asset);
  if (asset.format === 'svg') return Buffer.from(`${svg}\n`);
  return rasterizeSvg(svg, {
    width: asset.width!,
    height: asset.height!,
    format: asset.format === 'jpg' ? 'jpeg' : asset.format,
    quality: asset.kind === 'PHOTO' ? 80 : 90,
  });
}

async function write(file: string, content: Buffer | string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VitrineError('STORAGE_UNAVAILABLE', `The sample library cannot be written: ${reason}. Choose a folder you may write to.`, {
      field: 'folder',
      value: file,
      cause,
    });
  }
}

/** A line of manifest.jsonl; `brand` is a brand's key in brands.json. */
function describeManifest({
  file,
  externalId,
  title,
  altText,
  description,
  brand,
  tags,
  collection,
  rights,
  metadata,
}: PlannedAsset): object {
  return { file, externalId, title, altText, description, brand: brand.key, tags, collection, rights, metadata };
}

function describeTruth({ file, externalId, brand, kind, format, width, height, subject, violations, expected }: PlannedAsset): object {
  return {
    file,
    externalId,
    brand: brand.key,
    kind,
    format,
    width,
    height,
    layout: subject.layout,
    objects: subject.objects.map((item) => item.object),
    colours: subject.objects.map((item) => item.colour),
    background: subject.background,
    violations,
    expected,
  };
}

/** A brand as a guideline file has it. */
function describeBrand({ key, name, palette, guideline }: SampleBrand): object {
  return { key, name, palette: palette.map((color) => ({ name: color.name, hex: color.hex })), guidelines: [guideline] };
}
