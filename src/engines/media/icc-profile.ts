import { cleanText } from './text-document.js';

const MAX_LENGTH = 200;
const TAG_TABLE = 128;
const MAX_TAGS = 100;

/**
 * Name of an ICC profile, such as `sRGB IEC61966-2.1`: its `desc` tag, as `textDescriptionType` (version 2) or
 * `multiLocalizedUnicodeType` (version 4), of which the first language is taken. Never throws: what cannot be read is null.
 * Source: ICC.1:2001-04 §6.5.17, ICC.1:2022 §10.15.
 */
export function readIccName(profile: Uint8Array | undefined): string | null {
  if (!profile || profile.length < TAG_TABLE + 4) return null;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.length);
  const count = Math.min(view.getUint32(TAG_TABLE), MAX_TAGS);
  for (let index = 0; index < count; index++) {
    const entry = TAG_TABLE + 4 + index * 12;
    if (entry + 12 > profile.length) return null;
    if (signature(view, entry) !== 'desc') continue;
    const at = view.getUint32(entry + 4);
    if (at + 28 > profile.length) return null;
    const name = signature(view, at) === 'mluc' ? readUnicode(view, profile, at) : readAscii(view, profile, at);
    return name === '' ? null : name;
  }
  return null;
}

function readAscii(view: DataView, profile: Uint8Array, at: number): string {
  if (signature(view, at) !== 'desc') return '';
  const length = Math.min(view.getUint32(at + 8), MAX_LENGTH, profile.length - at - 12);
  return tidy(new TextDecoder('latin1').decode(profile.subarray(at + 12, at + 12 + length)));
}

function readUnicode(view: DataView, profile: Uint8Array, at: number): string {
  if (view.getUint32(at + 8) === 0) return '';
  const from = at + view.getUint32(at + 24);
  const length = Math.min(view.getUint32(at + 20), MAX_LENGTH * 2);
  if (from + length > profile.length) return '';
  return tidy(new TextDecoder('utf-16be').decode(profile.subarray(from, from + length)));
}

function tidy(text: string): string {
  const end = text.indexOf('\0');
  return cleanText(end < 0 ? text : text.slice(0, end)).trim();
}

function signature(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
