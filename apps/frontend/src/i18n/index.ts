import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import de from './de.json'
import en from './en.json'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

const storageKey = 'instandt-language'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
  }
}

const isLanguage = (value: string | null | undefined): value is Language => languages.some((known) => known === value)

/** What was chosen before, then what the browser asks for, then English. */
function firstLanguage(): Language {
  const stored = localStorage.getItem(storageKey)
  if (isLanguage(stored)) return stored
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => isLanguage(tag)) ?? 'en'
}

/** Both catalogues come with the program: switching needs no network and no waiting. */
export async function startI18n(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
  })
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, de: { translation: de } },
    lng: firstLanguage(),
    fallbackLng: 'en',
    // React escapes already.
    interpolation: { escapeValue: false },
  })
}

export async function setLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language)
  await i18next.changeLanguage(language)
}
