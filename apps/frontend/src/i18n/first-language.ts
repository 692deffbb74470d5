import { inStore } from '../browser-store.ts'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

export const languageKey = 'instandt-language'

const isLanguage = (value: string | null | undefined): value is Language => languages.some((known) => known === value)

/** What was chosen before, then what the browser asks for, then English. */
export function firstLanguage(): Language {
  // Nothing where the browser refuses its store: no page and no picture waits for a language.
  const stored = inStore((storage) => storage.getItem(languageKey))
  if (isLanguage(stored)) return stored
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => isLanguage(tag)) ?? 'en'
}
