import { translateBmp } from './bmp.js';
import { translateRaw } from './camera-raw.js';
import { translateIco } from './ico.js';
import { translateJp2 } from './jpeg-2000.js';
import { translateJxl } from './jpeg-xl.js';
import { translatePsd } from './psd.js';
import type { PictureToTranslate, TranslatedPicture } from './translated-picture.js';

export type MediaKind = 'IMAGE' | 'DOCUMENT' | 'VIDEO';

/** A type of file that is accepted: all that is particular to it but its reader. */
export interface FileType {
  mediaType: string;
  /** Usual one, without the dot. */
  extension: string;
  kind: MediaKind;
  /** Who looks into it: see READINGS in analysis.ts. */
  reading: 'PICTURE' | 'PDF' | 'FILM' | 'OFFICE' | 'TEXT';
  /** What people call it. */
  name: string;
  /** Extensions that files of this type have by right. */
  names: readonly string[];
  /** Whether a file keeps the extension that it has by right: then it says more than the type. */
  keepsName?: true;
  /** Other media types that detection tells its content by. */
  aliases?: readonly string[];
  /** Of a picture that libvips does not read. Throws VitrineError, or Error with the reason where it is damaged. */
  translate?: (picture: PictureToTranslate) => Promise<TranslatedPicture>;
}

const picture = (name: string, names: string[], more: Partial<FileType> = {}): FileType => {
  return { mediaType: `image/${name.toLowerCase()}`, extension: names[0]!, kind: 'IMAGE', reading: 'PICTURE', name, names, ...more };
};
const film = (name: string, names: string[], more: Partial<FileType> = {}): FileType => {
  return { mediaType: `video/${name.toLowerCase()}`, extension: names[0]!, kind: 'VIDEO', reading: 'FILM', name, names, ...more };
};
const document = (name: string, names: string[], reading: FileType['reading'], mediaType: string): FileType => {
  return { mediaType, extension: names[0]!, kind: 'DOCUMENT', reading, name, names };
};

const heifNames = ['heic', 'heif', 'hif'];
const rawNames = ['cr2', 'cr3', 'nef', 'nrw', 'arw', 'dng', 'raf', 'orf', 'rw2', 'pef', 'srw', '3fr', 'iiq', 'raw'];
export const CAMERA_RAW = 'image/x-raw';
export const SVG = 'image/svg+xml';
export const PDF = 'application/pdf';
/** These two are told apart by their names alone. */
export const PLAIN_TEXT = document('plain text (.txt)', ['txt', 'text'], 'TEXT', 'text/plain');
export const MARKDOWN = document('Markdown (.md)', ['md', 'markdown'], 'TEXT', 'text/markdown');

/** Every type that is accepted and shows by its content what it is. */
const TYPES: readonly FileType[] = [
  picture('PNG', ['png', 'apng'], { aliases: ['image/apng'] }),
  picture('JPEG', ['jpg', 'jpeg', 'jpe', 'jfif']),
  picture('WebP', ['webp']),
  picture('GIF', ['gif']),
  picture('AVIF', ['avif', 'avifs']),
  picture('HEIC', heifNames),
  picture('HEIF', heifNames, { extension: 'heif' }),
  picture('TIFF', ['tif', 'tiff']),
  picture('SVG', ['svg'], { mediaType: SVG }),
  picture('PSD', ['psd', 'psb', 'pdd'], { mediaType: 'image/vnd.adobe.photoshop', translate: translatePsd }),
  picture('BMP', ['bmp', 'dib', 'rle'], { translate: translateBmp }),
  picture('ICO', ['ico', 'cur'], { mediaType: 'image/vnd.microsoft.icon', aliases: ['image/x-icon'], translate: translateIco }),
  picture('JPEG XL', ['jxl'], { mediaType: 'image/jxl', translate: translateJxl }),
  picture('JPEG 2000', ['jp2', 'j2k', 'j2c', 'jpc', 'jpf', 'jpx'], {
    ...{ mediaType: 'image/jp2', aliases: ['image/jpx', 'image/jpm', 'image/j2c'], translate: translateJp2 },
  }),
  picture('camera raw (CR2, CR3, NEF, ARW, DNG, RAF, ORF, RW2 and more)', rawNames, {
    ...{ mediaType: CAMERA_RAW, extension: 'raw', keepsName: true, translate: translateRaw },
    aliases: [
      'x-canon-cr2',
      'x-canon-cr3',
      'x-nikon-nef',
      'x-sony-arw',
      'x-adobe-dng',
      'x-fujifilm-raf',
      'x-olympus-orf',
      'x-panasonic-rw2',
    ].map((name) => `image/${name}`),
  }),
  // Illustrator's own files are PDFs.
  document('PDF', ['pdf', 'ai'], 'PDF', PDF),
  document('DOCX', ['docx'], 'OFFICE', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
  document('PPTX', ['pptx'], 'OFFICE', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'),
  document('XLSX', ['xlsx'], 'OFFICE', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'),
  document('ODT', ['odt'], 'OFFICE', 'application/vnd.oasis.opendocument.text'),
  document('ODS', ['ods'], 'OFFICE', 'application/vnd.oasis.opendocument.spreadsheet'),
  document('ODP', ['odp'], 'OFFICE', 'application/vnd.oasis.opendocument.presentation'),
  document('ODG', ['odg'], 'OFFICE', 'application/vnd.oasis.opendocument.graphics'),
  film('MP4', ['mp4', 'm4v']),
  film('M4V', ['m4v', 'mp4'], { mediaType: 'video/x-m4v' }),
  film('MOV', ['mov', 'qt'], { mediaType: 'video/quicktime' }),
  film('WebM', ['webm']),
  film('MKV', ['mkv'], { mediaType: 'video/matroska' }),
  film('MKV', ['mkv'], { mediaType: 'video/x-matroska' }),
];

const byContent = new Map(
  TYPES.flatMap((type) => [type.mediaType, ...(type.aliases ?? [])].map((mediaType) => [mediaType, type] as const)),
);
const allNames = [...new Set(TYPES.map(({ name }) => name))];

/** In words. */
export const ACCEPTED = `${[...allNames, PLAIN_TEXT.name].join(', ')} and ${MARKDOWN.name}`;
/** By extension, who would look into what a name promises: names of one sort are easily taken for each other. */
export const readingOfName: ReadonlyMap<string, FileType['reading']> = new Map(
  TYPES.flatMap(({ reading, names }) => names.map((name) => [name, reading] as const)),
);

/** By extension, what content files of that name may have by right. */
export const mediaTypesOfName: ReadonlyMap<string, readonly string[]> = new Map(
  [...readingOfName.keys()].map((name) => [name, TYPES.filter(({ names }) => names.includes(name)).map(({ mediaType }) => mediaType)]),
);

/** The accepted type whose content is called so. */
export function fileTypeNamed(mediaType: string): FileType | undefined {
  return byContent.get(mediaType);
}
