import { en } from './en';

type Widen<T> = {
  [K in keyof T]: T[K] extends string ? string : T[K] extends (...args: infer A) => string ? (...args: A) => string : Widen<T[K]>;
};

/** What a language has to say, with the words that go into each sentence. */
export type Catalogue = Widen<typeof en>;

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

const CHOICE = 'vitrine.language';

/** The catalogue in use; loaded before anything is drawn. */
export let m: Catalogue = en;
export let language: Language = 'en';

const isLanguage = (name: string | null | undefined): name is Language =>
  name !== null && name !== undefined && Object.hasOwn(LANGUAGES, name);

export async function loadMessages(): Promise<void> {
  const chosen = localStorage.getItem(CHOICE);
  language = isLanguage(chosen) ? chosen : (navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en');
  if (language === 'de') m = (await import('./de')).de;
  document.documentElement.lang = language;
}

export function chooseLanguage(next: string): void {
  localStorage.setItem(CHOICE, next);
  location.reload();
}

export const number = (value: number): string => value.toLocaleString(language);
export const percent = (share: number): string => share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });
export const day = (date: string): string =>
  new Date(date).toLocaleDateString(language, { dateStyle: 'medium', timeZone: date.length === 10 ? 'UTC' : undefined });
export const moment = (date: string): string => new Date(date).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });

export function bytes(size: number): string {
  const step = size < 1000 ? 0 : size < 1e6 ? 1 : size < 1e9 ? 2 : 3;
  const unit = (['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const)[step] as string;
  return (size / 1000 ** step).toLocaleString(language, { style: 'unit', unit, maximumFractionDigits: step === 0 ? 0 : 1 });
}
