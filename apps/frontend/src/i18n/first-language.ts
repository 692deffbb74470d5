export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

export const languageKey = 'instandt-language'

const isLanguage = (value: string | null | undefined): value is Language => languages.some((known) => known === value)

/** What was chosen before, then what the browser asks for, then English. */
export function firstLanguage(): Language {
  const stored = storedLanguage()
  if (isLanguage(stored)) return stored
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => isLanguage(tag)) ?? 'en'
}

/** Nothing, too, where the browser refuses its store: no page and no picture waits for a language. */
function storedLanguage(): string | null {
  try {
    return localStorage.getItem(languageKey)
  } catch {
    return null
  }
}
