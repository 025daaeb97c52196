import { createHash } from 'node:crypto';
import { badInput } from '../../errors.js';
import { checkRecipe, type RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import { findPreset, RENDITION_PRESETS } from './presets.js';

/** Counted up by hand whenever the same recipe begins to give other pixels, so that what is stored under the old name is made anew. */
const RENDERER = 1;

/** Edges of pictures outside the presets: enough for every layout, too few for anybody to fill a disk with sizes. */
export const EDGE_LADDER_PX = [
  64, 96, 128, 192, 256, 320, 384, 480, 512, 640, 768, 960, 1024, 1280, 1600, 1920, 2048, 2560, 3200, 3840, 4096,
];
export const QUALITY_LADDER = [50, 60, 70, 80, 90, 100];

/**
 * A rendition as it is named: one of the presets, or sizes of a caller's own, with the focal point of the file's row; or exactly as this
 * program has found it to serve.
 */
export type RecipeChoice = { preset: string } | { recipe: Omit<RenditionRecipe, 'focalPoint'> } | { exact: RenditionRecipe };

export interface RecipeInput {
  preset?: string | null;
  recipe?: {
    width: number;
    height: number;
    fit: RenditionRecipe['fit'];
    format: RenditionRecipe['format'];
    quality: number;
    background?: string | null;
  } | null;
}

/** @throws VitrineError BAD_USER_INPUT naming the field: an unknown preset, both or neither, a size that is not on the ladder */
export function readRecipe({ preset, recipe }: RecipeInput, path: string): RecipeChoice {
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  if ((preset == null) === (recipe == null)) {
    throw badInput(at('preset'), preset ?? null, 'either preset or recipe', `${at('preset')}: give either a preset or a recipe.`);
  }
  if (preset != null) {
    if (findPreset(preset) === null)
      throw badInput(
        at('preset'),
        preset,
        RENDITION_PRESETS.map(({ key }) => key),
      );
    return { preset };
  }
  const { width, height, fit, format, quality, background } = recipe as NonNullable<RecipeInput['recipe']>;
  for (const [field, value] of Object.entries({ width, height })) {
    if (!EDGE_LADDER_PX.includes(value)) throw badInput(at(`recipe.${field}`), value, EDGE_LADDER_PX.map(String));
  }
  if (!QUALITY_LADDER.includes(quality)) throw badInput(at('recipe.quality'), quality, QUALITY_LADDER.map(String));
  const own = {
    ...{ width, height, fit, format, quality, background: background?.toLowerCase() ?? null },
    ...{ colorSpace: 'SRGB' as const, densityDpi: null },
  };
  checkRecipe({ ...own, focalPoint: null }, at('recipe'));
  return { recipe: own };
}

export function recipeOf(choice: RecipeChoice, focalPoint: RenditionRecipe['focalPoint']): RenditionRecipe {
  if ('exact' in choice) return choice.exact;
  const recipe = 'preset' in choice ? findPreset(choice.preset)?.recipe : choice.recipe;
  if (recipe === undefined) throw badInput('preset', (choice as { preset: string }).preset, 'a preset of this version');
  // The focal point says nothing where nothing is cut away; leaving it out keeps one picture under one name.
  return { ...recipe, focalPoint: recipe.fit === 'COVER' ? focalPoint : null };
}

/** Name of the picture that a recipe makes from a content: the same recipe always has the same. */
export function recipeKey(recipe: RenditionRecipe): string {
  const { width, height, fit, format, quality, background, colorSpace, densityDpi, focalPoint, embedProfile } = recipe;
  const content: unknown[] = [
    RENDERER,
    width,
    height,
    fit,
    format,
    quality,
    background,
    colorSpace,
    densityDpi,
    focalPoint?.x,
    focalPoint?.y,
  ];
  // Added where it says something, so that what was made before it keeps its name.
  if (embedProfile) content.push('profile');
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
}
