import { readFile } from 'node:fs/promises';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { badInput, VitrineError } from '../../errors.js';

/** Longer texts are cut before tokenizing: it bounds the work, and no token of a known vocabulary needs that many characters. */
const MAX_CHARACTERS_PER_TOKEN = 64;

export interface EncodedText {
  /** Begin and end tokens included, at most `contextLength` of them, not padded. */
  ids: number[];
  /** Tokens of the text before truncation, as far as it was read. */
  tokenCount: number;
  truncated: boolean;
}

export interface TokenizerOptions {
  tokenizerFile: string;
  tokenizerConfigFile: string | null;
  contextLength: number;
}

/**
 * One spelling for one text: NFC, control and invisible format characters removed, white space collapsed.
 * Throws BAD_USER_INPUT where nothing readable is left.
 */
export function normalizeText(text: string, field = 'text'): string {
  // ZERO WIDTH JOINER and variation selectors stay: emoji are made of them, and CLIP's vocabulary has learned such sequences.
  const clean = text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffc]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (clean === '')
    throw badInput(field, text, 'a text with at least one readable character', `${field} is empty: write at least one readable character.`);
  return clean;
}

/** Text to token ids, by the model's own tokenizer.json. */
export class TextTokenizer {
  readonly contextLength: number;
  readonly padTokenId: number;
  private readonly tokenizer: HuggingFaceTokenizer;
  /** Null where the model's tokenizer ends a text with nothing. */
  private readonly endTokenId: number | null;

  private constructor(tokenizer: HuggingFaceTokenizer, contextLength: number, endTokenId: number | null, padTokenId: number) {
    this.tokenizer = tokenizer;
    this.contextLength = contextLength;
    this.endTokenId = endTokenId;
    this.padTokenId = padTokenId;
  }

  /** Throws MODEL_INVALID where the tokenizer cannot be built or does not encode a plain word. */
  static async open(options: TokenizerOptions): Promise<TextTokenizer> {
    try {
      const json = JSON.parse(await readFile(options.tokenizerFile, 'utf8')) as Record<string, unknown>;
      const config = options.tokenizerConfigFile
        ? (JSON.parse(await readFile(options.tokenizerConfigFile, 'utf8')) as Record<string, unknown>)
        : {};
      const tokenizer = new HuggingFaceTokenizer(json, config);
      const { ids } = tokenizer.encode('a');
      if (ids.length === 0 || !ids.every(Number.isInteger)) throw new Error('it gives no tokens for the text "a"');
      const last = ids.at(-1)!;
      const endTokenId =
        tokenizer.encode('b').ids.at(-1) === last && tokenizer.encode('a', { add_special_tokens: false }).ids.at(-1) !== last ? last : null;
      return new TextTokenizer(tokenizer, options.contextLength, endTokenId, findPadTokenId(tokenizer, json, config, endTokenId ?? 0));
    } catch (cause) {
      throw new VitrineError(
        'MODEL_INVALID',
        `${options.tokenizerFile} is not a tokenizer that can be used: ${(cause as Error).message}. Fetch the model again.`,
        {
          field: 'tokenizer.json',
          cause,
        },
      );
    }
  }

  /** Encodes a text; where it is too long the end token stays last, as in CLIP's own `tokenize(…, truncate=True)`. Throws BAD_USER_INPUT. */
  encode(text: string): EncodedText {
    const clean = normalizeText(text);
    const most = this.contextLength * MAX_CHARACTERS_PER_TOKEN;
    const { ids } = this.tokenizer.encode(clean.length > most ? clean.slice(0, most).toWellFormed() : clean);
    if (ids.length <= this.contextLength) return { ids, tokenCount: ids.length, truncated: clean.length > most };
    const kept = ids.slice(0, this.contextLength);
    if (this.endTokenId !== null) kept[this.contextLength - 1] = this.endTokenId;
    return { ids: kept, tokenCount: ids.length, truncated: true };
  }
}

/** The pad token by tokenizer.json, then tokenizer_config.json; without either, the end token, as CLIP's own tokenizer config has it. */
function findPadTokenId(
  tokenizer: HuggingFaceTokenizer,
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  endTokenId: number,
): number {
  const padding = json.padding as { pad_id?: unknown } | null | undefined;
  if (Number.isInteger(padding?.pad_id)) return padding!.pad_id as number;
  const stated = config.pad_token as string | { content?: string } | null | undefined;
  const token = typeof stated === 'string' ? stated : stated?.content;
  return (token === undefined ? undefined : tokenizer.token_to_id(token)) ?? endTokenId;
}
