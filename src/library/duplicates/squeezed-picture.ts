import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../engines/media/model-input.js';

/** A picture squeezed to `side` × `side`, 8-bit sRGB, three bytes a pixel, by the decoders. */
export async function squeezedPicture(
  media: Pick<MediaAnalyzer, 'preprocess'>,
  filePath: string,
  fileName: string,
  side: number,
): Promise<Uint8Array> {
  const input: ImageInputSpec = {
    ...{ width: side, height: side, centerCrop: false, resample: 'bilinear', rescaleFactor: 1 },
    ...{ resize: { mode: 'exact', width: side, height: side }, mean: [0, 0, 0], std: [1, 1, 1] },
  };
  const planes = await media.preprocess(filePath, input, fileName);
  const area = side * side;
  const data = new Uint8Array(area * 3);
  for (let channel = 0; channel < 3; channel++) for (let i = 0; i < area; i++) data[i * 3 + channel] = planes[channel * area + i]!;
  return data;
}
