import { badInput } from '../../errors.js';
import { readLabel } from '../../library/tags/label.js';

export const MAX_PROMPT_LENGTH = 300;
const MAX_TEMPLATE_LENGTH = 200;
/** Stands for the name in a template. */
const PLACE = '{}';

/** A description of a picture's content. @throws VitrineError BAD_USER_INPUT naming `field` */
export function readPrompt(text: string, field: string): string {
  return readLabel(text, field, MAX_PROMPT_LENGTH);
}

/** A list of prompts without repetitions (capitals do not matter). @throws VitrineError BAD_USER_INPUT naming the list or the entry */
export function readPrompts(texts: readonly string[], field: string, min: number, max: number): string[] {
  if (texts.length < min || texts.length > max) throw badInput(field, texts.length, `${min} to ${max} entries`);
  const prompts = texts.map((text, index) => readPrompt(text, `${field}[${index}]`));
  const seen = new Map<string, number>();
  for (const [index, prompt] of prompts.entries()) {
    const key = prompt.toLowerCase();
    const first = seen.get(key);
    if (first !== undefined) {
      throw badInput(
        `${field}[${index}]`,
        prompt,
        'each entry once',
        `${field}[${index}]: ${JSON.stringify(prompt)} is the same as ${field}[${first}]; each entry may be there once.`,
      );
    }
    seen.set(key, index);
  }
  return prompts;
}

/** A sentence with one `{}`. @throws VitrineError BAD_USER_INPUT naming `field` */
export function readTemplate(text: string, field: string): string {
  const template = readLabel(text, field, MAX_TEMPLATE_LENGTH);
  if (template.split(PLACE).length !== 2) {
    throw badInput(field, text, `a text with ${PLACE} once, where the label goes: "a photo of ${PLACE}"`);
  }
  return template;
}

export function readTemplates(texts: readonly string[], field: string, max: number): string[] {
  return readPrompts(texts, field, 0, max).map((text, index) => readTemplate(text, `${field}[${index}]`));
}

/** Every name in every template. */
export function fillTemplates(names: readonly string[], templates: readonly string[]): string[] {
  // As a function: `$&` in a name is text.
  return names.flatMap((name) => templates.map((template) => template.replace(PLACE, () => name)));
}

/** @throws VitrineError BAD_USER_INPUT naming `field` unless `value` is a probability above 0 and at most 1 */
export function readProbability(value: number, field: string): number {
  if (!(value > 0 && value <= 1)) throw badInput(field, value, 'a number above 0, at most 1');
  return value;
}
