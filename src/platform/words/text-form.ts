// Soft hyphens, zero-width and direction-changing characters. Joiners (U+200C, U+200D) stay: emoji and Persian words are made with them.
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;
/** A joiner joins something only between two visible characters. */
const IDLE_JOINER = /(?<![\p{L}\p{M}\p{S}\p{Emoji_Modifier}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{S}])/gu;

/** The one form of a text from outside: NFC, without what nobody sees, so that two texts that look alike are alike. Not trimmed. */
export function normalText(text: string): string {
  return text.replace(INVISIBLE, '').replace(IDLE_JOINER, '').normalize('NFC');
}
