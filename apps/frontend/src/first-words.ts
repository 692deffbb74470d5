import { firstLanguage, type Language } from './i18n/first-language.ts'

/** From the catalogues, which are too large for the first program; vite.config.ts puts them here. */
declare const __FIRST_WORDS__: Record<Language, Record<'page' | 'viewer', string>>

/** Stands in the page until the program draws it; global.css shows it only once that takes a while. */
export function sayLoading(what: 'page' | 'viewer'): void {
  const root = document.getElementById('root')
  if (!root || root.childElementCount > 0) return
  const words = document.createElement('p')
  words.className = 'first-words appears-late'
  words.role = 'status'
  words.textContent = __FIRST_WORDS__[firstLanguage()][what]
  root.append(words)
}
