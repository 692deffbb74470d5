import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import de from './de.json'
import en from './en.json'
import { inStore } from '../browser-store.ts'
import { firstLanguage, type Language, languageKey, languages } from './first-language.ts'

export { type Language, languages }

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
  }
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
  inStore((storage) => storage.setItem(languageKey, language))
  await i18next.changeLanguage(language)
}
