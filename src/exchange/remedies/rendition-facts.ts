import type { FactSubstitute } from '../../judging/rules/rule-module.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import { geometryOf, type RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import type { RemedySource } from './remedy.queries.js';

/** A declared text, as shares (0 to 1) of the picture, and the colour as it was spelled. */
export interface TextBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
  color: string | null;
}

/** Texts that `metadata.textBoxes` declares; null where it is absent or cannot be read. */
export function readTextBoxes(metadata: Readonly<Record<string, unknown>>): TextBox[] | null {
  const { textBoxes } = metadata;
  if (typeof textBoxes !== 'string') return null;
  const boxes = textBoxes
    .replace(/^[; ]+|[; ]+$/g, '')
    .split(/\s*;\s*/)
    .map((box) => {
      const [x, y, width, height, color = null] = box.trim().split(/\s+/);
      const [left, top, across, down] = [x, y, width, height].map(Number) as [number, number, number, number];
      return { left, top, right: left + across, bottom: top + down, color };
    });
  return boxes.every(({ right, bottom }) => right <= 2 && bottom <= 2) ? boxes : null;
}

/** Where declared texts stand in a rendition, and how many of them it cuts off, wholly or in part. */
export function textBoxesIn(boxes: readonly TextBox[], source: RemedySource, recipe: RenditionRecipe): { boxes: TextBox[]; cut: number } {
  const { crop, picture, canvas } = geometryOf(source, isVector(source), recipe);
  const offset = { x: Math.floor((canvas.width - picture.width) / 2), y: Math.floor((canvas.height - picture.height) / 2) };
  const across = (share: number) => (((share * source.width - crop.left) / crop.width) * picture.width + offset.x) / canvas.width;
  const down = (share: number) => (((share * source.height - crop.top) / crop.height) * picture.height + offset.y) / canvas.height;
  // Half a pixel: crops begin at whole ones.
  const slack = { x: 0.5 / canvas.width, y: 0.5 / canvas.height };
  const clip = (share: number) => Math.min(1, Math.max(0, share));
  let cut = 0;
  const moved = boxes.flatMap(({ left, top, right, bottom, color }) => {
    const whole = { left: across(left), top: down(top), right: across(right), bottom: down(bottom) };
    if (whole.left < -slack.x || whole.top < -slack.y || whole.right > 1 + slack.x || whole.bottom > 1 + slack.y) cut++;
    const box = { left: clip(whole.left), top: clip(whole.top), right: clip(whole.right), bottom: clip(whole.bottom), color };
    return box.right - box.left > 1e-6 && box.bottom - box.top > 1e-6 ? [box] : [];
  });
  return { boxes: moved, cut };
}

/** The asset as its rendition would be, for judging. */
export function substituteOf(
  source: RemedySource,
  recipe: RenditionRecipe,
  facts: MediaFacts,
): { substitute: FactSubstitute; cutTexts: number } {
  const declared = readTextBoxes(source.metadata);
  const { boxes, cut } = textBoxesIn(declared ?? [], source, recipe);
  const { textBoxes: _textBoxes, ...metadata } = source.metadata;
  const spelled = boxes.map(({ left, top, right, bottom, color }) =>
    [...[left, top, right - left, bottom - top].map((share) => share.toFixed(6)), ...(color === null ? [] : [color])].join(' '),
  );
  const substitute: FactSubstitute = {
    assetId: source.asset_id,
    versionId: source.id,
    asset: {
      kind: facts.kind,
      media_type: facts.mediaType,
      byte_size: facts.byteSize,
      width: facts.width,
      height: facts.height,
      ...(declared !== null && { metadata: { ...metadata, ...(spelled.length > 0 && { textBoxes: spelled.join('; ') }) } }),
    },
    version: {
      has_alpha: facts.hasAlpha,
      color_space: facts.colorSpace,
      bit_depth: facts.bitDepth,
      has_icc_profile: facts.hasIccProfile,
      icc_profile: facts.iccProfile,
      sharpness: facts.sharpness,
      exposure: facts.exposure,
      shadow_share: facts.shadowShare,
      highlight_share: facts.highlightShare,
      luminance_grid: facts.luminanceGrid && `\\x${Buffer.from(facts.luminanceGrid).toString('hex')}`,
    },
  };
  return { substitute, cutTexts: cut };
}

export function isVector({ media_type }: Pick<RemedySource, 'media_type'>): boolean {
  return media_type === 'image/svg+xml';
}
